"""Every record has words, in both languages."""

from datetime import UTC, datetime

import pytest

from audit.events import Actor, Event, EventType, Record
from signaling.i18n import translations
from signaling.pages import log_words

ANNA = Actor("a", "Anna Sjödin", "Distriktssköterska", "Nordviks kommun", "bankid")
KARIN = Actor("k", "Karin Edlund")


def record(kind: EventType, **details: str) -> Record:
    return Record(1, datetime(2026, 11, 24, 9, 0, tzinfo=UTC), kind, Event(kind, ANNA, subject=KARIN, details=details))


@pytest.mark.parametrize("kind", EventType)
def test_no_event_is_shown_by_its_code(kind: EventType) -> None:
    swedish = log_words.happened(record(kind), translations("sv").gettext)
    english = log_words.happened(record(kind), translations("en").gettext)
    assert swedish != kind.value
    assert english not in (kind.value, swedish)
    assert "%(" not in swedish


def test_who_did_what_to_whom_and_why() -> None:
    say = translations("sv").gettext
    assert log_words.happened(record(EventType.PARTICIPANT_ADMITTED), say) == "Släppte in Karin Edlund"
    refused = record(EventType.INVITATION_REFUSED, reason="wrong person", invited="Per Wiklund")
    assert log_words.happened(refused, say) == "Inbjudan öppnades inte: personen är inte den som bjöds in"
    assert log_words.who(refused, say) == "Anna Sjödin, distriktssköterska, med länken till Per Wiklund"


def test_an_erased_record_says_so() -> None:
    say = translations("sv").gettext
    erased = Record(1, datetime(2026, 11, 24, tzinfo=UTC), EventType.MEETING_STARTED, None)
    assert log_words.happened(erased, say) == "Innehållet är gallrat"
    assert log_words.who(erased, say) == ""
