"""The values of a SIP meeting (SIP = samordnad individuell plan): the meeting, its invitations, its participants.

A meeting has invitations (who may come, planned), an invitation that is used gets one participant (who came), and a
participant has attendance intervals (when they were in the room). Nothing here does anything; `lobby` and `lifecycle`
hold the rules, `store` the rows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auth.identity import Method


class MeetingStatus(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    ENDED = "ended"
    CANCELLED = "cancelled"


class ParticipantStatus(StrEnum):
    """`admitted`: may take a seat; `in_room`: the media server says they sit on it."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    IN_ROOM = "in_room"
    LEFT = "left"
    DENIED = "denied"
    REMOVED = "removed"


class Authority(StrEnum):
    """What a person may do as leader of this meeting. There is one host at a time."""

    HOST = "host"
    CO_HOST = "co_host"
    GUEST = "guest"


class Kind(StrEnum):
    """A huvudman (principal) is called and must come (LUS 4:3); others are invited."""

    CALLED = "called"
    INVITED = "invited"


class Party(StrEnum):
    """Which side of the table a person sits on; the page tints by it and always writes the organisation too."""

    KOMMUN = "kommun"
    REGION = "region"
    HOME = "home"
    OTHER = "other"


class Representation(StrEnum):
    """In whose stead somebody comes: GUARDIAN (vårdnadshavare, FB 6), GOD_MAN and TRUSTEE (god man and förvaltare,
    FB 11) speak for the person, an INTERPRETER (tolk) for nobody of their own.
    """

    NONE = "none"
    GUARDIAN = "guardian"
    GOD_MAN = "god_man"
    TRUSTEE = "trustee"
    INTERPRETER = "interpreter"


class Consent(StrEnum):
    """How the person said yes. Without a yes there is no SIP (HSL 16:4), so there is no value for no."""

    ORAL = "oral"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class MeetingType:
    swedish: str
    english: str


MEETING_TYPES: dict[str, MeetingType] = {
    "discharge": MeetingType("Planeringsmöte vid utskrivning", "Planning meeting at discharge"),
    "planning": MeetingType("Planeringsmöte", "Planning meeting"),
    "follow_up": MeetingType("Uppföljning", "Follow-up"),
    "care_planning": MeetingType("Vårdplanering", "Care planning"),
    "practice": MeetingType("Övningsmöte", "Practice meeting"),
}


def initials(name: str) -> str:
    """At most two letters for a face without a picture: first letters of the first and the last name."""
    words = name.split()
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper()


@dataclass(frozen=True, slots=True)
class Patient:
    """The person the meeting is about. The identity number is kept as look-up hash and sealed value only."""

    given_name: str
    surname: str
    number_hash: str = field(repr=False)
    number_sealed: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"


@dataclass(frozen=True, slots=True)
class HomePerson:
    """Somebody in the patient's home, named by the nurse; not identified by us. relation: "Gunnars dotter"."""

    name: str
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Meeting:
    """room: the media room's random name. organisation: the id of the one that planned it; its name and phone are kept
    as they were then. host_away_since: when the host's seat became empty during the meeting. empty_since: when the room
    did. lobby_announced: those who came early have been told that the waiting room is open. erased_at: when its
    personal data was taken away (`rooms.retention_store`); nobody but an auditor is shown it after that.
    sole_guardian: the planner states that the child the meeting is about has one guardian alone.
    """

    id: str
    room: str
    type: str
    status: MeetingStatus
    organisation: str
    organisation_name: str
    phone: str
    patient: Patient
    place: str
    purpose: str
    consent: Consent
    starts_at: datetime
    ends_at: datetime
    planned_by: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    host_away_since: datetime | None = None
    empty_since: datetime | None = None
    lobby_announced: bool = False
    home_people: tuple[HomePerson, ...] = ()
    sole_guardian: bool = False
    erased_at: datetime | None = None

    @property
    def type_name(self) -> str:
        return MEETING_TYPES[self.type].swedish

    @property
    def title(self) -> str:
        """ "Gunnars planeringsmöte": Swedish puts no second s after s, x or z."""
        given = self.patient.given_name
        genitive = given if given[-1:].lower() in "sxz" else f"{given}s"
        return f"{genitive} {self.type_name.lower()}"

    @property
    def home_title(self) -> str:
        return f"Hemma hos {self.patient.given_name}"


@dataclass(frozen=True, slots=True)
class Invitation:
    """One person's place in one meeting, with a personal link once a token was made.

    role: in words, "Distriktssköterska". organisation: written name, empty for relatives. relation: to the patient.
    person: `people.id`, once this person has been identified (at once for people the house already knows).
    token_hash: SHA-256 of the link's token; the token itself is never stored.
    representation: whether they speak for the person, or interpret.
    phone_sealed: a telephone for a code, where there is no e-legitimation; sms_reason: why that is allowed.
    """

    id: str
    meeting: str
    kind: Kind
    name: str
    role: str
    organisation: str
    party: Party
    relation: str
    authority: Authority
    created_at: datetime
    expires_at: datetime
    number_hash: str = field(repr=False)
    number_sealed: bytes = field(repr=False)
    person: str | None = None
    token_hash: str | None = field(default=None, repr=False)
    opened_at: datetime | None = None
    revoked_at: datetime | None = None
    phone_sealed: bytes | None = field(default=None, repr=False)
    sms_reason: str = ""
    representation: Representation = Representation.NONE

    @property
    def leads(self) -> bool:
        return self.authority is not Authority.GUEST


