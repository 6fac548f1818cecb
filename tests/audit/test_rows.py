"""What an entry is found by."""

from datetime import UTC, datetime

from audit.events import Actor, Event, EventType, Reason
from audit.rows import READINGS, REFUSALS, SearchKeys, answered_not_yet, is_refusal, moment, search_keys


def test_everybody_named_can_be_searched_for() -> None:
    event = Event(
        EventType.PARTICIPANT_ADMITTED,
        Actor("anna", "Anna Sjödin"),
        "o1",
        "m1",
        Actor("per", "Per\0 WIKLUND"),
        {"person": "Gunnar Edlund", "invited": "Karin", "seat": "Hemma hos Gunnar", "reason": "not a name"},
    )
    names = "anna sjödin\nper wiklund\ngunnar edlund\nkarin\nhemma hos gunnar"
    assert search_keys(event) == SearchKeys("o1", "m1", "anna", "per", names)


def test_an_event_that_names_nobody_has_no_keys() -> None:
    assert search_keys(Event(EventType.IDENTIFICATION_STARTED)) == SearchKeys()


def test_a_time_that_is_none_is_the_beginning_of_time() -> None:
    assert moment("2026-11-24T09:00:00.000001Z") == datetime(2026, 11, 24, 9, 0, 0, 1, tzinfo=UTC)
    assert moment("nonsense") == moment("") == datetime.min.replace(tzinfo=UTC)


def test_the_named_types_exist() -> None:
    assert {EventType(name) for name in (*READINGS, *REFUSALS)} == {
        EventType.AUDIT_READ,
        EventType.AUDIT_EXPORTED,
        EventType.INVITATION_REFUSED,
        EventType.PARTICIPANT_REFUSED,
        EventType.PARTICIPANT_DENIED,
    }


def test_not_yet_is_an_answer_and_no_refusal() -> None:
    not_yet = Event(EventType.PARTICIPANT_DENIED, details={"reason": "not_yet"})
    denied = Event(EventType.PARTICIPANT_DENIED, details={"reason": Reason.DENIED})
    assert [answered_not_yet(not_yet), is_refusal(not_yet)] == [True, False]
    assert [answered_not_yet(denied), is_refusal(denied)] == [False, True]
    assert not is_refusal(Event(EventType.PARTICIPANT_REMOVED))
