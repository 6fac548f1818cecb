"""What is written in the log: the types of event, who did it, and what the log answers with.

Details hold text, whole numbers and truth values. Keys with a fixed meaning, which the timeline reads:

- ``participant``: the participant's id in the meeting (one row of the timeline); without it the subject, else the
  actor, is the row;
- ``home``: true for the seat in the person's home; ``seat``: its written name ("Hemma hos Gunnar");
- ``reason``: why somebody was refused, left or was removed, a word from the code (``wrong_person``,
  ``connection_lost``, ...);
- ``person``: the name of the person the meeting is about; ``title``: the meeting's written name;
- ``sole_guardian``: the planner states that the child has one guardian alone; ``organisations``: whom a consent is for;
  ``grounds``: of one that a leader registered;
- ``representation``: that somebody speaks for the person or interprets (``rooms.meeting.Representation``);
- ``relation``: what somebody is to the person ("Dotter"); ``invited``: the name an invitation was made out to.

Names may stand in the log, for the log is a register by law (HSLF-FS 2016:40 4:9). Identity numbers may not: they
are masked here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Self

from audit.canonical import Scalar

LONGEST_TEXT = 2_000
"""Characters in one name, role or detail. Callers bound what they take from outside; a longer one here is an error
in the code."""
LONGEST_ID = 64
MOST_DETAILS = 40
MASK = "[identity number]"

# Twelve digits with or without a separator, or ten with one. Ten bare digits are also a telephone number.
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:(\d{2})?(\d{2})(\d{2})(\d{2})[-+]|(\d{2})(\d{2})(\d{2})(\d{2}))(\d{4})(?![0-9A-Za-z])",
    re.ASCII,
)


class EventType(StrEnum):
    """Every kind of record. The written meaning stands beside each, and in PROTOCOL.md."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    IDENTIFICATION_STARTED = "identification.started", "Somebody began to identify; who it is is not known yet."
    IDENTIFICATION_COMPLETED = (
        "identification.completed",
        "A person was identified, by the method and at the level given.",
    )
    IDENTIFICATION_FAILED = "identification.failed", "An identification ended without an identity; the reason is given."
    IDENTIFICATION_CANCELLED = "identification.cancelled", "The person gave up the identification."
    SESSION_ENDED = "session.ended", "A login ended: logged out, idle, too old, or ended by somebody else."
    MEETING_PLANNED = "meeting.planned", "A meeting was planned, with the consent it rests on."
    MEETING_CHANGED = "meeting.changed", "Time, place or purpose of a planned meeting was changed."
    MEETING_READ = (
        "meeting.read",
        "Somebody who is not invited looked at the meeting by their post; once for each login.",
    )
    MEETING_STARTED = "meeting.started", "The host opened the meeting."
    MEETING_ENDED = "meeting.ended", "The meeting was ended for all, or called off before it began."
    INVITATION_CREATED = "invitation.created", "A person was called or invited and got a personal link."
    INVITATION_REVOKED = "invitation.revoked", "A personal link was made void."
    INVITATION_OPENED = "invitation.opened", "The invited person identified and opened the invitation."
    INVITATION_REFUSED = "invitation.refused", "A personal link did not open: wrong person, expired, void or unknown."
    LOBBY_ENTERED = "lobby.entered", "A person came to the lobby and waits for the host."
    LOBBY_LEFT = "lobby.left", "A person left the lobby without being let in."
    PARTICIPANT_RECOGNISED = (
        "participant.recognised",
        "A leader saw that one who came by a code is the right person; they hear the meeting from now on.",
    )
    PARTICIPANT_ADMITTED = "participant.admitted", "The host let a waiting person in."
    PARTICIPANT_DENIED = "participant.denied", "The host refused a waiting person."
    PARTICIPANT_JOINED = "participant.joined", "A participant is in the room and can see and hear."
    PARTICIPANT_LEFT = (
        "participant.left",
        "A participant is no longer in the room; the reason tells leaving from a lost connection.",
    )
    PARTICIPANT_REMOVED = "participant.removed", "The host removed a participant, who stays out."
    PARTICIPANT_REFUSED = "participant.refused", "A join was refused: a token of another browser, room or time."
    PARTICIPANT_NETWORK_WEAK = (
        "participant.network_weak",
        "A participant's network was too weak for pictures; sound went on.",
    )
    PARTICIPANT_NETWORK_RESTORED = "participant.network_restored", "A participant's network carried pictures again."
    PARTICIPANT_UNENCRYPTED = (
        "participant.unencrypted",
        "A leader let somebody take part whose browser cannot encrypt end to end; "
        "while they are in the room nobody's sound and picture is encrypted end to end.",
    )
    CONSENT_GIVEN = (
        "consent.given",
        "A guardian or representative consented to the organisations named sharing what the plan needs.",
    )
    CONSENT_REFUSED = "consent.refused", "A guardian or representative did not consent."
    CONSENT_WITHDRAWN = "consent.withdrawn", "A guardian or representative took back their consent."
    CONSENT_REGISTERED = (
        "consent.registered",
        "A leader or planner wrote down a consent that was given on paper or by word of mouth, and the grounds.",
    )
    CONSENT_RULES_CHANGED = (
        "consent.rules_changed",
        "An organisation changed whose consent a meeting about a child or a represented person needs.",
    )
    ROLE_CHANGED = "role.changed", "Somebody became host or co-host, or ceased to be."
    HOME_CHANGED = "home.changed", "The nurse named who sits in the person's home."
    AUDIT_READ = "audit.read", "Somebody read the log; what was searched for, and why."
    AUDIT_EXPORTED = "audit.exported", "Somebody took out a copy of the log."
    AUDIT_ERASED = "audit.erased", "Contents older than the date given were erased (gallring); the tree stays whole."
    MEETINGS_ERASED = (
        "meetings.erased",
        "The personal data of meetings that were over before the date given was erased (gallring).",
    )
    ORGANISATION_ADDED = "organisation.added", "A region or municipality was added."
    ORGANISATION_CHANGED = "organisation.changed", "An organisation's name, number or telephone was changed."
    UNIT_CHANGED = "unit.changed", "A unit of an organisation was added, renamed or removed."
    STAFF_ADDED = "staff.added", "A member of staff got a commission, with the permissions given."
    STAFF_CHANGED = "staff.changed", "A commission's title, unit, permissions or last day was changed."
    STAFF_ENDED = "staff.ended", "A commission ended; logins that work in it end too."
    STAFF_FILE_TRIED = (
        "staff.file_tried",
        "A file of staff was read to see what it would change: how many rows, and how many are bad.",
    )
    COMMISSION_CHOSEN = "commission.chosen", "A person with several commissions chose which one to work in."
    KEY_CHANGED = "key.changed", "A key of the installation was rotated or retired; which one, by its id."
    ASSURANCE_CHANGED = (
        "assurance.changed",
        "What identification is enough was changed, for an organisation's meetings or raised for one.",
    )


