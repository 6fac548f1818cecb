"""The stored form: what is written is read back, and what was changed is not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entries import BadEntry, Entry, payload_fits, payload_of, read_envelope, read_event, read_record, seal
from audit.events import Actor, Event, EventType, mask_numbers

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SALT = bytes(32)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
actors = st.builds(Actor, texts, texts, texts, texts, texts)
details = st.dictionaries(texts, texts | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none(), max_size=5)
events = st.builds(
    Event,
    st.sampled_from(list(EventType)),
    actors | st.none(),
    texts | st.none(),
    texts | st.none(),
    actors | st.none(),
    details,
)


def sealed(event: Event) -> Entry:
    return seal(event.type, payload_of(event), seq=7, time=NOW, salt=SALT)


@given(events)
def test_an_event_is_read_back(event: Event) -> None:
    record = read_record(sealed(event))
    assert (record.seq, record.time, record.type, record.event) == (7, NOW, event.type, event.masked())
    assert record.intact


def test_the_written_form() -> None:
    """PROTOCOL.md shows this; it must never change, or old logs cannot be verified."""
    event = Event(EventType.LOBBY_ENTERED, Actor("p1", "Karin Edlund", "Dotter", "", "bankid"), "o1", "m1")
    entry = sealed(event)
    assert entry.payload == (
        b'{"actor":{"method":"bankid","name":"Karin Edlund","organisation":"","person":"p1","role":"Dotter"},'
        b'"details":{},"meeting":"m1","organisation":"o1","subject":null}'
    )
    assert entry.envelope == (
        b'{"payload":"36adaf3bd2ba7c5761acc29b22a7efd3c035e3679886383c2b730cf5d4e296ba",'
        b'"seq":7,"time":"2026-11-24T09:00:00.000000Z","type":"lobby.entered"}'
    )
    assert entry.leaf.hex() == "061c9644fedf36c79d3f70eed3369612161babac2af20784f8b77edb132b9610"


def test_the_salt_changes_the_hash() -> None:
    payload = payload_of(Event(EventType.LOBBY_ENTERED))
    one = seal(EventType.LOBBY_ENTERED, payload, seq=0, time=NOW, salt=SALT)
    other = seal(EventType.LOBBY_ENTERED, payload, seq=0, time=NOW, salt=bytes(31) + b"\x01")
    assert one.leaf != other.leaf


def test_erased_contents_leave_the_envelope() -> None:
    entry = sealed(Event(EventType.LOBBY_ENTERED, meeting="m1"))
    erased = replace(entry, salt=None, payload=None)
    assert erased.leaf == entry.leaf
    assert read_record(erased).erased
    assert not payload_fits(erased, read_envelope(erased.envelope))


def test_changed_contents_are_refused() -> None:
    entry = sealed(Event(EventType.LOBBY_ENTERED))
    for changed in (
        replace(entry, salt=b"x" * 32),
        replace(entry, payload=b"{}"),
        replace(entry, salt=None),
        replace(entry, payload=None),
    ):
        with pytest.raises(BadEntry):
            read_record(changed)


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"{}",
        b"[]",
        b'{"payload":"zz","seq":7,"time":"2026-11-24T09:00:00.000000Z","type":"lobby.entered"}',
        b'{"payload":"","seq":7,"time":"yesterday","type":"lobby.entered"}',
        b'{"payload":"","seq":7,"time":"2026-11-24T09:00:00.000000Z","type":"no.such"}',
        b'{"payload":"","seq":"7","time":"2026-11-24T09:00:00.000000Z","type":"lobby.entered"}',
        b'{"seq":7,"payload":"","time":"2026-11-24T09:00:00.000000Z","type":"lobby.entered"}',
    ],
)
def test_an_envelope_that_is_none_is_refused(envelope: bytes) -> None:
    with pytest.raises(BadEntry):
        read_envelope(envelope)


@pytest.mark.parametrize(
    "payload",
    [
        b"x",
        b"{}",
        b'{"actor":{},"details":{},"meeting":null,"organisation":null,"subject":null}',
        b'{"actor":null,"details":[],"meeting":null,"organisation":null,"subject":null}',
        b'{"actor":null,"details":{},"meeting":7,"organisation":null,"subject":null}',
    ],
)
def test_a_payload_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(BadEntry):
        read_event(EventType.LOBBY_ENTERED, payload)


@given(texts)
def test_masking_is_done_once(text: str) -> None:
    assert mask_numbers(mask_numbers(text)) == mask_numbers(text)
