"""The shape of STATE, the JSON that `rooms.view` writes: for the type checker, and for ``openapi.json``.

Moments are RFC 3339 in UTC, to the second, or null. Texts are Swedish, as people wrote them.
"""

from typing import Literal

from typing_extensions import TypedDict  # pydantic needs it before Python 3.12


class Patient(TypedDict):
    """The person the meeting is about."""

    name: str
    given_name: str
    initials: str


class Leader(TypedDict):
    """Who leads the meeting."""

    name: str
    given_name: str
    initials: str
    role: str
    organisation: str


class HomePersonState(TypedDict):
    """One who sits in the patient's home, as the nurse wrote."""

    name: str
    relation: str


class MeetingState(TypedDict):
    """purpose is null, and home_people empty, for who may not see them."""

    id: str
    type: str
    type_name: str
    status: str
    title: str
    home_title: str
    starts_at: str
    ends_at: str
    started_at: str | None
    ended_at: str | None
    waiting_room_opens_at: str
    waiting_room_open: bool
    may_start_now: bool
    lobby_open: bool
    purpose: str | None
    place: str
    organisation: str
    phone: str
    person: Patient
    led_by: Leader | None
    host_present: bool
    host_presence: str
    host_away_since: str | None
    home_people: list[HomePersonState]


class MeState(TypedDict):
    """The caller. participant: null before the first entry. may: `rooms.policy.Action` values."""

    participant: str | None
    identity: str | None
    invitation: str | None
    state: str
    host: bool
    co_host: bool
    home: bool
    ready: bool
    not_yet: bool
    this_device: bool
    unrecognised: bool
    name: str
    given_name: str
    initials: str
    role: str
    organisation: str
    relation: str
    representation: str
    party: str | None
    method: str
    may: list[str]


class ParticipantState(TypedDict):
    """One who waits or sits in the room. identity: the LiveKit participant's, null until they are let in.

    unrecognised: came by a code alone, and no leader has said yet that it is the right person.
    encrypts: their browser can, end to end. allowed_by: the leader who lets one without take part. vouching: what the
    meeting has signed of their seat, null until they have one.
    """

    id: str
    identity: str | None
    name: str
    person_name: str
    given_name: str
    initials: str
    role: str
    organisation: str
    party: str
    relation: str
    representation: str
    method: str
    unrecognised: bool
    state: str
    ready: bool
    not_yet: bool
    waiting_since: str | None
    host: bool
    co_host: bool
    home: bool
    encrypts: bool
    allowed_by: str | None
    vouching: str | None


class InvitedState(TypedDict):
    """One who is called or invited, and how far they have come."""

    invitation: str
    name: str
    given_name: str
    initials: str
    role: str
    organisation: str
    party: str
    relation: str
    representation: str
    called: bool
    host: bool
    co_host: bool
    state: Literal["expected", "arrived", "here", "left"]


class InvitationState(TypedDict):
    """A personal link, for who handles them; the link itself is shown once, when it is made."""

    invitation: str
    name: str
    link: Literal["valid", "expired", "revoked", "none"]
    opened_at: str | None
    identified: bool
    expires_at: str
    revoked_at: str | None


class State(TypedDict):
    """A meeting as one viewer may see it; lists the viewer may not see are empty."""

    meeting: MeetingState
    me: MeState
    participants: list[ParticipantState]
    invited: list[InvitedState]
    invitations: list[InvitationState]


class Summary(TypedDict):
    """One line of a list of meetings. arrived: how many of the invited have come."""

    meeting: MeetingState
    me: MeState
    invited: list[InvitedState]
    arrived: int
