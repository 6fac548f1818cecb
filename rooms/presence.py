"""Who is really there: hears the media server, watches the clock, and puts right what does not agree.

`run` is the background work of one process. The media server's events are taken in turn from a bounded queue, so that
an event caused by one of our own acts never waits for that act; what is lost is found again by `reconcile`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Set
from datetime import datetime, timedelta
from typing import Any

import structlog

from audit.events import EventType, Reason
from audit.log import AuditUnavailable
from auth.randomness import new_id
from db.engine import DatabaseFailure
from rooms import lifecycle, lobby
from rooms.admission import Admission
from rooms.desk import Desk
from rooms.hosting import Hosting
from rooms.lifecycle import HostPresence
from rooms.media import MediaEvent, MediaEventKind, MediaUnavailable
from rooms.meeting import Attendance, Gathering, MeetingStatus, Participant, ParticipantStatus
from rooms.vouching import fingerprint

log = structlog.get_logger()

QUEUE_LIMIT = 10_000
RECONCILE_EVERY = 2.0
"""Seconds. A removal the media server did not hear of is enforced within this."""


KEEP_LOGGED_IN_EVERY = timedelta(minutes=5)


class Presence:
    def __init__(self, desk: Desk, hosting: Hosting, admission: Admission) -> None:
        self._desk = desk
        self._hosting = hosting
        self._admission = admission
        self._heard: asyncio.Queue[MediaEvent] = asyncio.Queue(QUEUE_LIMIT)
        self._watching_since = desk.now()
        self._told_gone: dict[str, datetime] = {}
        self._intruders: deque[str] = deque(maxlen=1000)
        self.in_meeting: Callable[[str], Awaitable[None]] | None = None
        self._told_in_meeting: dict[str, datetime] = {}
        desk.media.listen(self._hear)

    async def restore(self) -> None:
        """Make open meetings' rooms again, before anybody is let in: the media server may have restarted too.

        Who comes back to a room that does not stand yet is told that there is none, and gives up.
        """
        self._watching_since = self._desk.now()
        await self._attempt(self._make_rooms())

    async def run(
        self, *, every: float = RECONCILE_EVERY, in_meeting: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        """Work until cancelled; to be called after `restore`.

        in_meeting: told, every few minutes, the session of each who is in a room, so that no login dies of idleness
        there. A page says so itself by its socket; a program with media alone would be logged out after half an hour.
        """
        self.in_meeting = in_meeting
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="media events")
            group.create_task(self._watch(every), name="presence")

    async def _make_rooms(self) -> None:
        for gathering in await self._desk.store.gatherings_with(MeetingStatus.OPEN):
            await self._attempt(self._desk.ensure_room(gathering.meeting))

    async def drain(self) -> None:
        """Take everything heard so far."""
        while not self._heard.empty():
            await self._attempt(self._take(self._heard.get_nowait()))

    async def look(self) -> None:
        """One round of the watch: waiting rooms that open, silent pages, rooms, meetings that end by themselves."""
        now = self._desk.now()
        for gathering in await self._desk.store.gatherings_opening(now + lifecycle.WAITING_ROOM_BEFORE):
            await self._attempt(self._announce(gathering.meeting.id))
        for gathering in await self._desk.store.gatherings_with_waiting():
            for one in gathering.waiting():
                if lifecycle.gone_from_lobby(one, now, self._watching_since):
                    await self._attempt(self._fade(gathering.meeting.id, one.id))
        meetings_open = await self._desk.store.gatherings_with(MeetingStatus.OPEN)
        for gathering in meetings_open:
            await self._attempt(self._look_at(gathering))
        for room in tuple(self._desk.leftover_rooms):
            await self._desk.delete_room(room)
        for session in tuple(self._desk.ended_sessions):
            await self._attempt(self._admission.logged_out(session))
        await self._attempt(self._tidy({gathering.meeting.room for gathering in meetings_open}))

    async def reconcile(self, gathering: Gathering) -> None:
        """Make the rows agree with the media room: unknown people out, those who came or went unheard written down."""
        room, meeting = gathering.meeting.room, gathering.meeting.id
        asked_at = self._desk.now()
        found = {item.identity for item in await self._desk.media.list_participants(room)}
        for identity in found:
            one = gathering.by_identity(identity)
            if one is None or one.status is not ParticipantStatus.IN_ROOM:
                await self._came(room, identity)
            else:
                await self._keep_logged_in(one.session)
        for stay in await self._desk.store.open_stays(meeting):
            # Someone who came after we asked is not on the list and yet is here.
            if stay.identity not in found and stay.joined_at < asked_at:
                await self._went(room, stay.identity, Reason.NOT_FOUND)

    async def _keep_logged_in(self, session: str) -> None:
        now = self._desk.now()
        told = {one: at for one, at in self._told_in_meeting.items() if now - at < KEEP_LOGGED_IN_EVERY}
        if session not in told and self.in_meeting is not None:
            told[session] = now
            await self.in_meeting(session)
        self._told_in_meeting = told

    async def _hear(self, event: MediaEvent) -> None:
        try:
            self._heard.put_nowait(event)
        except asyncio.QueueFull:
            log.error("media events dropped; reconciling will find them")

    async def _listen(self) -> None:
        while True:
            await self._attempt(self._take(await self._heard.get()))

    async def _watch(self, every: float) -> None:
        while True:
            await self._attempt(self.look())
            await asyncio.sleep(every)

    async def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        """One piece of work that may fail and is tried again at the next round; running media is left alone."""
        try:
            await work
        except (AuditUnavailable, MediaUnavailable, DatabaseFailure, TimeoutError, ConnectionError) as error:
            log.warning("presence work put off", failure=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one meeting's fault must not stop the watch over the others
            log.error("presence work failed", failure=type(error).__name__)

    async def _take(self, event: MediaEvent) -> None:
        match event.kind:
            case MediaEventKind.PARTICIPANT_JOINED if event.identity is not None:
                await self._came(event.room, event.identity)
            case MediaEventKind.PARTICIPANT_LEFT if event.identity is not None:
                await self._went(event.room, event.identity, event.reason or Reason.CONNECTION_LOST)
            case MediaEventKind.ROOM_FINISHED:
                await self._finished(event.room)

    async def _finished(self, room: str) -> None:
        gathering = await self._desk.store.gathering_of_room(room)
        if gathering is not None:
            for stay in await self._desk.store.open_stays(gathering.meeting.id):
                await self._went(room, stay.identity, Reason.ROOM_FINISHED)

    async def _came(self, room: str, identity: str) -> None:
        await self._locked(room, lambda gathering: self._came_to(gathering, identity))

    async def _went(self, room: str, identity: str, reason: str) -> None:
        await self._locked(room, lambda gathering: self._went_from(gathering, identity, reason))

    async def _locked(self, room: str, work: Callable[[Gathering], Awaitable[None]]) -> None:
        found = await self._desk.store.gathering_of_room(room)
        if found is None:
            return  # a room of somebody else on the same media server
        async with self._desk.lock(found.meeting.id):
            await work(await self._desk.gathering(found.meeting.id))

    async def _came_to(self, before: Gathering, identity: str) -> None:
        one = before.by_identity(identity)
        if one is None or not lobby.has_seat(one) or before.meeting.status is not MeetingStatus.OPEN:
            await self._put_out(before, one, identity)
            return
        if one.status is ParticipantStatus.IN_ROOM:
            return
        # If the log cannot be written the media stays, and the next round tries again: that they were let in is stored.
        how: dict[str, str | bool] = {"key": fingerprint(one.key)} if one.key is not None else {"unencrypted": True}
        await self._desk.record_about(EventType.PARTICIPANT_JOINED, before, one, actor=None, identity=identity, **how)
        stay = Attendance(new_id(), before.meeting.id, one.id, identity, self._desk.now())
        after = await self._desk.commit(before, before.changed(lobby.sat_down(one)), stay)
        await self._desk.tell(before.meeting.id, "participant.joined", one.id)
        await self._desk.tell_presence(before, after)

    async def _put_out(self, before: Gathering, one: Participant | None, identity: str) -> None:
        """In the media room without a seat: somebody removed, an older device, or an intruder, who alone is news."""
        await self._desk.media.remove_participant(before.meeting.room, identity)
        if one is not None or identity in self._intruders:
            return
        stays = await self._desk.store.attendance(before.meeting.id)
        if any(stay.identity == identity for stay in stays):
            return
        log.warning("unknown media participant removed")
        self._intruders.append(identity)
        await self._desk.record(
            EventType.PARTICIPANT_REMOVED, before.meeting, actor=None, reason=Reason.UNKNOWN, identity=identity
        )

    async def _went_from(self, before: Gathering, identity: str, reason: str) -> None:
        stays = await self._desk.close_stays(before.meeting.id, identity, reason)
        one = before.by_identity(identity)
        present = one is not None and one.status is ParticipantStatus.IN_ROOM
        if not stays and not present:
            return
        owner = one or before.participant_by_id(stays[0].participant)
        assert owner is not None, "a stay belongs to a participant"
        await self._desk.record_about(EventType.PARTICIPANT_LEFT, before, owner, actor=None, reason=reason)
        after = before.changed(lobby.dropped(one)) if one is not None and present else before
        after = await self._desk.commit(before, after, *stays)
        await self._desk.tell(before.meeting.id, "participant.left", owner.id)
        await self._desk.tell_presence(before, after)

    async def _announce(self, meeting: str) -> None:
        """Tell those who came early that the waiting room is open."""
        async with self._desk.lock(meeting):
            before = await self._desk.gathering(meeting)
            if before.meeting.lobby_announced or not lifecycle.waiting_room_open(before.meeting, self._desk.now()):
                return
            await self._desk.commit(before, before.changed(lifecycle.announced(before.meeting)))
        await self._desk.tell(meeting, "lobby.opened")

    async def _fade(self, meeting: str, participant: str) -> None:
        async with self._desk.lock(meeting):
            before = await self._desk.gathering(meeting)
            one = before.participant_by_id(participant)
            if one is None or not lifecycle.gone_from_lobby(one, self._desk.now(), self._watching_since):
                return
            await self._desk.record_about(EventType.LOBBY_LEFT, before, one, actor=None, reason=Reason.CONNECTION_LOST)
            await self._desk.commit(before, before.changed(lobby.leave(one)))
        await self._desk.tell(meeting, "lobby.left", participant)

    async def _look_at(self, gathering: Gathering) -> None:
        """`gathering` was read a moment ago: whatever it says to do is looked at again under the meeting's lock."""
        await self.reconcile(gathering)
        meeting, now = gathering.meeting.id, self._desk.now()
        if any(lifecycle.never_sat_down(one, now, self._watching_since) for one in gathering.participants):
            await self._seats_not_taken(meeting)
        away_since = gathering.meeting.host_away_since
        if lifecycle.host_presence(gathering, now) is not HostPresence.GONE or away_since is None:
            self._told_gone.pop(meeting, None)
        elif self._told_gone.get(meeting) != away_since:
            self._told_gone[meeting] = away_since
            await self._desk.tell(meeting, "host.away")
        if lifecycle.ends_now(gathering.meeting, now) is not None:
            await self._hosting.end_by_itself(meeting)
            self._told_gone.pop(meeting, None)

    async def _tidy(self, known: Set[str]) -> None:
        """Empty and end the media rooms that we made and no open meeting has. known: rooms of open meetings."""
        # Asked in this order: a meeting's row is stored as open before its room is made.
        for room in await self._desk.media.list_rooms():
            if room in known or not self._desk.room_names.is_ours(room):
                continue  # in use, or somebody else's on the same cluster
            found = await self._desk.store.gathering_of_room(room)
            if found is None or found.meeting.status is not MeetingStatus.OPEN:
                log.warning("media room without a meeting ended")
                await self._desk.delete_room(room)

    async def _seats_not_taken(self, meeting: str) -> None:
        async with self._desk.lock(meeting):
            before = await self._desk.gathering(meeting)
            missing = [
                one
                for one in before.participants
                if lifecycle.never_sat_down(one, self._desk.now(), self._watching_since)
            ]
            for one in missing:
                await self._desk.record_about(
                    EventType.PARTICIPANT_LEFT, before, one, actor=None, reason=Reason.NEVER_CAME
                )
            await self._desk.commit(before, before.changed(*(lobby.never_sat_down(one) for one in missing)))
        for one in missing:
            await self._desk.tell(meeting, "participant.left", one.id)
