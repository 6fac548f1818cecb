"""The timeline: the meeting of the drawn example, and the ways a seat can begin and end."""

from datetime import UTC, datetime, timedelta

from audit.events import Actor, Event, EventType, Reason, Record
from audit.timeline import CHOSEN, LOST, IntervalKind, Timeline, timeline
from audit.timeline import Row as SeatRow

DAY = datetime(2026, 11, 24, tzinfo=UTC)
NURSE = Actor("anna", "Anna Sjödin", "Distriktssköterska", "Nordviks kommun", "bankid")


def at(clock: str) -> datetime:
    hours, minutes = clock.split(".")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


class Records:
    def __init__(self) -> None:
        self.all: list[Record] = []

    def add(self, clock: str, kind: EventType, who: Actor | None = None, **details: str | bool) -> None:
        event = Event(kind, NURSE if kind is EventType.PARTICIPANT_ADMITTED else who, "o1", "m1", who, details)
        self.all.append(Record(len(self.all), at(clock), kind, event))

    def seat(self, person: str, *steps: tuple[str, EventType] | tuple[str, EventType, str], **details: str) -> None:
        who = Actor(person, person.title(), details.pop("role", ""), method="bankid")
        for clock, kind, *reason in steps:
            reasons = {"reason": reason[0]} if reason else {}
            self.add(clock, kind, who, participant=f"seat-{person}", **details, **reasons)

    def drawn(self, now: str = "12.00") -> Timeline:
        found = timeline(self.all, at(now))
        assert found is not None
        return found


def spans(row: SeatRow) -> list[tuple[str, str, str]]:
    return [(one.kind.value, f"{one.start:%H.%M}", f"{one.end:%H.%M}") for one in row.intervals]


def minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


ENTERED, ADMITTED, JOINED, LEFT = (
    EventType.LOBBY_ENTERED,
    EventType.PARTICIPANT_ADMITTED,
    EventType.PARTICIPANT_JOINED,
    EventType.PARTICIPANT_LEFT,
)


def test_the_drawn_meeting() -> None:
    records = Records()
    stranger = Actor("x", "Someone Else", method="bankid")
    records.add("09.49", EventType.INVITATION_REFUSED, stranger, reason="wrong_person", invited="Per Wiklund")
    records.seat("karin", ("09.51", ENTERED), relation="Dotter", representation="god_man")
    records.seat("leila", ("09.51", ENTERED), role="Fast vårdkontakt")
    records.add("09.54", EventType.MEETING_STARTED, NURSE)
    records.add("09.54", JOINED, NURSE, participant="seat-anna", home=True, seat="Hemma hos Gunnar")
    records.seat("leila", ("09.58", ADMITTED), ("09.58", JOINED))
    records.seat("karin", ("10.02", ADMITTED), ("10.02", JOINED))
    weak, restored = EventType.PARTICIPANT_NETWORK_WEAK, EventType.PARTICIPANT_NETWORK_RESTORED
    records.seat("anna", ("10.21", weak), ("10.23", restored))
    records.seat("karin", ("10.29", LEFT, "connection_lost"), ("10.31", JOINED))
    records.seat("leila", ("10.46", LEFT, "client_initiated"))
    records.add("10.47", EventType.MEETING_ENDED, NURSE)
    records.seat("karin", ("10.47", LEFT, "meeting_ended"))
    records.seat("anna", ("10.47", LEFT, "meeting_ended"))

    found = records.drawn()
    assert (found.start, found.end) == (at("09.49"), at("10.47"))
    assert [one.type for one in found.milestones] == [EventType.MEETING_STARTED, EventType.MEETING_ENDED]
    home, karin, leila, unknown = found.rows
    assert home.home
    assert home.name == "Hemma hos Gunnar"
    assert spans(home) == [
        ("in_room", "09.54", "10.21"),
        ("weak_network", "10.21", "10.23"),
        ("in_room", "10.23", "10.47"),
    ]
    assert (minutes(home.in_room), minutes(home.weak_network)) == (53, 2)
    assert spans(leila) == [("waiting", "09.51", "09.58"), ("in_room", "09.58", "10.46")]
    assert (minutes(leila.in_room), minutes(leila.waited), leila.role) == (48, 7, "Fast vårdkontakt")
    assert spans(karin) == [
        ("waiting", "09.51", "10.02"),
        ("in_room", "10.02", "10.29"),
        ("dropped", "10.29", "10.31"),
        ("in_room", "10.31", "10.47"),
    ]
    assert (minutes(karin.in_room), minutes(karin.dropped), karin.drops) == (43, 2, 1)
    assert (karin.relation, karin.representation, karin.method) == ("Dotter", "god_man", "bankid")
    assert unknown.invited == "Per Wiklund"
    assert unknown.refused == "wrong_person"
    assert home.refused is None


