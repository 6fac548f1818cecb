"""STATE: the JSON of a meeting as one viewer may see it. Sent as a snapshot with every event; PROTOCOL.md shows it.

Who sees what is `policy`'s table: leaders see everybody who waits, others themselves and those who are inside, a
waiting person who is invited and who leads the meeting, an auditor that it was held and who was invited.
"""

from datetime import UTC, datetime
from typing import Literal, overload

from auth.identity import Method
from auth.sessions import Session
from rooms import lifecycle
from rooms.meeting import Gathering, Invitation, Meeting, Participant, ParticipantStatus, initials
from rooms.policy import Action, actions, relations
from rooms.state import (
    InvitationState,
    InvitedState,
    Leader,
    MeetingState,
    MeState,
    ParticipantState,
    Patient,
    State,
    Summary,
)


def state(gathering: Gathering, viewer: Session, now: datetime) -> State:
    """{"meeting": {...}, "me": {...}, "participants": [...], "invited": [...], "invitations": [...]}.

    Lists the viewer may not see are empty.
    """
    may = actions(relations(gathering, viewer))
    me = gathering.participant_of(viewer.person.id)
    shown = [item for item in gathering.participants if _sees(gathering, item, me, may)]
    return {
        "meeting": _meeting(gathering, may, now),
        "me": _me(gathering, viewer, me, may),
        "participants": [participant_json(gathering, item) for item in shown],
        "invited": _invited(gathering) if Action.SEE_INVITED in may else [],
        "invitations": _invitations(gathering, now) if Action.SEE_INVITATIONS in may else [],
    }


def unread(whole: State) -> State:
    """STATE of a meeting that a colleague finds in a list and has not opened: when, of what kind, whose by initials,
    and who leads it. Enough for one who is to take over today; whose it is, and more, is told when it is opened, which
    is in the log. A log entry for each line of each list would say that everybody has read everything."""
    meeting = whole["meeting"]
    letters = meeting["person"]["initials"]
    return {
        **whole,
        "meeting": {
            **meeting,
            "title": meeting["type_name"],
            "home_title": "",
            "place": "",
            "purpose": None,
            "person": {"name": letters, "given_name": "", "initials": letters},
            "home_people": [],
        },
        "participants": [],
        "invited": [],
        "invitations": [],
    }


def summary(whole: State) -> Summary:
    """One line of a list of meetings: `meeting` and `me` as in STATE, and how many are invited and have come."""
    invited = whole["invited"]
    return {
        "meeting": whole["meeting"],
        "me": whole["me"],
        "invited": invited,
        "arrived": sum(item["state"] in ("arrived", "here") for item in invited),
    }


def display_name(gathering: Gathering, participant: Participant) -> str:
    """The seat in the patient's home is titled by the home: "Hemma hos Gunnar"; everybody else by their e-ID."""
    return gathering.meeting.home_title if participant.home else participant.name


def attributes(gathering: Gathering, participant: Participant) -> dict[str, str]:
    """LiveKit participant attributes, the same facts as in STATE, for the tile."""
    seat = participant_json(gathering, participant)
    return {
        **{key: seat[key] or "" for key in ("role", "organisation", "party", "relation", "representation", "method")},
        "home": "1" if seat["home"] else "",
        "host": "1" if seat["host"] else "",
        "participant": participant.id,
    }