class Reason(StrEnum):
    """Why, as the detail ``reason`` says it; the stored text of each is fixed for ever.

    Beside these stand only BankID's own codes of a failed identification, `auth.oidc_errors.Failure` of one by OpenID
    Connect, and LiveKit's DisconnectReason (lower case)
    of one whose media ended: those of them that somebody chose are here, every other is a lost connection.
    """

    # A personal link that did not open.
    REFUSED = "refused"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    WRONG_PERSON = "wrong_person"
    REVOKED = "revoked"
    # A join token that was refused.
    JOIN_UNBOUND = "this token is bound to nobody"
    JOIN_WITHOUT_SEAT = "this token's holder has no seat in the meeting"
    JOIN_OF_ANOTHER_BROWSER = "this token belongs to another browser, or its session has ended"
    JOIN_OF_ANOTHER_ADDRESS = "this token belongs to another address"
    JOIN_USED_BEFORE = "this token has been used"
    # An identification without an identity, and a login that ended.
    NOT_STAFF = "not_staff"
    NUMBER_UNREADABLE = "number_unreadable"
    WRONG_CODE = "wrong_code"
    HIGH_RISK = "high_risk"
    NUMBERS_DIFFER = "numbers_differ"
    ASSURANCE = "assurance_too_low"
    ON_ANOTHER_DEVICE = "on_another_device"
    LOGGED_OUT = "logged_out"
    LOGGED_OUT_EVERYWHERE = "logged_out_everywhere"
    LOGGED_OUT_FROM_LIST = "logged_out_from_list"
    BY_ADMINISTRATOR = "by_administrator"
    IDENTIFIED_ANEW = "identified_anew"
    IDLE = "idle"
    TOO_OLD = "too_old"
    COMMISSION_ENDED = "commission_ended"
    # Let in or not.
    LEADS = "leads"
    RETURNED = "returned"
    ADMITTED = "admitted"
    NOT_YET = "not_yet"
    DENIED = "denied"
    # Out of the lobby or the room.
    LEFT = "left"
    OTHER_DEVICE = "other_device"
    NEVER_CAME = "never_came"
    BY_LEADER = "by_leader"
    REMOVED = "removed"
    INVITATION_REVOKED = "invitation_revoked"
    MEETING_ENDED = "meeting_ended"
    ROOM_FINISHED = "room_finished"
    CONNECTION_LOST = "connection_lost"
    NOT_FOUND = "not_found"
    CLIENT_INITIATED = "client_initiated"
    DUPLICATE_IDENTITY = "duplicate_identity"
    PARTICIPANT_REMOVED = "participant_removed"
    ROOM_DELETED = "room_deleted"
    ROOM_CLOSED = "room_closed"
    USER_REJECTED = "user_rejected"
    # The end of a meeting, or of an identification that somebody gave up.
    BY_HOST = "by_host"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person as the log knows one. person: `people.id`; organisation: its written name; method: how the person was
    identified."""

    person: str
    name: str
    role: str = ""
    organisation: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is about to take effect. organisation: id of the one whose log it is in; meeting: its id.

    Raises ValueError for details that cannot be stored (a fraction, a nested value, more than `LONGEST_TEXT`
    characters).
    """

    type: EventType
    actor: Actor | None = None
    organisation: str | None = None
    meeting: str | None = None
    subject: Actor | None = None
    details: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.details) > MOST_DETAILS:
            raise ValueError("too many details for one event")
        for key, value in self.details.items():
            if not isinstance(value, str | int | None):
                raise ValueError(f"detail {key!r} is {type(value).__name__}: text, whole number, truth value or None")
            _within_bounds(value)
        for actor in (self.actor, self.subject):
            for text in (actor.name, actor.role, actor.organisation, actor.method) if actor else ():
                _within_bounds(text)
        people = [actor.person for actor in (self.actor, self.subject) if actor]
        for identifier in (self.organisation, self.meeting, *people):
            _within_bounds(identifier, LONGEST_ID)

    def masked(self) -> "Event":
        """The same event with every personal identity number in names and details replaced by `MASK`."""
        details = {key: mask_numbers(value) if isinstance(value, str) else value for key, value in self.details.items()}
        return replace(self, actor=_masked(self.actor), subject=_masked(self.subject), details=details)