def test_who_never_came_back_dropped_at_one_moment() -> None:
    records = Records()
    records.seat("karin", ("10.00", JOINED), ("10.10", LEFT, "connection_timeout"))
    assert spans(records.drawn().rows[0]) == [("in_room", "10.00", "10.10"), ("dropped", "10.10", "10.10")]
    records.seat("karin", ("10.30", LEFT, "meeting_ended"))
    row = records.drawn().rows[0]
    assert spans(row) == [("in_room", "10.00", "10.10"), ("dropped", "10.10", "10.10")]


def test_a_second_lost_connection_adds_nothing_to_the_first() -> None:
    records = Records()
    records.seat("karin", ("10.00", JOINED), ("10.10", LEFT, "connection_lost"), ("10.11", LEFT, "connection_lost"))
    assert spans(records.drawn().rows[0]) == [("in_room", "10.00", "10.10"), ("dropped", "10.10", "10.10")]


def test_what_goes_on_ends_now() -> None:
    records = Records()
    records.seat("karin", ("10.00", ENTERED))
    records.seat("per", ("10.05", JOINED))
    found = records.drawn("10.20")
    assert spans(found.rows[0]) == [("waiting", "10.00", "10.20")]
    assert spans(found.rows[1]) == [("in_room", "10.05", "10.20")]
    assert found.end == at("10.20")


def test_not_yet_keeps_waiting_and_denied_does_not() -> None:
    records = Records()
    denied = EventType.PARTICIPANT_DENIED
    records.seat("karin", ("10.00", ENTERED), ("10.02", denied, "not_yet"), ("10.05", denied, "denied"))
    row = records.drawn().rows[0]
    assert spans(row) == [("waiting", "10.00", "10.05"), ("refused", "10.05", "10.05")]
    assert row.refused == "denied"


def test_removed_leaves_the_room_for_good() -> None:
    records = Records()
    records.seat(
        "karin",
        ("10.00", JOINED),
        ("10.05", EventType.PARTICIPANT_REMOVED, "by_leader"),
        ("10.05", LEFT, "participant_removed"),
    )
    assert spans(records.drawn().rows[0]) == [("in_room", "10.00", "10.05")]


def test_another_device_takes_over_without_a_drop() -> None:
    records = Records()
    records.seat(
        "karin", ("10.00", JOINED), ("10.05", LEFT, "other_device"), ("10.06", JOINED), ("10.09", LEFT, "left")
    )
    row = records.drawn().rows[0]
    assert spans(row) == [("in_room", "10.00", "10.05"), ("in_room", "10.06", "10.09")]
    assert row.drops == 0


def test_leaving_the_lobby_ends_waiting() -> None:
    records = Records()
    records.seat("karin", ("10.00", ENTERED), ("10.05", EventType.LOBBY_LEFT, "left"))
    records.seat("per", ("10.00", ENTERED), ("10.06", LEFT, "never_came"))
    assert [spans(row) for row in records.drawn().rows] == [
        [("waiting", "10.00", "10.05")],
        [("waiting", "10.00", "10.06")],
    ]


def test_clocks_that_differ_make_no_negative_time() -> None:
    records = Records()
    records.seat("karin", ("10.00", JOINED), ("09.59", LEFT, "left"))
    row = records.drawn().rows[0]
    assert row.total(*IntervalKind) == timedelta()


def test_nothing_to_draw() -> None:
    assert timeline([], DAY) is None
    erased = Record(0, DAY, EventType.LOBBY_ENTERED, None)
    read = Record(1, DAY, EventType.AUDIT_READ, Event(EventType.AUDIT_READ))
    nobody = Record(2, DAY, EventType.LOBBY_ENTERED, Event(EventType.LOBBY_ENTERED))
    assert timeline([erased, read], DAY) is None
    found = timeline([nobody], DAY)
    assert found is not None
    assert found.rows == ()


def test_a_logout_is_no_lost_network() -> None:
    records = Records()
    records.seat("karin", ("10.00", JOINED), ("10.10", LEFT, "logged_out"))
    assert spans(records.drawn().rows[0]) == [("in_room", "10.00", "10.10")]


def test_every_reason_of_leaving_has_its_side() -> None:
    names = [name.value for name in Reason]
    elsewhere = names[: names.index("left")] + names[names.index("by_host") :]
    assert {*CHOSEN, *LOST} == {*names} - {*elsewhere} | {Reason.LOGGED_OUT}
    assert not CHOSEN & LOST