@dataclass(frozen=True, slots=True)
class Participant:
    """A person who has come to a meeting. name and method: of the e-ID, never edited. identity: the media server's,
    opaque and new at each admission. session: of the newest device, which wins. seen_at: last sign of life from the
    page. not_yet: the host has answered "Inte än" to the knock. may_return: was let in and has not left by will.
    key: the newest browser's public key, None where it cannot encrypt end to end. allowed_by: the leader who lets one
    without take part. vouching: what the meeting has signed of this seat (`vouching`). level: the assurance level of
    the login that came last.
    """

    id: str
    meeting: str
    invitation: str
    person: str
    name: str
    given_name: str
    method: str
    status: ParticipantStatus
    session: str
    waiting_since: datetime
    seen_at: datetime
    identity: str | None = None
    admitted_at: datetime | None = None
    ready: bool = False
    not_yet: bool = False
    home: bool = False
    may_return: bool = False
    recognised_at: datetime | None = None
    key: str | None = None
    allowed_by: str | None = None
    vouching: str | None = None
    level: int = 0

    @property
    def unrecognised(self) -> bool:
        """Came by a code alone, and nobody who leads the meeting has said yet that this is the right person."""
        return self.method == Method.SMS and self.recognised_at is None

    @property
    def inside(self) -> bool:
        """Holds a seat: let in, whether or not the media server has seen them yet."""
        return self.status in (ParticipantStatus.ADMITTED, ParticipantStatus.IN_ROOM)


@dataclass(frozen=True, slots=True)
class Attendance:
    """One stay in the room. A rejoin is a new interval; earlier ones are never changed once closed."""

    id: str
    meeting: str
    participant: str
    identity: str
    joined_at: datetime
    left_at: datetime | None = None
    reason: str | None = None


def unproven_id(invitation: str) -> str:
    """The id of the person made for an invitation that a code by SMS opened (`rooms.sms_invitations`)."""
    return f"sms-{invitation}"


def is_unproven(person: str) -> bool:
    return person.startswith("sms-")


@dataclass(frozen=True, slots=True)
class Gathering:
    """A meeting with everybody in it: what the rules and the view look at."""

    meeting: Meeting
    invitations: tuple[Invitation, ...]
    participants: tuple[Participant, ...]

    def changed(self, *items: Meeting | Invitation | Participant) -> "Gathering":
        """The same gathering with these put in the place of those with the same id, or added."""
        meeting = self.meeting
        invitations = {item.id: item for item in self.invitations}
        participants = {item.id: item for item in self.participants}
        for item in items:
            match item:
                case Meeting():
                    meeting = item
                case Invitation():
                    invitations[item.id] = item
                case Participant():
                    participants[item.id] = item
        return Gathering(meeting, tuple(invitations.values()), tuple(participants.values()))

    def inside(self) -> tuple[Participant, ...]:
        return tuple(item for item in self.participants if item.inside)

    def waiting(self) -> tuple[Participant, ...]:
        return tuple(item for item in self.participants if item.status is ParticipantStatus.WAITING)

    def invitation_by_id(self, invitation: str) -> Invitation | None:
        return next((item for item in self.invitations if item.id == invitation), None)

    def invitation_of(self, participant: Participant) -> Invitation:
        return next(item for item in self.invitations if item.id == participant.invitation)

    def guest_of(self, invitation: Invitation) -> Participant | None:
        """Who came by it: the person it is bound to, else the one it was bound to before."""
        came = [item for item in self.participants if item.invitation == invitation.id]
        return next((item for item in came if item.person == invitation.person), came[-1] if came else None)

    def participant_by_id(self, participant: str) -> Participant | None:
        return next((item for item in self.participants if item.id == participant), None)

    def participant_of(self, person: str) -> Participant | None:
        return next((item for item in self.participants if item.person == person), None)

    def by_identity(self, identity: str) -> Participant | None:
        return next((item for item in self.participants if item.identity == identity), None)

    def invited(self, person: str) -> Invitation | None:
        """The invitation of this person that counts: not revoked, the newest if there are several."""
        found = [item for item in self.invitations if item.person == person and item.revoked_at is None]
        return found[-1] if found else None

    @property
    def host(self) -> Invitation | None:
        return next(
            (item for item in self.invitations if item.authority is Authority.HOST and item.revoked_at is None), None
        )

    def leaders_inside(self) -> tuple[Participant, ...]:
        """Hosts and co-hosts whose media is in the room now."""
        return tuple(
            item
            for item in self.participants
            if item.status is ParticipantStatus.IN_ROOM and self.invitation_of(item).leads
        )

    @property
    def host_inside(self) -> bool:
        host = self.host
        return host is not None and any(item.invitation == host.id for item in self.leaders_inside())
