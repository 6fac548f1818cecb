"""What every act in a meeting goes through, in this order: the rules, the log, the rows, the media server, the bus."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import structlog

from audit.canonical import Scalar
from audit.events import Actor, Event, EventType
from audit.log import Log
from auth.sessions import Session
from rooms import lifecycle, lobby
from rooms.errors import MediaFull, MeetingCancelled, MeetingEnded, MeetingUnknown, NotAllowed
from rooms.media import MediaServer, MediaUnavailable
from rooms.meeting import Attendance, Gathering, Invitation, Meeting, MeetingStatus, Participant, Representation
from rooms.policy import Action, Relation, allowed, relations
from rooms.room_names import RoomNames
from rooms.store import Change, Store

log = structlog.get_logger()

Publish = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Tells every socket of a meeting (by its id) that something happened; each makes its own snapshot."""


class Desk:
    """Shared by the acts of one process. `lock` puts the acts on one meeting in a row, on all nodes."""

    def __init__(
        self,
        store: Store,
        audit: Log,
        media: MediaServer,
        publish: Publish,
        clock: Callable[[], datetime],
        *,
        room_names: RoomNames,
    ) -> None:
        self.store = store
        self.media = media
        self.room_names = room_names
        self.now = clock
        self.leftover_rooms: set[str] = set()
        self.ended_sessions: set[str] = set()
        self._audit = audit
        self._publish = publish
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(self, meeting: str) -> AsyncIterator[None]:
        lock = self._locks.get(meeting)
        if lock is None:
            lock = self._locks[meeting] = asyncio.Lock()
        async with lock, self.store.exclusive(meeting):
            yield

    async def gathering(self, meeting: str) -> Gathering:
        """Raises MeetingUnknown."""
        found = await self.store.gathering(meeting)
        if found is None:
            raise MeetingUnknown
        return found

    async def open_to(self, viewer: Session, meeting: str, action: Action) -> Gathering:
        """The meeting, where the viewer may do this in it.

        Raises MeetingUnknown (also for strangers), Removed or Denied, NotAllowed.
        """
        gathering = await self.gathering(meeting)
        held = relations(gathering, viewer)
        if not held:
            raise MeetingUnknown
        if not allowed(held, action):
            participant = gathering.participant_of(viewer.person.id)
            if Relation.REFUSED in held and participant is not None:
                lobby.refuse_if_out(participant, **contact(gathering.meeting))
            host = gathering.host
            raise NotAllowed(leader=host.name if host else gathering.meeting.organisation_name)
        return gathering

    async def record(
        self,
        kind: EventType,
        meeting: Meeting,
        *,
        actor: Actor | None,
        subject: Actor | None = None,
        **details: Scalar,
    ) -> None:
        """Store the record of what is about to take effect. Raises AuditUnavailable: then it must not take effect."""
        about: dict[str, Scalar] = {"person": meeting.patient.name, "title": meeting.title}
        await self._audit.append(
            Event(kind, actor, meeting.organisation, meeting.id, subject, details={**about, **details})
        )

    async def record_event(self, event: Event) -> None:
        """A record that is about no meeting. Raises AuditUnavailable: then it must not take effect."""
        await self._audit.append(event)

    async def record_about(
        self,
        kind: EventType,
        gathering: Gathering,
        participant: Participant,
        *,
        actor: Actor | None,
        **details: Scalar,
    ) -> None:
        """A record about one participant: by somebody else (`actor`), or by the participant's own doing (None)."""
        subject = participant_actor(gathering, participant)
        seat: dict[str, Scalar] = {"home": True, "seat": gathering.meeting.home_title} if participant.home else {}
        invitation = gathering.invitation_of(participant)
        relation = invitation.relation
        await self.record(
            kind,
            gathering.meeting,
            actor=actor or subject,
            subject=subject if actor is not None else None,
            participant=participant.id,
            **seat,
            **({"relation": relation} if relation else {}),
            **represents(invitation),
            **details,
        )

    async def commit(self, before: Gathering, after: Gathering, *stays: Attendance) -> Gathering:
        """Write what differs, in one transaction, with the meeting's clocks set. Gives what now holds."""
        after = lifecycle.settled(before, after, self.now())
        known: dict[str, Change] = {item.id: item for item in _rows(before)}
        changes = [item for item in _rows(after) if known.get(item.id) != item]
        if changes or stays:
            await self.store.save(*changes, *stays)
        return after

    async def tell(self, meeting: str, event: str, participant: str | None = None) -> None:
        """Put an event on the bus. A bus that fails undoes nothing: pages take a snapshot when they are back."""
        at = self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        try:
            await self._publish(meeting, {"event": event, "at": at, "participant": participant})
        except Exception as error:  # noqa: BLE001 - what happened has happened, whoever could not be told
            log.warning("meeting event not told", event_name=event, failure=type(error).__name__)

    async def tell_presence(self, before: Gathering, after: Gathering) -> None:
        """host.away or host.back, where the host's chair was emptied or filled again."""
        if before.host_inside and not after.host_inside and after.meeting.status is MeetingStatus.OPEN:
            await self.tell(after.meeting.id, "host.away")
        elif after.host_inside and not before.host_inside and before.meeting.host_away_since is not None:
            await self.tell(after.meeting.id, "host.back")

    async def record_refused(self, meeting: Meeting | None, actor: Actor | None, *, reason: str) -> None:
        """A link that leads nowhere; there may be no meeting to write it under."""
        if meeting is not None:
            await self.record(EventType.INVITATION_REFUSED, meeting, actor=actor, reason=reason)
        else:
            await self._audit.append(Event(EventType.INVITATION_REFUSED, actor, details={"reason": reason}))

    async def close_stays(self, meeting: str, identity: str | None, reason: str) -> list[Attendance]:
        """The attendance intervals that end now; to be handed to `commit`."""
        if identity is None:
            return []
        stays = await self.store.open_stays(meeting, identity)
        return [replace(stay, left_at=self.now(), reason=reason) for stay in stays]

    async def out_of_media(self, room: str, identity: str | None) -> None:
        """Cut somebody's media. Where the media server does not answer, `presence` tries again every two seconds."""
        if identity is None:
            return
        try:
            await self.media.remove_participant(room, identity)
        except MediaUnavailable:
            log.warning("media server did not remove a participant; will try again")

    async def delete_room(self, room: str) -> None:
        """Cut everybody's media and void their tokens. `presence` tries again if the media server does not answer."""
        self.leftover_rooms.add(room)
        try:
            await self.media.delete_room(room)
        except MediaUnavailable:
            log.warning("media server did not delete a room; will try again")
        else:
            self.leftover_rooms.discard(room)

    async def refuse_if_full(self) -> None:
        """Raises MediaFull where no new meeting may begin. A media server that does not answer stops none here."""
        try:
            full = await self.media.is_full()
        except MediaUnavailable:
            return
        if full:
            raise MediaFull

    async def ensure_room(self, meeting: Meeting) -> None:
        """Make the media room, or find it made. Raises MediaUnavailable."""
        # Empty rooms are ended here (`lifecycle.EMPTY_LIMIT`); the media server's own limit only tidies up after us.
        await self.media.create_room(
            meeting.room, max_participants=lifecycle.MOST_INSIDE + 1, empty_timeout=2 * lifecycle.EMPTY_LIMIT
        )


