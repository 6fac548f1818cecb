"""One meeting's records as a picture: a row for each seat, with when somebody waited, was in the room, lost the
network or was refused.

Pure: records in, rows out; drawing and words belong to the page. Nothing is shown here that the records do not say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from audit.events import Actor, Event, EventType, Reason, Record

LOST = frozenset({Reason.CONNECTION_LOST, Reason.NOT_FOUND})
CHOSEN = frozenset(
    {
        Reason.LEFT,
        Reason.LOGGED_OUT,
        Reason.OTHER_DEVICE,
        Reason.NEVER_CAME,
        Reason.BY_LEADER,
        Reason.REMOVED,
        Reason.INVITATION_REVOKED,
        Reason.MEETING_ENDED,
        Reason.ROOM_FINISHED,
        Reason.CLIENT_INITIATED,
        Reason.DUPLICATE_IDENTITY,
        Reason.PARTICIPANT_REMOVED,
        Reason.ROOM_DELETED,
        Reason.ROOM_CLOSED,
        Reason.USER_REJECTED,
    }
)
"""Reasons for leaving that somebody chose. Every other is a lost connection: those in LOST, and what the media server
says beside these."""
MILESTONES = (EventType.MEETING_STARTED, EventType.MEETING_ENDED)
REFUSED = (EventType.INVITATION_REFUSED, EventType.PARTICIPANT_REFUSED)


class IntervalKind(StrEnum):
    """What a stretch of a row says. DROPPED: the connection was lost; of no length if the person never came back."""

    WAITING = "waiting"
    IN_ROOM = "in_room"
    WEAK_NETWORK = "weak_network"
    DROPPED = "dropped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Interval:
    """start, end: aware UTC, the same for something that happened at a point. reason: a word from the code."""

    kind: IntervalKind
    start: datetime
    end: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One seat. name: the seat's or the person's, empty for an unknown person; invited: whose link an outsider used.
    representation: the code's word where somebody speaks for the person, or interprets.
    """

    key: str
    name: str
    role: str
    relation: str
    organisation: str
    method: str
    home: bool
    invited: str
    intervals: tuple[Interval, ...]
    representation: str = ""

    def total(self, *kinds: IntervalKind) -> timedelta:
        return sum((one.end - one.start for one in self.intervals if one.kind in kinds), timedelta())

    @property
    def in_room(self) -> timedelta:
        """Time in the room, with a weak network too; not the time a connection was lost."""
        return self.total(IntervalKind.IN_ROOM, IntervalKind.WEAK_NETWORK)

    @property
    def waited(self) -> timedelta:
        return self.total(IntervalKind.WAITING)

    @property
    def weak_network(self) -> timedelta:
        return self.total(IntervalKind.WEAK_NETWORK)

    @property
    def dropped(self) -> timedelta:
        return self.total(IntervalKind.DROPPED)

    @property
    def drops(self) -> int:
        """How often the connection was lost."""
        return sum(one.kind is IntervalKind.DROPPED for one in self.intervals)

    @property
    def refused(self) -> str | None:
        """Why the person was refused the last time, "" without a reason; None if never."""
        reasons = [one.reason for one in self.intervals if one.kind is IntervalKind.REFUSED]
        return reasons[-1] if reasons else None


@dataclass(frozen=True, slots=True)
class Milestone:
    """An event of the whole meeting, drawn on its ground line."""

    time: datetime
    type: EventType
    record: Record


@dataclass(frozen=True, slots=True)
class Timeline:
    """start, end: what the picture must span. Rows: the home first, then by first appearance, outsiders last."""

    start: datetime
    end: datetime
    rows: tuple[Row, ...]
    milestones: tuple[Milestone, ...]


@dataclass(slots=True)
class _Seat:
    key: str
    name: str = ""
    role: str = ""
    relation: str = ""
    organisation: str = ""
    method: str = ""
    home: bool = False
    invited: str = ""
    representation: str = ""
    intervals: list[Interval] = field(default_factory=list)
    open: IntervalKind | None = None
    since: datetime | None = None
    reason: str = ""

    def turn(self, kind: IntervalKind | None, at: datetime, reason: str = "") -> None:
        """End what goes on, and begin `kind`."""
        if self.open is not None and self.since is not None:
            # Clocks of two nodes differ a little: an interval never ends before it begins.
            self.intervals.append(Interval(self.open, self.since, max(at, self.since), self.reason))
        self.open, self.since, self.reason = kind, at, reason

    def mark(self, at: datetime, reason: str) -> None:
        self.intervals.append(Interval(IntervalKind.REFUSED, at, at, reason))

    def describe(self, event: Event, who: Actor | None) -> None:
        details = event.details
        if who is not None:
            self.name = self.name if self.home else who.name
            self.role, self.organisation = who.role or self.role, who.organisation or self.organisation
            self.method = who.method or self.method
        if details.get("home"):
            self.home, self.name = True, str(details.get("seat") or self.name)
        self.relation = str(details.get("relation") or self.relation)
        self.representation = str(details.get("representation") or self.representation)
        self.invited = str(details.get("invited") or self.invited)

    def row(self) -> Row:
        ordered = tuple(sorted(self.intervals, key=lambda one: one.start))
        return Row(
            self.key,
            self.name,
            self.role,
            self.relation,
            self.organisation,
            self.method,
            self.home,
            self.invited,
            ordered,
            self.representation,
        )


