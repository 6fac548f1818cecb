"""Every record has words, in both languages."""

from datetime import UTC, datetime

import pytest
from livekit.protocol.models import DisconnectReason

from audit.events import Actor, Event, EventType, Reason, Record
from audit.timeline import CHOSEN
from rooms.meeting import Representation
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


def test_as_whom_somebody_came() -> None:
    say = translations("sv").gettext
    admitted = record(EventType.PARTICIPANT_ADMITTED, representation="god_man", relation="Granne")
    assert log_words.happened(admitted, say) == "Släppte in Karin Edlund, god man"
    assert log_words.who(admitted, say) == "Anna Sjödin, distriktssköterska"  # not of her who let in
    details = {"representation": "guardian", "relation": "Mor"}
    entered = Event(EventType.LOBBY_ENTERED, KARIN, details=details)
    own = Record(1, datetime(2026, 11, 24, 9, 0, tzinfo=UTC), EventType.LOBBY_ENTERED, entered)
    assert log_words.who(own, say) == "Karin Edlund, vårdnadshavare, mor"
    assert log_words.who(own, translations("en").gettext) == "Karin Edlund, guardian, mor"


@pytest.mark.parametrize("kind", Representation)
def test_every_representation_has_words_that_are_said_once(kind: Representation) -> None:
    swedish = log_words.standing(kind.value, "", translations("sv").gettext)
    assert bool(swedish) is (kind is not Representation.NONE)
    assert log_words.standing(kind.value, swedish.lower(), translations("sv").gettext) == swedish
    assert kind is Representation.NONE or log_words.standing(kind.value, "", translations("en").gettext)


def test_an_erased_record_says_so() -> None:
    say = translations("sv").gettext
    erased = Record(1, datetime(2026, 11, 24, tzinfo=UTC), EventType.MEETING_STARTED, None)
    assert log_words.happened(erased, say) == "Innehållet är gallrat"
    assert log_words.who(erased, say) == ""


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason: Reason) -> None:
    swedish = log_words.reason_words(reason.value, translations("sv").gettext)
    english = log_words.reason_words(reason.value, translations("en").gettext)
    assert swedish
    assert english not in ("", swedish, reason.value)


@pytest.mark.parametrize("reason", DisconnectReason.keys())
def test_whatever_the_media_server_says_of_one_who_left_is_told(reason: str) -> None:
    say = translations("sv").gettext
    told = log_words.happened(record(EventType.PARTICIPANT_LEFT, reason=reason.lower()), say)
    assert told.startswith("Lämnade mötet: ")
    assert told.endswith("tappade nätet") is (reason.lower() not in CHOSEN)


def test_not_yet_is_a_plain_line_and_a_removal_has_its_own_mark() -> None:
    say = translations("sv").gettext
    not_yet = record(EventType.PARTICIPANT_DENIED, reason="not_yet")
    assert log_words.happened(not_yet, say) == "Svarade Inte än till Karin Edlund"
    assert log_words.mark(not_yet, say) == ""
    denied = record(EventType.PARTICIPANT_DENIED, reason="denied")
    assert log_words.happened(denied, say) == "Nekade Karin Edlund: av den som leder mötet"
    assert log_words.mark(denied, say) == log_words.mark(record(EventType.INVITATION_REFUSED), say) == "Nekad"
    removed = record(EventType.PARTICIPANT_REMOVED, reason="by_leader")
    assert log_words.happened(removed, say) == "Tog ut Karin Edlund ur mötet: av den som leder mötet"
    assert log_words.mark(removed, say) == "Togs ut ur mötet"
    intruder = record(EventType.PARTICIPANT_REMOVED, reason="unknown")
    assert log_words.happened(intruder, say).endswith(": okänd i mötet")
    assert log_words.mark(Record(1, removed.time, EventType.PARTICIPANT_DENIED, None), say) == ""
