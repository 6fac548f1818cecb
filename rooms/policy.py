"""Who may see and do what in a meeting: one table, read by everything else; docs/security/visibility.md is its copy.

A person can stand in several relations to a meeting (the host may also be an auditor); one that allows is enough.
Between the organisations that share a meeting stands secrecy (OSL 25:1, 26:1), and each reviews its own people's
doings (HSLF-FS 2016:40 4:9): that is what the auditor of one that takes part is shown.
"""

from collections.abc import Collection
from enum import StrEnum

from auth.identity import Method
from auth.people import Organisation, Permission, same_name
from auth.sessions import Session
from rooms.meeting import Authority, Gathering, Participant, ParticipantStatus


class Relation(StrEnum):
    """HOST, CO_HOST: leads this meeting. INSIDE: a guest who has been let in. INVITED: identified, not let in (yet).
    REFUSED: removed or denied, until invited again. COLLEAGUE: staff who plan or lead at the organisation that planned
    the meeting. AUDITOR: reads that organisation's log. UNRECOGNISED: came by a code alone, and no leader has
    said yet that it is the right person. PARTNER_AUDITOR: reads the log of another organisation that `takes_part`.
    ADMINISTRATOR: of the organisation that planned the meeting; PARTNER_ADMINISTRATOR: of another that takes part.
    OPERATOR: runs the installation. OUTSIDER: none of these, and not told that the meeting exists.
    """

    HOST = "host"
    CO_HOST = "co_host"
    INSIDE = "inside"
    INVITED = "invited"
    REFUSED = "refused"
    COLLEAGUE = "colleague"
    AUDITOR = "auditor"
    UNRECOGNISED = "unrecognised"
    PARTNER_AUDITOR = "partner_auditor"
    ADMINISTRATOR = "administrator"
    PARTNER_ADMINISTRATOR = "partner_administrator"
    OPERATOR = "operator"
    OUTSIDER = "outsider"


class Action(StrEnum):
    SEE_MEETING = "see_meeting"
    """That it exists: when, where, whose, who leads it."""
    SEE_PURPOSE = "see_purpose"
    SEE_INVITED = "see_invited"
    SEE_ROOM = "see_room"
    """Who has been let in."""
    SEE_LOBBY = "see_lobby"
    SEE_INVITATIONS = "see_invitations"
    """Each invitation's link: made, opened, revoked, until when."""
    JOIN = "join"
    START = "start"
    END = "end"
    CHANGE = "change"
    INVITE = "invite"
    INVITE_LEADER = "invite_leader"
    """Invite someone as host or co-host."""
    ADMIT = "admit"
    REMOVE = "remove"
    MUTE = "mute"
    APPOINT = "appoint"
    """Hand over the host's chair, or make someone co-host."""
    TAKE_HOME = "take_home"
    NAME_HOME = "name_home"
    SEE_HELD = "see_held"
    """In the log: that it was held, when, and which organisation owned it."""
    SEE_OWN_EVENTS = "see_own_events"
    """In the log: what people of the viewer's own organisation did in it, or what was done to them."""
    SEE_LOG = "see_log"
    """In the log: everything."""


H, C, I, V, R, K, A = (  # noqa: E741 - columns of the table below
    Relation.HOST,
    Relation.CO_HOST,
    Relation.INSIDE,
    Relation.INVITED,
    Relation.REFUSED,
    Relation.COLLEAGUE,
    Relation.AUDITOR,
)
U, P = Relation.UNRECOGNISED, Relation.PARTNER_AUDITOR