@dataclass(frozen=True, slots=True)
class Record:
    """A stored event. seq: its place in the log, from 0; time: aware UTC.

    event is None when the contents have been erased, or cannot be trusted: then intact is False, and the log needs a
    look by `hemmaplan audit verify`.
    """

    seq: int
    time: datetime
    type: EventType
    event: Event | None
    intact: bool = True

    @property
    def erased(self) -> bool:
        return self.event is None and self.intact


def mask_numbers(text: str) -> str:
    """`text` with everything that is a valid personnummer, samordningsnummer or a birth date with four digits
    masked."""
    return _NUMBER.sub(lambda found: MASK if _is_number(found) else found[0], text)


def _is_number(found: re.Match[str]) -> bool:
    groups: tuple[str, ...] = found.groups("")
    century, year, month, day = (groups[at] or groups[at + 4] for at in range(4))
    in_month = int(day) - 60 if int(day) > 60 else int(day)  # samordningsnummer: day + 60
    try:
        date(int((century or "20") + year), int(month), in_month)
    except ValueError:
        return False
    return _luhn(year + month + day + groups[8])


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _within_bounds(value: Scalar, longest: int = LONGEST_TEXT) -> None:
    if isinstance(value, str) and len(value) > longest:
        raise ValueError("text too long for the log")


def _masked(actor: Actor | None) -> Actor | None:
    if actor is None:
        return None
    return replace(
        actor,
        name=mask_numbers(actor.name),
        role=mask_numbers(actor.role),
        organisation=mask_numbers(actor.organisation),
    )


def written_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: always the same length, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