def participant_json(gathering: Gathering, participant: Participant) -> ParticipantState:
    invitation = gathering.invitation_of(participant)
    meeting = gathering.meeting
    home = participant.home
    return {
        "id": participant.id,
        "identity": participant.identity,
        "name": display_name(gathering, participant),
        "person_name": participant.name,
        "given_name": meeting.patient.given_name if home else participant.given_name,
        "initials": initials(meeting.patient.name if home else participant.name),
        "role": invitation.role,
        "organisation": invitation.organisation,
        "party": "home" if home else invitation.party.value,
        "relation": invitation.relation,
        "representation": invitation.representation.value,
        "method": participant.method,
        "unrecognised": participant.unrecognised,
        "state": participant.status.value,
        "ready": participant.ready,
        "not_yet": participant.not_yet,
        "waiting_since": iso(participant.waiting_since) if participant.status is ParticipantStatus.WAITING else None,
        "host": invitation.authority.value == "host",
        "co_host": invitation.authority.value == "co_host",
        "home": home,
        "encrypts": participant.key is not None,
        "allowed_by": participant.allowed_by,
        "vouching": participant.vouching if participant.inside else None,
    }


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
@overload
def iso(moment: datetime | None) -> str | None: ...
def iso(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z, whole seconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sees(gathering: Gathering, item: Participant, me: Participant | None, may: frozenset[Action]) -> bool:
    if me is not None and item.id == me.id:
        return True
    if item.inside:
        # Who came by a code shows themselves to those who lead, and needs their keys for it.
        shown_to = me is not None and me.inside and me.unrecognised and gathering.invitation_of(item).leads
        return shown_to or Action.SEE_ROOM in may
    return item.status is ParticipantStatus.WAITING and Action.SEE_LOBBY in may


def _meeting(gathering: Gathering, may: frozenset[Action], now: datetime) -> MeetingState:
    meeting = gathering.meeting
    presence = lifecycle.host_presence(gathering, now)
    return {
        "id": meeting.id,
        "type": meeting.type,
        "type_name": meeting.type_name,
        "status": meeting.status.value,
        "title": meeting.title,
        "home_title": meeting.home_title,
        "starts_at": iso(meeting.starts_at),
        "ends_at": iso(meeting.ends_at),
        "started_at": iso(meeting.started_at),
        "ended_at": iso(meeting.ended_at),
        "waiting_room_opens_at": iso(lifecycle.waiting_room_opens_at(meeting)),
        "waiting_room_open": lifecycle.waiting_room_open(meeting, now),
        "may_start_now": lifecycle.may_start(meeting, now) and meeting.status.value == "planned",
        "lobby_open": lifecycle.lobby_open(gathering),
        "purpose": meeting.purpose if Action.SEE_PURPOSE in may else None,
        "place": meeting.place,
        "organisation": meeting.organisation_name,
        "phone": meeting.phone,
        "person": _patient(meeting),
        "led_by": _leader(gathering.host),
        "host_present": presence is lifecycle.HostPresence.PRESENT,
        "host_presence": presence.value,
        "host_away_since": iso(meeting.host_away_since),
        "home_people": [{"name": item.name, "relation": item.relation} for item in meeting.home_people]
        if Action.SEE_INVITED in may
        else [],
    }


def _patient(meeting: Meeting) -> Patient:
    patient = meeting.patient
    return {"name": patient.name, "given_name": patient.given_name, "initials": initials(patient.name)}


def _leader(host: Invitation | None) -> Leader | None:
    if host is None:
        return None
    return {
        "name": host.name,
        "given_name": host.name.split()[0],
        "initials": initials(host.name),
        "role": host.role,
        "organisation": host.organisation,
    }


def _me(gathering: Gathering, viewer: Session, me: Participant | None, may: frozenset[Action]) -> MeState:
    invitation = gathering.invited(viewer.person.id)
    return {
        "participant": me.id if me else None,
        "identity": me.identity if me else None,
        "invitation": invitation.id if invitation else None,
        "state": me.status.value if me else "none",
        "host": invitation is not None and invitation.authority.value == "host",
        "co_host": invitation is not None and invitation.authority.value == "co_host",
        "home": me.home if me else False,
        "ready": me.ready if me else False,
        "not_yet": me.not_yet if me else False,
        "this_device": me is None or me.session == viewer.id,
        "unrecognised": me.unrecognised if me else viewer.method is Method.SMS,
        "name": viewer.person.name,
        "given_name": viewer.person.given_name,
        "initials": initials(viewer.person.name),
        "role": invitation.role if invitation else "",
        "organisation": invitation.organisation if invitation else "",
        "relation": invitation.relation if invitation else "",
        "representation": invitation.representation.value if invitation else "none",
        "party": invitation.party.value if invitation else None,
        "method": viewer.method.value,
        "may": sorted(action.value for action in may),
    }


def _invited(gathering: Gathering) -> list[InvitedState]:
    return [
        {
            "invitation": item.id,
            "name": item.name,
            "given_name": item.name.split()[0],
            "initials": initials(item.name),
            "role": item.role,
            "organisation": item.organisation,
            "party": item.party.value,
            "relation": item.relation,
            "representation": item.representation.value,
            "called": item.kind.value == "called",
            "host": item.authority.value == "host",
            "co_host": item.authority.value == "co_host",
            "state": _coming(gathering, item),
        }
        for item in gathering.invitations
        if item.revoked_at is None
    ]


def _coming(gathering: Gathering, invitation: Invitation) -> Literal["expected", "arrived", "here", "left"]:
    participant = gathering.guest_of(invitation)
    if participant is None:
        return "expected"
    if participant.inside:
        return "here"
    return "arrived" if participant.status is ParticipantStatus.WAITING else "left"


def _invitations(gathering: Gathering, now: datetime) -> list[InvitationState]:
    return [
        {
            "invitation": item.id,
            "name": item.name,
            "link": _link_state(item, now),
            "opened_at": iso(item.opened_at),
            "identified": item.person is not None,
            "expires_at": iso(item.expires_at),
            "revoked_at": iso(item.revoked_at),
        }
        for item in gathering.invitations
    ]


def _link_state(invitation: Invitation, now: datetime) -> Literal["valid", "expired", "revoked", "none"]:
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.token_hash is None:
        return "none"
    return "expired" if now >= invitation.expires_at else "valid"
