"""Events: what they accept, and that no identity number passes."""

import ast
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entries import payload_of
from audit.events import (
    LONGEST_TEXT,
    MASK,
    Actor,
    Event,
    EventType,
    Reason,
    Record,
    mask_numbers,
    read_time,
    written_time,
)


def test_every_type_has_its_meaning_and_its_own_name() -> None:
    for kind in EventType:
        assert EventType(kind.value) is kind
        assert kind.meaning.endswith(".")
        assert kind.value == kind.value.lower()
        assert "." in kind.value
    assert len({kind.meaning for kind in EventType}) == len(EventType)


@pytest.mark.parametrize(
    "number",
    [
        "191212121212",
        "19121212-1212",
        "121212-1212",
        "121212+1212",
        "19701063-2391",
        "701063-2391",
    ],
)
def test_identity_numbers_are_masked(number: str) -> None:
    assert mask_numbers(f"Tolvan Tolvansson ({number}), son") == f"Tolvan Tolvansson ({MASK}), son"


@pytest.mark.parametrize(
    "text",
    [
        "0701063239",
        "191212121213",
        "121212-1213",
        "19121312-1212",
        "0f191212121212",
        "41 207",
        "2026-11-24",
        "kl. 10.03-10.08",
    ],
)
def test_other_numbers_are_left(text: str) -> None:
    assert mask_numbers(text) == text


def test_an_event_masks_names_and_details() -> None:
    actor = Actor("p1", "Tolvan 121212-1212", "son 121212-1212", "o 121212-1212")
    event = Event(EventType.LOBBY_ENTERED, actor, subject=actor, details={"reason": "191212121212", "count": 3})
    masked = event.masked()
    assert "1212" not in repr(masked)
    assert masked.details["count"] == 3
    assert masked.masked() == masked


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(ValueError, match="float"):
        Event(EventType.AUDIT_READ, details={"seconds": 1.5})  # type: ignore[dict-item]  # the point of the test
    with pytest.raises(ValueError, match="too long"):
        Event(EventType.AUDIT_READ, details={"reason": "x" * (LONGEST_TEXT + 1)})
    with pytest.raises(ValueError, match="too long"):
        Event(EventType.AUDIT_READ, Actor("p1", "x" * 10_000))
    with pytest.raises(ValueError, match="too long"):
        Event(EventType.AUDIT_READ, meeting="x" * 10_000)
    with pytest.raises(ValueError, match="too many"):
        Event(EventType.AUDIT_READ, details={str(number): number for number in range(41)})


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=2))), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001
def test_times_are_written_in_utc_and_read_back(moment: datetime) -> None:
    assert read_time(written_time(moment)) == moment
    assert len(written_time(moment)) == 27


def test_a_record_without_its_event_is_erased() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert Record(0, now, EventType.AUDIT_READ, None).erased
    assert not Record(0, now, EventType.AUDIT_READ, Event(EventType.AUDIT_READ)).erased


def test_no_reason_is_written_but_by_its_name() -> None:
    """What the code writes can then be told in words, and on the right side of the timeline."""
    project = Path(__file__).parents[2]
    for folder in ("rooms", "auth"):
        for path in sorted((project / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "reason":
                    texts = [one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)]
                    assert not texts, f"{path.name}:{node.value.lineno}: {texts}"


def test_a_reason_is_stored_as_its_text() -> None:
    event = Event(EventType.PARTICIPANT_LEFT, details={"reason": Reason.LOGGED_OUT})
    assert payload_of(event) == payload_of(Event(EventType.PARTICIPANT_LEFT, details={"reason": "logged_out"}))
    assert b'"reason":"logged_out"' in payload_of(event)
