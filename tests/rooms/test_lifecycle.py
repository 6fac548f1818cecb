"""When doors open and shut."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rooms import lifecycle
from rooms.lifecycle import EndReason, HostPresence
from rooms.meeting import Authority, MeetingStatus, ParticipantStatus
from tests.rooms.values import NOW, gathering, meeting, participant

PLANNED, OPEN, ENDED, CANCELLED = MeetingStatus
H, C, G = Authority
INSIDE, LEFT, WAITING, ADMITTED = (
    ParticipantStatus.IN_ROOM,
    ParticipantStatus.LEFT,
    ParticipantStatus.WAITING,
    ParticipantStatus.ADMITTED,
)


def at(**delta: float) -> datetime:
    return NOW + timedelta(**delta)


@pytest.mark.parametrize(
    ("status", "moment", "is_open"),
    [
        (PLANNED, at(minutes=-15, seconds=-1), False),
        (PLANNED, at(minutes=-15), True),
        (PLANNED, at(hours=2), True),
        (OPEN, at(hours=-2), True),
        (ENDED, NOW, False),
        (CANCELLED, NOW, False),
    ],
)
def test_the_waiting_room_opens_a_quarter_before(status: MeetingStatus, moment: datetime, is_open: bool) -> None:
    assert lifecycle.waiting_room_open(meeting(status=status), moment) is is_open


@pytest.mark.parametrize(
    ("moment", "may"),
    [(at(hours=-2, seconds=-1), False), (at(hours=-2), True), (at(hours=4, minutes=45), True), (at(hours=5), False)],
)
def test_when_a_meeting_may_start(moment: datetime, may: bool) -> None:
    assert lifecycle.may_start(meeting(), moment) is may


@pytest.mark.parametrize(
    ("host", "co_host", "status", "is_open"),
    [
        (INSIDE, None, OPEN, True),
        (LEFT, None, OPEN, False),
        (LEFT, INSIDE, OPEN, True),
        (ADMITTED, ADMITTED, OPEN, False),
        (INSIDE, None, PLANNED, False),
    ],
)
def test_the_lobby_is_open_while_a_leader_is_in_the_room(
    host: ParticipantStatus, co_host: ParticipantStatus | None, status: MeetingStatus, is_open: bool
) -> None:
    one = gathering(("anna", H, host), ("leila", C, co_host), ("karin", G, INSIDE), status=status)
    assert lifecycle.lobby_open(one) is is_open


def test_the_hosts_presence_over_time() -> None:
    assert lifecycle.host_presence(gathering(("anna", H, None)), NOW) is HostPresence.EXPECTED
    assert lifecycle.host_presence(gathering(("anna", H, INSIDE)), NOW) is HostPresence.PRESENT
    dropped = gathering(("anna", H, LEFT), host_away_since=NOW)
    assert lifecycle.host_presence(dropped, at(seconds=119)) is HostPresence.AWAY
    assert lifecycle.host_presence(dropped, at(seconds=120)) is HostPresence.GONE


def test_the_clocks_start_when_the_host_or_everybody_goes_and_stop_when_they_are_back() -> None:
    here = gathering(("anna", H, INSIDE))
    gone = lifecycle.settled(here, here.changed(participant("anna", LEFT)), at(minutes=1))
    assert gone.meeting.host_away_since == gone.meeting.empty_since == at(minutes=1)
    still = lifecycle.settled(gone, gone, at(minutes=2))
    assert still.meeting.host_away_since == still.meeting.empty_since == at(minutes=1)
    back = lifecycle.settled(still, still.changed(participant("anna", INSIDE)), at(minutes=3))
    assert back.meeting.host_away_since is back.meeting.empty_since is None


def test_a_meeting_that_is_not_open_has_no_clocks() -> None:
    one = gathering(("anna", H, None), status=PLANNED)
    assert lifecycle.settled(one, one, NOW).meeting == one.meeting


@pytest.mark.parametrize(
    ("values", "moment", "reason"),
    [
        ({"empty_since": NOW}, at(minutes=14, seconds=59), None),
        ({"empty_since": NOW}, at(minutes=15), EndReason.EMPTY),
        ({"empty_since": at(hours=-1), "started_at": at(hours=-1)}, at(minutes=14), None),
        ({"empty_since": None}, at(hours=11), None),
        ({"empty_since": None}, at(hours=12), EndReason.TOO_LONG),
        ({"empty_since": NOW, "status": PLANNED}, at(hours=20), None),
        ({"empty_since": NOW, "status": ENDED}, at(hours=20), None),
    ],
)
def test_when_a_meeting_ends_by_itself(
    values: dict[str, datetime | MeetingStatus | None], moment: datetime, reason: EndReason | None
) -> None:
    assert lifecycle.ends_now(meeting(**values), moment) is reason


def test_nobody_is_put_out_for_waiting_long_only_for_being_silent() -> None:
    one = participant("karin", WAITING, waiting_since=at(hours=-3), seen_at=NOW)
    assert not lifecycle.gone_from_lobby(one, at(seconds=29), NOW)
    assert lifecycle.gone_from_lobby(one, at(seconds=30), NOW)
    assert not lifecycle.gone_from_lobby(one, at(seconds=45), at(seconds=20)), "the server has just restarted"
    assert not lifecycle.gone_from_lobby(replace(one, status=INSIDE), at(hours=1), NOW)


def test_a_seat_is_kept_two_minutes() -> None:
    one = participant("karin", ADMITTED, admitted_at=NOW)
    assert not lifecycle.never_sat_down(one, at(seconds=119), NOW)
    assert lifecycle.never_sat_down(one, at(seconds=120), NOW)
    assert not lifecycle.never_sat_down(replace(one, status=INSIDE), at(hours=1), NOW)


def test_links_live_four_hours_past_the_end() -> None:
    assert lifecycle.link_expires_at(NOW) == at(hours=4)
    assert lifecycle.announced(meeting()).lobby_announced
