"""Into the lobby, out of the lobby, into the room and out of it: by the person, and by those who lead the meeting.

Nobody is let in whose record is not stored: `desk.record` comes first and stops everything when it fails.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from audit.events import Actor, EventType, Reason
from auth.identity import Method
from auth.randomness import new_id
from auth.sessions import Session
from rooms import lifecycle, lobby
from rooms.assurance import refuse_if_below
from rooms.consents import Consents
from rooms.desk import Desk, actor_in, refuse_if_over
from rooms.errors import (
    CannotEncrypt,
    EncryptionNeeded,
    HomeTaken,
    LeadsTheMeeting,
    LobbyShut,
    NotHere,
    NotWaiting,
    ParticipantUnknown,
    RoomFull,
)
from rooms.media import Grant
from rooms.meeting import (
    Attendance,
    Authority,
    Gathering,
    HomePerson,
    Invitation,
    MeetingStatus,
    Participant,
    ParticipantStatus,
)
from rooms.policy import Action
from rooms.view import attributes, display_name
from rooms.vouching import Voucher, public_key


@dataclass(frozen=True, slots=True)
class Seat:
    """Let in: the media server's token, good for 60 s and bound to this browser, and what the meeting vouches for."""

    participant: str
    identity: str
    token: str
    vouching: str

    def __repr__(self) -> str:
        return f"Seat(participant={self.participant!r})"


@dataclass(frozen=True, slots=True)
class Waiting:
    """In the lobby. not_yet: the host has answered "Inte än". encrypts: False where a leader must decide about that."""

    participant: str
    not_yet: bool
    encrypts: bool


@dataclass(frozen=True, slots=True)
class Early:
    """The waiting room has not opened; the person may stay on the page and is told when it does."""

    opens_at: datetime