def _rows(gathering: Gathering) -> list[Change]:
    return [gathering.meeting, *gathering.invitations, *gathering.participants]


def contact(meeting: Meeting) -> dict[str, str]:
    """Whom a lost person calls: fills {organisation} and {phone} of the texts in `errors`."""
    return {"organisation": meeting.organisation_name, "phone": meeting.phone}


def refuse_if_over(meeting: Meeting) -> None:
    """Raises MeetingEnded or MeetingCancelled."""
    if meeting.status is MeetingStatus.ENDED:
        raise MeetingEnded(**contact(meeting))
    if meeting.status is MeetingStatus.CANCELLED:
        raise MeetingCancelled(**contact(meeting))


def viewer_actor(viewer: Session, invitation: Invitation | None = None) -> Actor:
    """The viewer as the log knows them: by their place in the meeting, else by their post."""
    role = invitation.role if invitation else viewer.staff.title if viewer.staff else ""
    organisation = invitation.organisation if invitation else viewer.staff.organisation.name if viewer.staff else ""
    return Actor(viewer.person.id, viewer.person.name, role, organisation, viewer.method.value)


def actor_in(gathering: Gathering, viewer: Session) -> Actor:
    return viewer_actor(viewer, gathering.invited(viewer.person.id))


def participant_actor(gathering: Gathering, participant: Participant) -> Actor:
    invitation = gathering.invitation_of(participant)
    return Actor(participant.person, participant.name, invitation.role, invitation.organisation, participant.method)


def invitation_actor(invitation: Invitation) -> Actor:
    """Somebody who is invited; `person` is empty until the house knows who it is."""
    return Actor(invitation.person or "", invitation.name, invitation.role, invitation.organisation)


def represents(invitation: Invitation) -> dict[str, Scalar]:
    """Details for the log: that somebody speaks for the person, or interprets; nothing of those who do neither."""
    held = invitation.representation
    return {} if held is Representation.NONE else {"representation": held.value}