TABLE: dict[Action, frozenset[Relation]] = {
    Action.SEE_MEETING: frozenset({H, C, I, V, R, K, A, U}),
    Action.SEE_PURPOSE: frozenset({H, C, I, V, K}),
    Action.SEE_INVITED: frozenset({H, C, I, V, K, A}),
    Action.SEE_ROOM: frozenset({H, C, I}),
    Action.SEE_LOBBY: frozenset({H, C}),
    Action.SEE_INVITATIONS: frozenset({H, C, K}),
    Action.JOIN: frozenset({H, C, I, V, U}),
    Action.START: frozenset({H, C}),
    Action.END: frozenset({H, C}),
    Action.CHANGE: frozenset({H, C, K}),
    Action.INVITE: frozenset({H, C, K}),
    Action.INVITE_LEADER: frozenset({H, K}),
    Action.ADMIT: frozenset({H, C}),
    Action.REMOVE: frozenset({H, C}),
    Action.MUTE: frozenset({H, C}),
    Action.APPOINT: frozenset({H}),
    Action.TAKE_HOME: frozenset({H, C}),
    Action.NAME_HOME: frozenset({H, C}),
    Action.SEE_HELD: frozenset({A, P}),
    Action.SEE_OWN_EVENTS: frozenset({A, P}),
    Action.SEE_LOG: frozenset({A}),
}
"""Administrators, operators and outsiders stand in no row: nothing of a meeting is theirs to see."""


def relations(gathering: Gathering, viewer: Session, colleagues: Collection[str] = ()) -> frozenset[Relation]:
    """How the viewer stands to the meeting.

    colleagues: ids of those who hold or have held a commission in the viewer's organisation; without them nobody is
    known to be a partner's, which shows less.
    """
    found: set[Relation] = set()
    participant = gathering.participant_of(viewer.person.id)
    refused = participant is not None and _refused(participant)
    if refused:
        found.add(Relation.REFUSED)
    elif (invitation := gathering.invited(viewer.person.id)) is not None:
        by_code = viewer.method is Method.SMS and (participant is None or participant.unrecognised)
        found.add(Relation.UNRECOGNISED if by_code else _invited_as(invitation.authority, participant))
    if viewer.staff is not None and viewer.staff.organisation.id == gathering.meeting.organisation:
        # Who was put out does not let themselves in again by their post: a colleague must.
        if not refused and (viewer.staff.may(Permission.HOST) or viewer.staff.may(Permission.PLANNER)):
            found.add(Relation.COLLEAGUE)
        if viewer.staff.may(Permission.AUDITOR):
            found.add(Relation.AUDITOR)
        if viewer.staff.may(Permission.ADMIN):
            found.add(Relation.ADMINISTRATOR)
    elif viewer.staff is not None and takes_part(gathering, viewer.staff.organisation, colleagues):
        if viewer.staff.may(Permission.AUDITOR):
            found.add(Relation.PARTNER_AUDITOR)
        if viewer.staff.may(Permission.ADMIN):
            found.add(Relation.PARTNER_ADMINISTRATOR)
    if viewer.staff is not None and viewer.staff.may(Permission.OPERATOR):
        found.add(Relation.OPERATOR)
    return frozenset(found or {Relation.OUTSIDER})


def takes_part(gathering: Gathering, organisation: Organisation, colleagues: Collection[str]) -> bool:
    """Whether somebody is, or was, invited for that organisation."""
    return any(speaks_for(item.person, item.organisation, organisation, colleagues) for item in gathering.invitations)


def speaks_for(person: str | None, written: str, organisation: Organisation, colleagues: Collection[str]) -> bool:
    """Whether a person is there for that organisation: identified, with a commission in it, and under its name.

    The name alone proves nothing, anybody may write it; the commission alone does not either, for a nurse may be
    there as a daughter, which is no business of her employer's.
    """
    return bool(person) and person in colleagues and same_name(written, organisation.name)


def _refused(participant: Participant) -> bool:
    return participant.status in (ParticipantStatus.REMOVED, ParticipantStatus.DENIED)


def _invited_as(authority: Authority, participant: Participant | None) -> Relation:
    match authority:
        case Authority.HOST:
            return Relation.HOST
        case Authority.CO_HOST:
            return Relation.CO_HOST
    return Relation.INSIDE if participant is not None and participant.inside else Relation.INVITED


def allowed(held: frozenset[Relation], action: Action) -> bool:
    return not held.isdisjoint(TABLE[action])


def actions(held: frozenset[Relation]) -> frozenset[Action]:
    return frozenset(action for action in Action if allowed(held, action))
