"""When a meeting's doors open and shut, told from the clock and from who sits in the room. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from audit.events import Reason
from rooms.meeting import Gathering, Meeting, MeetingStatus, Participant, ParticipantStatus

WAITING_ROOM_BEFORE = timedelta(minutes=15)
START_BEFORE = timedelta(hours=2)
"""The nurse may be early at the door; a meeting of another day is not started by mistake."""
START_AFTER = timedelta(hours=4)
"""Long after its end a meeting that never began is planned anew instead."""
HOST_GRACE = timedelta(seconds=120)
EMPTY_LIMIT = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
LINK_MARGIN = timedelta(hours=4)
MOST_INSIDE = 20
LOBBY_GRACE = timedelta(seconds=30)
"""How long a waiting person's page may be silent before they count as gone; nobody is put out for waiting long."""
SEAT_GRACE = timedelta(minutes=2)
"""How long someone let in may take to reach the media room before the seat counts as left."""


class HostPresence(StrEnum):
    """EXPECTED: the host has not been in the room yet. AWAY: dropped, within the grace. GONE: longer than that."""

    EXPECTED = "expected"
    PRESENT = "present"
    AWAY = "away"
    GONE = "gone"


class EndReason(StrEnum):
    BY_HOST = Reason.BY_HOST
    EMPTY = Reason.EMPTY
    TOO_LONG = Reason.TOO_LONG


def waiting_room_opens_at(meeting: Meeting) -> datetime:
    return meeting.starts_at - WAITING_ROOM_BEFORE


def waiting_room_open(meeting: Meeting, now: datetime) -> bool:
    """Open from 15 minutes before the start, or from when the meeting was started, until it has ended."""
    if meeting.status is MeetingStatus.OPEN:
        return True
    return meeting.status is MeetingStatus.PLANNED and now >= waiting_room_opens_at(meeting)


def may_start(meeting: Meeting, now: datetime) -> bool:
    return meeting.starts_at - START_BEFORE <= now <= meeting.ends_at + START_AFTER


def link_expires_at(ends_at: datetime) -> datetime:
    return ends_at + LINK_MARGIN


def lobby_open(gathering: Gathering) -> bool:
    """Somebody can be let in only while the host or a co-host is in the room to answer for it."""
    return gathering.meeting.status is MeetingStatus.OPEN and bool(gathering.leaders_inside())


def host_presence(gathering: Gathering, now: datetime) -> HostPresence:
    if gathering.host_inside:
        return HostPresence.PRESENT
    away_since = gathering.meeting.host_away_since
    if away_since is None:
        return HostPresence.EXPECTED
    return HostPresence.AWAY if now - away_since < HOST_GRACE else HostPresence.GONE


def room_empty(gathering: Gathering) -> bool:
    return not any(item.status is ParticipantStatus.IN_ROOM for item in gathering.participants)


def settled(before: Gathering, after: Gathering, now: datetime) -> Gathering:
    """`after` with the meeting's two clocks set: since when the host is away, since when the room is empty."""
    meeting = after.meeting
    if meeting.status is not MeetingStatus.OPEN:
        return after
    away = meeting.host_away_since
    if after.host_inside:
        away = None
    elif before.host_inside:
        away = now
    empty = (meeting.empty_since or now) if room_empty(after) else None
    return after.changed(replace(meeting, host_away_since=away, empty_since=empty))


def ends_now(meeting: Meeting, now: datetime) -> EndReason | None:
    """Why an open meeting shall end by itself now, if it shall. Someone waiting alone does not keep a room open."""
    if meeting.status is not MeetingStatus.OPEN:
        return None
    if meeting.started_at is not None and now - meeting.started_at >= LONGEST:
        return EndReason.TOO_LONG
    # A meeting started early is kept until its planned start, however empty the room is.
    since = None if meeting.empty_since is None else max(meeting.empty_since, meeting.starts_at)
    return EndReason.EMPTY if since is not None and now - since >= EMPTY_LIMIT else None


def gone_from_lobby(participant: Participant, now: datetime, watching_since: datetime) -> bool:
    """watching_since: when this server began to see signs of life; a restart must not empty the lobby."""
    silent = now - max(participant.seen_at, watching_since)
    return participant.status is ParticipantStatus.WAITING and silent >= LOBBY_GRACE


def never_sat_down(participant: Participant, now: datetime, watching_since: datetime) -> bool:
    last = max(participant.seen_at, participant.admitted_at or participant.seen_at, watching_since)
    return participant.status is ParticipantStatus.ADMITTED and now - last >= SEAT_GRACE


def announced(meeting: Meeting) -> Meeting:
    return replace(meeting, lobby_announced=True)