class Admission:
    def __init__(self, desk: Desk, voucher: Voucher, consents: Consents) -> None:
        self._desk = desk
        self._consents = consents
        self._voucher = voucher

    async def join(
        self,
        viewer: Session,
        meeting: str,
        *,
        home: bool,
        binding: str | None,
        key: str | None = None,
        unencrypted: bool = False,
    ) -> Seat | Waiting | Early:
        """Come in as far as one may: leaders and those let in before get a seat, others the lobby.

        home: take the seat of the patient's home. binding: see `media.Grant`. The newest device wins.
        key, unencrypted: see `bodies.JoinBody`. Without a key one waits until a leader has allowed it; a leader says so
        themselves. Raises MeetingUnknown, NotAllowed, Removed, Denied, MeetingEnded, MeetingCancelled, HomeTaken,
        AssuranceNotEnough, RoomFull, EncryptionNeeded, InvalidFields, AuditUnavailable, MediaUnavailable.
        """
        key = None if key is None else public_key(key)
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.JOIN)
            refuse_if_over(before.meeting)
            if home:
                before = await self._desk.open_to(viewer, meeting, Action.TAKE_HOME)
            came = before.participant_of(viewer.person.id)
            invitation = before.invited(viewer.person.id)
            assert invitation is not None, "JOIN is for the invited"
            await refuse_if_below(self._desk, before, invitation, viewer)
            other_phone = False
            if before.meeting.status is MeetingStatus.OPEN and (
                invitation.leads or (came is not None and lobby.has_seat(came))
            ):
                # A face was recognised, on one telephone; whoever holds the next one has been seen by nobody.
                other_phone = came is not None and came.method == Method.SMS and came.session != viewer.id
                allowed_by = None
                if key is None and not other_phone:
                    allowed_by = _allowed_by(invitation, came, viewer, unencrypted=unencrypted)
                if not other_phone and (key is not None or allowed_by is not None):
                    return await self._sit(
                        before, viewer, came, home=home, binding=binding, key=key, allowed_by=allowed_by
                    )
                assert came is not None, "who does not lead has a seat here"
                gone = lobby.back_to_the_door(came)
                if came.inside:
                    before = await self._go(before, came, gone, reason=Reason.OTHER_DEVICE)
                    await self._desk.tell(meeting, "participant.left", came.id)
                came = gone
            if not lifecycle.waiting_room_open(before.meeting, self._desk.now()):
                return Early(lifecycle.waiting_room_opens_at(before.meeting))
            waiting = await self._wait(before, viewer, came, key)
        if other_phone:
            await self._desk.tell(meeting, "participant.replaced", waiting.participant)
        return waiting

    async def ready(self, viewer: Session, meeting: str, *, is_ready: bool) -> None:
        """ "I'm ready", or not after all. Raises NotWaiting."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.JOIN)
            came = before.participant_of(viewer.person.id)
            if came is None:
                raise NotWaiting(name=viewer.person.name)
            await self._desk.commit(before, before.changed(lobby.ready(came, is_ready=is_ready)))
        await self._desk.tell(meeting, "lobby.ready", came.id)

    async def leave(self, viewer: Session, meeting: str) -> None:
        """Go by one's own will, from lobby or room; coming back means knocking anew. Raises NotHere."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.JOIN)
            came = before.participant_of(viewer.person.id)
            # The newest device is the one that counts: an older one that is closed takes nobody out.
            if came is None or came.session != viewer.id:
                raise NotHere(name=viewer.person.name)
            after = await self._go(before, came, lobby.leave(came), reason=Reason.LEFT)
        await self._told_gone(before, after, came)

    async def handed_over(self, session: str, successor: str) -> None:
        """The same person identified again in the same browser: the new login holds the places of the old one.

        The old page is told that it is not the newest any more; the new one sits down with `join`.
        """
        for found in await self._desk.store.gatherings_of_session(session):
            async with self._desk.lock(found.meeting.id):
                before = await self._desk.gathering(found.meeting.id)
                came = next((item for item in before.participants if item.session == session), None)
                if came is None:
                    continue
                kept = replace(came, session=successor, seen_at=self._desk.now())
                await self._desk.commit(before, before.changed(kept))
            await self._desk.tell(found.meeting.id, "participant.replaced", came.id)

    async def superseded(self, viewer: Session, meeting: str) -> bool:
        """Whether another login of the same person holds the place in the meeting now."""
        came = (await self._desk.gathering(meeting)).participant_of(viewer.person.id)
        here = came is not None and (came.inside or came.status is ParticipantStatus.WAITING)
        return here and came is not None and came.session != viewer.id

    async def logged_out(self, session: str) -> None:
        """A login ended (`auth` says which): it leaves every meeting it sits or waits in.

        Where that cannot be recorded now, `presence` tries again.
        """
        self._desk.ended_sessions.add(session)
        for found in await self._desk.store.gatherings_of_session(session):
            async with self._desk.lock(found.meeting.id):
                before = await self._desk.gathering(found.meeting.id)
                came = next((item for item in before.participants if item.session == session), None)
                if came is None or not (came.inside or came.status is ParticipantStatus.WAITING):
                    continue
                after = await self._go(before, came, lobby.leave(came), reason=Reason.LOGGED_OUT)
            await self._told_gone(before, after, came)
        self._desk.ended_sessions.discard(session)

    async def admit(self, viewer: Session, meeting: str, participant: str, *, unencrypted: bool = False) -> None:
        """Let one in; the rest keep waiting. unencrypted: also one whose browser cannot encrypt end to end.

        Raises LobbyShut, ConsentMissing, NotWaiting, ParticipantUnknown, RoomFull, CannotEncrypt.
        """
        async with self._desk.lock(meeting):
            before = await self._lobby(viewer, meeting)
            one = _participant(before, participant)
            if one.status is ParticipantStatus.WAITING and one.key is None:
                if not unencrypted:
                    raise CannotEncrypt(name=one.name)
                await self._desk.record_about(
                    EventType.PARTICIPANT_UNENCRYPTED, before, one, actor=actor_in(before, viewer)
                )
                one = replace(one, allowed_by=viewer.person.name)
            await self._let_in(before, [one], actor_in(before, viewer))

    async def admit_all(self, viewer: Session, meeting: str) -> int:
        """Let in everybody who waits and can encrypt; gives how many. About the others a leader decides one by one.

        Raises LobbyShut, ConsentMissing, RoomFull (then nobody was), CannotEncrypt where nobody else waits.
        """
        async with self._desk.lock(meeting):
            before = await self._lobby(viewer, meeting)
            everybody = [one for one in before.waiting() if one.key is not None]
            if not everybody and before.waiting():
                raise CannotEncrypt(name=before.waiting()[0].name)
            await self._let_in(before, everybody, actor_in(before, viewer))
        return len(everybody)

    async def deny(self, viewer: Session, meeting: str, participant: str, *, final: bool) -> None:
        """ "Inte än": the person keeps waiting and is told. final: out of the lobby until invited again."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.ADMIT)
            one = _participant(before, participant)
            denied = lobby.deny(one, final=final)
            await self._desk.record_about(
                EventType.PARTICIPANT_DENIED,
                before,
                one,
                actor=actor_in(before, viewer),
                reason=Reason.DENIED if final else Reason.NOT_YET,
            )
            await self._desk.commit(before, before.changed(denied))
        await self._desk.tell(meeting, "participant.denied", one.id)

    async def remove(self, viewer: Session, meeting: str, participant: str) -> None:
        """Put out at once, and kept out until invited again. Raises LeadsTheMeeting for the host."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.REMOVE)
            one = _participant(before, participant)
            if before.invitation_of(one).authority is Authority.HOST:
                raise LeadsTheMeeting(name=one.name)
            removed = lobby.remove(one)
            await self._desk.record_about(
                EventType.PARTICIPANT_REMOVED, before, one, actor=actor_in(before, viewer), reason=Reason.BY_LEADER
            )
            stays = await self._desk.close_stays(meeting, one.identity, Reason.REMOVED)
            after = await self._desk.commit(before, before.changed(removed), *stays)
            await self._desk.out_of_media(before.meeting.room, one.identity)
        await self._desk.tell(meeting, "participant.removed", one.id)
        await self._desk.tell_presence(before, after)

    async def mute(self, viewer: Session, meeting: str, participant: str) -> None:
        """Turn off somebody's microphone; nobody can turn on another's. Raises NotHere, MediaUnavailable."""
        before = await self._desk.open_to(viewer, meeting, Action.MUTE)
        one = _participant(before, participant)
        if one.status is not ParticipantStatus.IN_ROOM or one.identity is None:
            raise NotHere(name=one.name)
        await self._desk.media.mute_microphone(before.meeting.room, one.identity)

    async def may_enter(self, room: str, identity: str) -> bool:
        """For the media server, when a join token is shown: whether the meeting still knows this identity."""
        gathering = await self._desk.store.gathering_of_room(room)
        if gathering is None or gathering.meeting.status is not MeetingStatus.OPEN:
            return False
        participant = gathering.by_identity(identity)
        return participant is not None and lobby.has_seat(participant)

    async def entry_refused(self, room: str, actor: Actor | None, *, reason: str) -> None:
        """Write down a join token that was refused: of another browser, room or time, or spent."""
        gathering = await self._desk.store.gathering_of_room(room)
        if gathering is not None:
            await self._desk.record(EventType.PARTICIPANT_REFUSED, gathering.meeting, actor=actor, reason=reason)

    async def speaker(self, viewer: Session, meeting: str) -> str | None:
        """The identity under which the viewer's page may pass messages to the other pages; None without a vouched key.

        Raises MeetingUnknown.
        """
        one = (await self._desk.gathering(meeting)).participant_of(viewer.person.id)
        vouched = one is not None and one.inside and one.session == viewer.id and one.key is not None
        return one.identity if vouched and one is not None else None

    async def _lobby(self, viewer: Session, meeting: str) -> Gathering:
        before = await self._desk.open_to(viewer, meeting, Action.ADMIT)
        refuse_if_over(before.meeting)
        if not lifecycle.lobby_open(before):
            raise LobbyShut
        await self._consents.refuse_if_missing(before)  # one that was taken back lets nobody more in
        return before

    async def _let_in(self, before: Gathering, people: list[Participant], actor: Actor) -> None:
        _room_for(before, len(people))
        now = self._desk.now()
        admitted = [lobby.admit(one, now) for one in people]
        for one in people:
            await self._desk.record_about(EventType.PARTICIPANT_ADMITTED, before, one, actor=actor)
        await self._desk.commit(before, before.changed(*admitted))
        for one in people:
            await self._desk.tell(before.meeting.id, "participant.admitted", one.id)

    async def _wait(self, before: Gathering, viewer: Session, came: Participant | None, key: str | None) -> Waiting:
        now = self._desk.now()
        if came is not None and came.inside:
            # Let in, yet the meeting is not open: only possible for a moment between two acts.
            raise NotWaiting(name=came.name)
        fresh = came is None or came.status is not ParticipantStatus.WAITING
        other_device = not fresh and came is not None and came.session != viewer.id
        able = came is not None and (came.key is None) != (key is None)
        knocked = self._newcomer(before, viewer) if came is None else came
        waiting = lobby.knock(knocked, now, session=viewer.id, key=key)
        waiting = replace(waiting, level=int(viewer.assurance_level))
        after = before.changed(waiting)
        if fresh:
            await self._desk.record_about(EventType.LOBBY_ENTERED, after, waiting, actor=None)
        await self._desk.commit(before, after)
        if fresh:
            await self._desk.tell(before.meeting.id, "lobby.entered", waiting.id)
        elif other_device:
            await self._desk.tell(before.meeting.id, "participant.replaced", waiting.id)
        elif able:
            await self._desk.tell(before.meeting.id, "lobby.ready", waiting.id)
        return Waiting(waiting.id, waiting.not_yet, key is not None)

    async def _sit(
        self,
        before: Gathering,
        viewer: Session,
        came: Participant | None,
        *,
        home: bool,
        binding: str | None,
        key: str | None,
        allowed_by: str | None,
    ) -> Seat:
        now = self._desk.now()
        others = [item for item in before.inside() if came is None or item.id != came.id]
        if home and any(item.home for item in others):
            raise HomeTaken
        if came is None or not came.inside:
            _room_for(before, 1)
        base = came or self._newcomer(before, viewer)
        reason = _why_seated(before, base)
        if not lobby.has_seat(base):
            if base.status is not ParticipantStatus.WAITING:
                base = lobby.knock(base, now, session=viewer.id)
            base = lobby.admit(base, now)
        seated = lobby.take_seat(base, now, identity=new_id(), session=viewer.id, home=home)
        seated = replace(seated, key=key, allowed_by=allowed_by, level=int(viewer.assurance_level))
        seated = replace(seated, vouching=self._voucher.vouch(before, seated, now))
        after = before.changed(seated)
        if home:
            after = _at_home(after, seated)
        if reason is not None:
            await self._desk.record_about(EventType.PARTICIPANT_ADMITTED, after, seated, actor=None, reason=reason)
        if allowed_by is not None and (came is None or came.allowed_by is None):
            await self._desk.record_about(EventType.PARTICIPANT_UNENCRYPTED, after, seated, actor=None)
        old = came.identity if came is not None else None
        stays = await self._desk.close_stays(before.meeting.id, old, Reason.OTHER_DEVICE)
        if came is not None and stays:
            await self._desk.record_about(
                EventType.PARTICIPANT_LEFT, before, came, actor=None, reason=Reason.OTHER_DEVICE
            )
        after = await self._desk.commit(before, after, *stays)
        await self._desk.ensure_room(before.meeting)
        await self._desk.out_of_media(before.meeting.room, old)
        token = self._desk.media.access_token(
            Grant(
                before.meeting.room,
                seated.identity or "",
                display_name(after, seated),
                attributes(after, seated),
                can_subscribe=not seated.unrecognised,
                binding=binding,
            ),
            now,
        )
        if old is not None:
            await self._desk.tell(before.meeting.id, "participant.replaced", seated.id)
        elif reason is not None:
            await self._desk.tell(before.meeting.id, "participant.admitted", seated.id)
        else:
            await self._desk.tell(before.meeting.id, "participant.seated", seated.id)
        if after.meeting.home_people != before.meeting.home_people:
            await self._desk.tell(before.meeting.id, "home.changed")
        await self._desk.tell_presence(before, after)
        return Seat(seated.id, seated.identity or "", token, seated.vouching or "")

    async def _go(self, before: Gathering, came: Participant, gone: Participant, *, reason: str) -> Gathering:
        kind = EventType.LOBBY_LEFT if came.status is ParticipantStatus.WAITING else EventType.PARTICIPANT_LEFT
        await self._desk.record_about(kind, before, came, actor=None, reason=reason)
        stays: list[Attendance] = await self._desk.close_stays(before.meeting.id, came.identity, reason)
        after = await self._desk.commit(before, before.changed(gone), *stays)
        await self._desk.out_of_media(before.meeting.room, came.identity)
        return after

    async def _told_gone(self, before: Gathering, after: Gathering, came: Participant) -> None:
        event = "lobby.left" if came.status is ParticipantStatus.WAITING else "participant.left"
        await self._desk.tell(before.meeting.id, event, came.id)
        await self._desk.tell_presence(before, after)

    def _newcomer(self, gathering: Gathering, viewer: Session) -> Participant:
        invitation = gathering.invited(viewer.person.id)
        assert invitation is not None, "only the invited come this far"
        now = self._desk.now()
        return Participant(
            id=new_id(),
            meeting=gathering.meeting.id,
            invitation=invitation.id,
            person=viewer.person.id,
            name=viewer.person.name,
            given_name=viewer.person.given_name,
            method=viewer.method.value,
            level=int(viewer.assurance_level),
            status=ParticipantStatus.WAITING,
            session=viewer.id,
            waiting_since=now,
            seen_at=now,
        )


