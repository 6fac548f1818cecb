"""The shape of what the JSON interface answers, for the type checker and for ``openapi.json``; STATE is `rooms.state`.

Moments are RFC 3339 in UTC.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from rooms.state import State, Summary


class LinkAnswer(TypedDict):
    """A personal link, shown this once: the service keeps a hash."""

    invitation: str
    name: str
    url: str


class Links(TypedDict):
    links: list[LinkAnswer]


class PlannedMeeting(State):
    """STATE and the personal links."""

    links: list[LinkAnswer]


class MeetingList(TypedDict):
    meetings: list[Summary]


class Seat(TypedDict):
    """What LiveKit's clients connect with. participant_token: 60 seconds. vouching: as in STATE."""

    server_url: str
    participant_token: str
    participant: str
    identity: str
    vouching: str


class InLobby(TypedDict):
    """not_yet: the leader answered so. encrypts: false where a leader must decide about that."""

    state: Literal["waiting"]
    participant: str
    not_yet: bool
    encrypts: bool


class TooEarly(TypedDict):
    """opens_at: when the waiting room does."""

    state: Literal["early"]
    opens_at: str
    message: str


class VouchingKey(TypedDict):
    """key: of meetings planned from now on (Ed25519, 32 bytes in base64url). keys: all in force, newest first."""

    key: str
    keys: list[str]


class NetworkNoted(TypedDict):
    """weak: what the log now holds."""

    weak: bool


class IdentificationStarted(TypedDict):
    """app: the link that opens BankID on the device that asks; qr: for another; it changes every second."""

    transaction: str
    autoStartToken: str
    app: str
    qr: str


class IdentificationProgress(TypedDict):
    """message: in the reader's language. next: where to go, when complete. problem: a code, when refused."""

    status: Literal["pending", "complete", "failed"]
    hintCode: str
    message: str
    qr: str | None
    next: NotRequired[str]
    problem: NotRequired[str]


class SmsStarted(TypedDict):
    """A code is on its way."""

    transaction: str


class SmsLoggedIn(TypedDict):
    """next: the path of the meeting's page."""

    next: str


class SessionPerson(TypedDict):
    id: str
    name: str
    given_name: str


class SessionOrganisation(TypedDict):
    id: str
    name: str


class SessionStaff(TypedDict):
    """The post a member of staff is logged in for."""

    id: str
    title: str
    unit: str
    organisation: SessionOrganisation
    permissions: list[str]


class SessionDescription(TypedDict):
    """Who is logged in and how; no identity number is in it."""

    id: str
    person: SessionPerson
    method: str
    assurance_level: int
    authenticated_at: str
    language: str
    staff: SessionStaff | None


class SessionAnswer(TypedDict):
    """session: null for a stranger."""

    session: SessionDescription | None


class SessionLiving(TypedDict):
    """Whether the cookie that came along stands for a login; whose (`id` of SessionPerson), in which post (`id` of
    SessionStaff), and for how many seconds yet: idle_seconds unless something is asked for, absolute_seconds at most.
    """

    living: bool
    person: NotRequired[str]
    staff: NotRequired[str | None]
    assurance_level: NotRequired[int]
    idle_seconds: NotRequired[int]
    absolute_seconds: NotRequired[int]


class Login(TypedDict):
    """One of the caller's own. this: the one that asks. device: the kind it was begun on; confirmed_on: where BankID
    was: this device, an other one, other-network; both empty where the method does not tell."""

    id: str
    this: bool
    method: str
    authenticated_at: str
    device: str
    confirmed_on: str
    organisation: str | None


class Logins(TypedDict):
    sessions: list[Login]


class LoginsEnded(TypedDict):
    """How many were ended."""

    ended: int


class EventPerson(TypedDict):
    person: str
    name: str
    role: str
    organisation: str
    method: str


class LogEvent(TypedDict):
    """One record. erased: its content was deleted by law; intact: its content is what was signed."""

    seq: int
    time: str
    type: str
    erased: bool
    intact: bool
    organisation: str | None
    meeting: str | None
    actor: EventPerson | None
    subject: EventPerson | None
    details: dict[str, str | int | bool | None]


class MeetingHeld(TypedDict):
    """That a meeting was held, when, and which organisation owned it (its name)."""

    id: str
    organisation: str
    status: str
    starts_at: str
    ends_at: str
    started_at: str | None
    ended_at: str | None


class LogEvents(TypedDict):
    """next: `after` of the next page, null at the end. meeting: the one asked for, if the caller may know of it."""

    events: list[LogEvent]
    next: int | None
    read_at: str
    meeting: MeetingHeld | None


class LogProof(TypedDict):
    """Base64 hashes in RFC 9162's order. Of inclusion (seq, leaf) or of consistency (old)."""

    size: int
    hashes: list[str]
    checkpoint: str
    seq: NotRequired[int]
    leaf: NotRequired[str]
    old: NotRequired[int]
