"""Meetings as plain values, for the tests of pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rooms.meeting import (
    Authority,
    Consent,
    Gathering,
    Invitation,
    Kind,
    Meeting,
    MeetingStatus,
    Participant,
    ParticipantStatus,
    Party,
    Patient,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def meeting(**values: Any) -> Meeting:
    usual = Meeting(
        id="m",
        room="room",
        type="planning",
        status=MeetingStatus.OPEN,
        organisation="nordvik",
        organisation_name="Nordviks kommun",
        phone="0980-31 92 10",
        patient=Patient("Gunnar", "Edlund", "1:x", b""),
        place="Norrfällsviken",
        purpose="Varför vi träffas",
        consent=Consent.ORAL,
        starts_at=NOW,
        ends_at=NOW + timedelta(minutes=45),
        planned_by="anna",
        created_at=NOW - timedelta(days=1),
        started_at=NOW,
    )
    return replace(usual, **values)


def invitation(person: str, authority: Authority = Authority.GUEST, **values: Any) -> Invitation:
    usual = Invitation(
        id=f"i-{person}",
        meeting="m",
        kind=Kind.CALLED,
        name=f"{person.title()} Lund",
        role="Arbetsterapeut",
        organisation="Nordviks kommun",
        party=Party.KOMMUN,
        relation="",
        authority=authority,
        created_at=NOW,
        expires_at=NOW + timedelta(hours=4),
        number_hash="1:y",
        number_sealed=b"",
        person=person,
        token_hash=f"t-{person}",
    )
    return replace(usual, **values)


def participant(person: str, status: ParticipantStatus, **values: Any) -> Participant:
    usual = Participant(
        id=f"p-{person}",
        meeting="m",
        invitation=f"i-{person}",
        person=person,
        name=f"{person.title()} Lund",
        given_name=person.title(),
        method="bankid",
        status=status,
        session=f"s-{person}",
        waiting_since=NOW,
        seen_at=NOW,
        identity=f"id-{person}",
    )
    return replace(usual, **values)


def gathering(*people: tuple[str, Authority, ParticipantStatus | None], **values: Any) -> Gathering:
    """people: (name, authority, status or None where they have not come)."""
    return Gathering(
        meeting(**values),
        tuple(invitation(name, authority) for name, authority, _ in people),
        tuple(participant(name, status) for name, _, status in people if status is not None),
    )