def timeline(records: Iterable[Record], now: datetime) -> Timeline | None:
    """The picture of one meeting's records, in any order; None if there is nothing to draw. What still goes on ends at
    `now`."""
    seats: dict[str, _Seat] = {}
    milestones: list[Milestone] = []
    times: list[datetime] = []
    for record in sorted(records, key=lambda one: one.seq):
        event = record.event
        if event is None:
            continue
        if record.type in MILESTONES:
            milestones.append(Milestone(record.time, record.type, record))
            times.append(record.time)
        elif record.type in _STEPS or record.type in REFUSED:
            _place(seats, record, event)
            times.append(record.time)
    if not times:
        return None
    goes_on = any(seat.open not in (None, IntervalKind.DROPPED) for seat in seats.values())
    end = max(now, *times) if goes_on else max(times)
    for seat in seats.values():
        # Who never came back dropped at that moment; how long they were away nobody knows.
        dropped_for_good = seat.open is IntervalKind.DROPPED and seat.since is not None
        seat.turn(None, seat.since if dropped_for_good and seat.since else end)
    rows = sorted((seat.row() for seat in seats.values() if seat.intervals), key=_order)
    return Timeline(min(times), end, tuple(rows), tuple(milestones))


def _place(seats: dict[str, _Seat], record: Record, event: Event) -> None:
    who = event.subject or event.actor
    reason = str(event.details.get("reason") or "")
    if record.type in REFUSED:
        link = event.details.get("invitation") or event.details.get("participant") or ""
        key = f"refused:{link}:{who.person if who else ''}"
        seat = seats.setdefault(key, _Seat(key))
        seat.describe(event, who)
        seat.mark(record.time, reason)
        return
    key = str(event.details.get("participant") or (who.person if who else ""))
    if not key:
        return
    seat = seats.setdefault(key, _Seat(key))
    seat.describe(event, who)
    _STEPS[record.type](seat, record.time, reason)


def _entered(seat: _Seat, at: datetime, _: str) -> None:
    seat.turn(IntervalKind.WAITING, at)


def _ended_waiting(seat: _Seat, at: datetime, _: str) -> None:
    if seat.open is IntervalKind.WAITING:
        seat.turn(None, at)


def _denied(seat: _Seat, at: datetime, reason: str) -> None:
    if reason != Reason.NOT_YET:
        seat.turn(None, at)
        seat.mark(at, reason)


def _joined(seat: _Seat, at: datetime, _: str) -> None:
    seat.turn(IntervalKind.IN_ROOM, at)


def _left(seat: _Seat, at: datetime, reason: str) -> None:
    if seat.open in (IntervalKind.IN_ROOM, IntervalKind.WEAK_NETWORK):
        seat.turn(None if reason in CHOSEN else IntervalKind.DROPPED, at, reason)
    elif reason in CHOSEN and seat.open is IntervalKind.DROPPED and seat.since is not None:
        seat.turn(None, seat.since)
    elif seat.open is IntervalKind.WAITING:
        seat.turn(None, at)


def _removed(seat: _Seat, at: datetime, _: str) -> None:
    if seat.open is not None:
        seat.turn(None, at)


def _weak(seat: _Seat, at: datetime, _: str) -> None:
    if seat.open is IntervalKind.IN_ROOM:
        seat.turn(IntervalKind.WEAK_NETWORK, at)


def _restored(seat: _Seat, at: datetime, _: str) -> None:
    if seat.open is IntervalKind.WEAK_NETWORK:
        seat.turn(IntervalKind.IN_ROOM, at)


_STEPS = {
    EventType.LOBBY_ENTERED: _entered,
    EventType.LOBBY_LEFT: _ended_waiting,
    EventType.PARTICIPANT_ADMITTED: _ended_waiting,
    EventType.PARTICIPANT_DENIED: _denied,
    EventType.PARTICIPANT_JOINED: _joined,
    EventType.PARTICIPANT_LEFT: _left,
    EventType.PARTICIPANT_REMOVED: _removed,
    EventType.PARTICIPANT_NETWORK_WEAK: _weak,
    EventType.PARTICIPANT_NETWORK_RESTORED: _restored,
}


def _order(row: Row) -> tuple[bool, bool, datetime]:
    outsider = all(one.kind is IntervalKind.REFUSED for one in row.intervals)
    return outsider, not row.home, row.intervals[0].start
