"""What a planner may write: bounds and rules of the fields, each fault named in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auth.fields import Faults as FieldFaults
from auth.identity_number import IdentityNumber
from auth.phone_number import InvalidPhoneNumber, PhoneNumber
from rooms.meeting import MEETING_TYPES, Consent, HomePerson, Kind, Party, Representation

MOST_INVITATIONS = 50
MOST_AT_HOME = 10
NAME = 100
LINE = 200
PURPOSE = 1000
LONGEST_MEETING = timedelta(hours=8)
STAFF = (Party.KOMMUN, Party.REGION)
SHORTEST_MEETING = timedelta(minutes=5)
FURTHEST = timedelta(days=400)
USUAL_LENGTH = timedelta(minutes=45)


@dataclass(frozen=True, slots=True)
class InvitationDraft:
    """One person to call or invite, as written by the planner. identity_number is text until checked."""

    name: str
    identity_number: str = field(repr=False)
    kind: str = "invited"
    role: str = ""
    organisation: str = ""
    party: str = "other"
    relation: str = ""
    co_host: bool = False
    host: bool = False
    phone: str = field(default="", repr=False)
    sms_reason: str = ""
    representation: str = "none"


@dataclass(frozen=True, slots=True)
class MeetingDraft:
    """A meeting to plan. start_now: begins at once; times may then be left out.

    sole_guardian: as of a `rooms.meeting.Meeting`.
    """

    type: str
    given_name: str
    surname: str
    identity_number: str = field(repr=False)
    place: str
    purpose: str
    consent: str | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    invitations: tuple[InvitationDraft, ...] = ()
    start_now: bool = False
    sole_guardian: bool = False


@dataclass(frozen=True, slots=True)
class MeetingChange:
    """New values of a planned meeting; None leaves the old."""

    type: str | None = None
    place: str | None = None
    purpose: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    sole_guardian: bool | None = None


@dataclass(frozen=True, slots=True)
class CheckedInvitation:
    name: str
    number: IdentityNumber
    kind: Kind
    role: str
    organisation: str
    party: Party
    relation: str
    co_host: bool
    host: bool
    phone: PhoneNumber | None = None
    sms_reason: str = ""
    representation: Representation = Representation.NONE


@dataclass(frozen=True, slots=True)
class CheckedMeeting:
    type: str
    given_name: str
    surname: str
    number: IdentityNumber
    place: str
    purpose: str
    consent: Consent
    starts_at: datetime
    ends_at: datetime
    invitations: tuple[CheckedInvitation, ...]


class Faults(FieldFaults):
    """What can be wrong with a meeting."""

    def kind_of_meeting(self, text: str) -> str:
        if text not in MEETING_TYPES:
            self.add("type", "Välj vad det är för möte.", "Choose what kind of meeting it is.")
        return text

    def times(self, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
        if starts_at < now - timedelta(minutes=15):
            self.add("starts_at", "Tiden har redan varit. Välj en senare.", "That time has passed. Choose a later one.")
        elif starts_at > now + FURTHEST:
            self.add(
                "starts_at",
                "Tiden är mer än ett år bort. Välj en tidigare.",
                "That is more than a year away. Choose an earlier time.",
            )
        if ends_at - starts_at < SHORTEST_MEETING:
            self.add(
                "ends_at",
                "Mötet behöver sluta minst fem minuter efter att det börjar.",
                "The meeting must end at least five minutes after it begins.",
            )
        elif ends_at - starts_at > LONGEST_MEETING:
            self.add(
                "ends_at",
                "Ett möte kan vara högst åtta timmar. Välj en tidigare sluttid.",
                "A meeting can last eight hours at most. Choose an earlier end.",
            )


def check_meeting(draft: MeetingDraft, now: datetime) -> CheckedMeeting:
    """The draft with every field in its type. Raises InvalidFields naming each fault."""
    faults = Faults()
    kind = faults.kind_of_meeting(draft.type)
    given_name = faults.line("person.given_name", draft.given_name, NAME)
    surname = faults.line("person.surname", draft.surname, NAME)
    number = faults.number("person.identity_number", draft.identity_number)
    place = faults.line("place", draft.place, LINE)
    purpose = faults.line("purpose", draft.purpose, PURPOSE, lines=True)
    consent = Consent(draft.consent) if draft.consent in tuple(Consent) else None
    if consent is None:
        faults.add(
            "consent",
            "Svara på om personen har sagt ja till mötet. Utan ett ja kan vi inte kalla till det.",
            "Say whether the person has agreed to the meeting. Without a yes nobody can be called to it.",
        )
    starts_at = draft.starts_at or (now if draft.start_now else None)
    ends_at = draft.ends_at or (starts_at + USUAL_LENGTH if starts_at and draft.start_now else None)
    if starts_at is None:
        faults.add("starts_at", "Skriv när mötet börjar.", "Say when the meeting begins.")
    elif ends_at is None:
        faults.add("ends_at", "Skriv när mötet slutar.", "Say when the meeting ends.")
    else:
        faults.times(starts_at, ends_at, now)
    invitations = _check_invitations(draft.invitations, faults)
    faults.stop()
    assert number is not None and consent is not None and starts_at is not None and ends_at is not None  # noqa: PT018
    return CheckedMeeting(kind, given_name, surname, number, place, purpose, consent, starts_at, ends_at, invitations)


def check_invitation(draft: InvitationDraft) -> CheckedInvitation:
    """One more invitation to a meeting. Raises InvalidFields with the bare field names."""
    faults = Faults()
    checked = _check_invitation(draft, "", faults)
    faults.stop()
    assert checked is not None
    return checked


def check_home(people: Sequence[HomePerson]) -> tuple[HomePerson, ...]:
    """Who sits in the home. Raises InvalidFields."""
    faults = Faults()
    if len(people) > MOST_AT_HOME:
        faults.add(
            "people",
            "Skriv högst {limit} personer.",
            "Write at most {limit} people.",
            limit=str(MOST_AT_HOME),
        )
    checked = tuple(
        HomePerson(
            faults.line(f"people.{at}.name", person.name, NAME),
            faults.line(f"people.{at}.relation", person.relation, NAME, needed=False),
        )
        for at, person in enumerate(people[:MOST_AT_HOME])
    )
    faults.stop()
    return checked


def _check_invitations(drafts: Sequence[InvitationDraft], faults: Faults) -> tuple[CheckedInvitation, ...]:
    if len(drafts) > MOST_INVITATIONS:
        faults.add(
            "invitations",
            "Ett möte kan ha högst {limit} inbjudna. Ta bort någon.",
            "A meeting can have at most {limit} invited people. Remove someone.",
            limit=str(MOST_INVITATIONS),
        )
        return ()
    checked = [_check_invitation(draft, f"invitations.{at}.", faults) for at, draft in enumerate(drafts)]
    if sum(draft.host for draft in drafts) > 1:
        faults.add("invitations", "Bara en kan leda mötet. Välj vem.", "Only one can lead the meeting. Choose who.")
    numbers: set[str] = set()
    for at, item in enumerate(checked):
        if item is None:
            continue
        if item.number.reveal() in numbers:
            faults.add(
                f"invitations.{at}.identity_number",
                "Personen är redan inbjuden till mötet.",
                "This person is already invited to the meeting.",
            )
        numbers.add(item.number.reveal())
    return tuple(item for item in checked if item is not None)


def _check_invitation(draft: InvitationDraft, prefix: str, faults: Faults) -> CheckedInvitation | None:
    name = faults.line(f"{prefix}name", draft.name, NAME)
    number = faults.number(f"{prefix}identity_number", draft.identity_number)
    role = faults.line(f"{prefix}role", draft.role, NAME, needed=False)
    organisation = faults.line(f"{prefix}organisation", draft.organisation, LINE, needed=False)
    relation = faults.line(f"{prefix}relation", draft.relation, NAME, needed=False)
    if draft.kind not in tuple(Kind):
        faults.add(f"{prefix}kind", "Välj kallad eller inbjuden.", "Choose called or invited.")
        return None
    if draft.party not in tuple(Party):
        faults.add(
            f"{prefix}party",
            "Välj kommun, region, hemma eller annan.",
            "Choose municipality, region, home or other.",
        )
        return None
    if draft.representation not in tuple(Representation):
        faults.add(
            f"{prefix}representation",
            "Välj vårdnadshavare, god man, förvaltare, tolk eller ingen.",
            "Choose guardian, god man, trustee, interpreter or none.",
        )
        return None
    phone, sms_reason = _check_sms(draft, prefix, faults)
    if number is None:
        return None
    kind, party = Kind(draft.kind), Party(draft.party)
    return CheckedInvitation(
        name,
        number,
        kind,
        role,
        organisation,
        party,
        relation,
        draft.co_host,
        draft.host,
        phone,
        sms_reason,
        Representation(draft.representation),
    )


def _check_sms(draft: InvitationDraft, prefix: str, faults: Faults) -> tuple[PhoneNumber | None, str]:
    """A telephone for a code is an exception that says why, and never for one who leads."""
    if not draft.phone.strip() and not draft.sms_reason.strip():
        return None, ""
    phone = None
    try:
        phone = PhoneNumber.parse(draft.phone.strip())
    except InvalidPhoneNumber:
        faults.add(
            f"{prefix}phone",
            "Skriv ett svenskt mobilnummer, till exempel 070-174 06 05.",
            "Write a Swedish mobile number, for example 070-174 06 05.",
        )
    if draft.host or draft.co_host:
        faults.add(
            f"{prefix}phone",
            "Den som leder mötet behöver e-legitimation.",
            "Whoever leads the meeting needs an e-identification.",
        )
    elif draft.party in STAFF:
        faults.add(
            f"{prefix}phone",
            "Personal behöver e-legitimation.",
            "Staff need an e-identification.",
        )
    if not draft.sms_reason.strip():
        faults.add(
            f"{prefix}sms_reason",
            "Skriv varför personen inte kan visa e-legitimation.",
            "Say why the person cannot show e-identification.",
        )
        return phone, ""
    return phone, faults.line(f"{prefix}sms_reason", draft.sms_reason, LINE)