def _participant(gathering: Gathering, participant: str) -> Participant:
    found = gathering.participant_by_id(participant)
    if found is None:
        raise ParticipantUnknown
    return found


def _allowed_by(invitation: Invitation, came: Participant | None, viewer: Session, *, unencrypted: bool) -> str | None:
    """Who lets this person take part without end-to-end encryption; None: nobody yet. Raises EncryptionNeeded."""
    if came is not None and came.allowed_by is not None and lobby.has_seat(came):
        return came.allowed_by
    if not invitation.leads:
        return None
    if not unencrypted:
        raise EncryptionNeeded
    return viewer.person.name


def _room_for(gathering: Gathering, more: int) -> None:
    if len(gathering.inside()) + more > lifecycle.MOST_INSIDE:
        raise RoomFull(limit=str(lifecycle.MOST_INSIDE))


def _why_seated(gathering: Gathering, participant: Participant) -> str | None:
    """The reason to record with a new seat; None where the host's own record of letting in stands already."""
    if participant.status is ParticipantStatus.ADMITTED and participant.identity is None:
        return None
    if lobby.has_seat(participant):
        return Reason.RETURNED
    return Reason.LEADS if gathering.invitation_of(participant).leads else Reason.ADMITTED


def _at_home(gathering: Gathering, seated: Participant) -> Gathering:
    """The nurse who opens the home's seat sits in the home, whether or not anybody has written it down."""
    people = gathering.meeting.home_people
    if any(person.name == seated.name for person in people):
        return gathering
    named = HomePerson(seated.name, gathering.invitation_of(seated).role)
    return gathering.changed(replace(gathering.meeting, home_people=(*people, named)))
