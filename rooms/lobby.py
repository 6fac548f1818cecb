"""A participant's way through the lobby and the room: every lawful step, and a clear error for every other. Pure.

none or left -> waiting -> admitted -> in_room -> left; removed and denied are stations one leaves only by being invited
again. Whoever was let in and then dropped (network, reload) comes straight back; whoever pressed Leave knocks anew.
"""

from dataclasses import replace
from datetime import datetime

from rooms.errors import Denied, NotHere, NotWaiting, Removed
from rooms.meeting import Participant, ParticipantStatus

_W, _A, _I, _L, _D, _R = (
    ParticipantStatus.WAITING,
    ParticipantStatus.ADMITTED,
    ParticipantStatus.IN_ROOM,
    ParticipantStatus.LEFT,
    ParticipantStatus.DENIED,
    ParticipantStatus.REMOVED,
)


def refuse_if_out(participant: Participant, *, organisation: str, phone: str) -> None:
    """Raises Removed or Denied: the person stays out until invited again."""
    if participant.status is _R:
        raise Removed(organisation=organisation, phone=phone)
    if participant.status is _D:
        raise Denied(organisation=organisation, phone=phone)


def has_seat(participant: Participant) -> bool:
    """Let in already, so another device or a reload needs no new knock."""
    return participant.inside or (participant.status is _L and participant.may_return)


def knock(participant: Participant, now: datetime, *, session: str, key: str | None = None) -> Participant:
    """Comes to the lobby, or shows life in it. The newest device is the one that counts, and whether it can encrypt."""
    if participant.status is _W:
        return replace(participant, session=session, seen_at=now, key=key)
    if participant.status is not _L or participant.may_return:
        raise NotHere(name=participant.name)
    return replace(
        participant,
        status=_W,
        session=session,
        waiting_since=now,
        seen_at=now,
        ready=False,
        not_yet=False,
        home=False,
        identity=None,
        admitted_at=None,
        recognised_at=None,
        key=key,
        allowed_by=None,
        vouching=None,
    )


def back_to_the_door(participant: Participant) -> Participant:
    """Had a seat, and comes with a browser that cannot encrypt: has to knock anew."""
    return leave(participant) if participant.inside else replace(participant, may_return=False)


def ready(participant: Participant, *, is_ready: bool) -> Participant:
    """ "I'm ready", after the device check."""
    if participant.status is not _W:
        raise NotWaiting(name=participant.name)
    return replace(participant, ready=is_ready)


def admit(participant: Participant, now: datetime) -> Participant:
    """Let in; the seat is taken with `take_seat`."""
    if participant.status is not _W:
        raise NotWaiting(name=participant.name)
    return replace(participant, status=_A, admitted_at=now, may_return=True, not_yet=False)


def deny(participant: Participant, *, final: bool) -> Participant:
    """Not final: "Inte än", the person keeps waiting and is told. Final: out of the lobby until invited again."""
    if participant.status is not _W:
        raise NotWaiting(name=participant.name)
    return replace(participant, status=_D, may_return=False) if final else replace(participant, not_yet=True)


def take_seat(participant: Participant, now: datetime, *, identity: str, session: str, home: bool) -> Participant:
    """A new identity for the media server, at each admission and on each device; the older one is void."""
    if not has_seat(participant):
        raise NotWaiting(name=participant.name)
    return replace(participant, status=_A, identity=identity, session=session, home=home, seen_at=now, admitted_at=now)


def recognise(participant: Participant, now: datetime) -> Participant:
    """A leader sees that this is the right person."""
    if not participant.inside:
        raise NotHere(name=participant.name)
    return participant if not participant.unrecognised else replace(participant, recognised_at=now)


def sat_down(participant: Participant) -> Participant:
    """The media server saw them come in."""
    if not has_seat(participant):
        raise NotHere(name=participant.name)
    return replace(participant, status=_I)


def dropped(participant: Participant) -> Participant:
    """The media server saw them go without our knowing why: they may come straight back."""
    if participant.status is not _I:
        raise NotHere(name=participant.name)
    return replace(participant, status=_L)


def never_sat_down(participant: Participant) -> Participant:
    if participant.status is not _A:
        raise NotHere(name=participant.name)
    return replace(participant, status=_L)


def leave(participant: Participant) -> Participant:
    """Went by their own will, from the lobby or the room."""
    if participant.status not in (_W, _A, _I):
        raise NotHere(name=participant.name)
    return replace(participant, status=_L, may_return=False, ready=False, not_yet=False)


def remove(participant: Participant) -> Participant:
    """Put out by a leader. Also one who has just dropped, so that they do not walk straight back in."""
    if participant.status in (_D, _R):
        raise NotHere(name=participant.name)
    return replace(participant, status=_R, may_return=False)


def invited_again(participant: Participant, *, invitation: str) -> Participant:
    """A new or renewed invitation opens the door to the lobby, not to the room."""
    if participant.status in (_D, _R):
        return replace(participant, status=_L, may_return=False, invitation=invitation)
    return replace(participant, invitation=invitation)


def meeting_over(participant: Participant) -> Participant:
    """Everybody goes when the meeting ends; removed and denied stay on record as that."""
    if participant.status in (_W, _A, _I):
        return replace(participant, status=_L, may_return=False)
    return replace(participant, may_return=False)
