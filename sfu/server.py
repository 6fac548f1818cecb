"""The embedded media server: rooms on one UDP port, behind the same seam as a LiveKit cluster (`rooms.media`)."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog
from livekit.protocol.models import (
    DUPLICATE_IDENTITY,
    PARTICIPANT_REMOVED,
    ROOM_DELETED,
    SERVER_SHUTDOWN,
)
from livekit.protocol.rtc import LeaveRequest, SignalResponse

from db.tasks import Tasks
from rooms.media import Grant, MediaEvent, MediaEventKind, MediaListener, MediaParticipant, MediaUnavailable
from sfu import arrived
from sfu.access_token import Claims, TokenKey
from sfu.data import DataRefused, from_server
from sfu.dtls import Certificate
from sfu.membership import Membership, new_sid
from sfu.participant import Participant, TooLarge
from sfu.peer import Peer, PeerListener
from sfu.room import Room, RoomFull, RoomLimits, reason_name
from sfu.speakers import INTERVAL
from sfu.tcp_port import TcpPort
from sfu.traffic import Traffic
from sfu.udp_port import UdpPort

log = structlog.get_logger()

IS_COMPILED = not arrived.__file__.endswith(".py")
"""Whether the way of a packet runs as machine code (`setup.py`)."""
MAX_ROOMS = 1000
MAX_EVENTS = 10_000
RENEWED_TOKEN = timedelta(minutes=10)
LONGEST_TOKEN = 4096  # characters; a request's first line may have 8,190


class JoinRefused(Exception):
    """For the other program: why a genuine token does not get in now. status: HTTP's."""

    def __init__(self, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class JoinOptions:
    """What a client asks for as it joins. dual: v0, with a second connection that we offer."""

    dual: bool = False
    auto_subscribe: bool = True
    client_protocol: int = 0
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class EmbeddedMediaServer:
    """Implements `rooms.media.MediaServer`. Make it, `start` it in the running loop, `stop` it.

    bind: local addresses to listen on, all when empty. addresses: what clients are told to send media to; when empty
    the bound ones or the machine's own. tcp_port: for clients without UDP; None is the UDP port's number, 0 is off.
    auto_create: whether a token alone makes its room, as LiveKit does; off, a room exists only by `create_room`.
    max_participants: of all rooms together, from which on `is_full` says so; None where it never is.
    """

    def __init__(
        self,
        key: TokenKey,
        *,
        udp_port: int = 0,
        tcp_port: int | None = None,
        bind: Sequence[str] = (),
        addresses: Sequence[str] = (),
        auto_create: bool = False,
        max_participants: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = key
        self.rooms: dict[str, Room] = {}
        self.clock = clock
        self.monotonic = monotonic
        self.memberships: dict[str, Membership] = {}
        self.traffic = Traffic()
        self._auto_create = auto_create
        self._max_participants = max_participants
        self.port = UdpPort(udp_port, bind=bind, advertise=addresses)
        self.tcp = None if tcp_port == 0 else TcpPort(self.port, tcp_port or 0)
        self._certificate: Certificate | None = None
        self._tasks = Tasks()
        self._listeners: list[MediaListener] = []
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue(MAX_EVENTS)
        self._running = False
        self.lost_events = 0

    # Running

    async def start(self) -> None:
        """Open the media ports. Raises OSError where one cannot be had."""
        self._certificate = Certificate()
        self.port.open()
        if self.tcp is not None:
            try:
                await self.tcp.open()
            except OSError:
                self.port.close()
                raise
        self._running = True
        self._tasks.start(self._beat(), name="media server beat")
        self._tasks.start(self._tell(), name="media server events")

    async def stop(self) -> None:
        """Tell every client that the server goes; they may join elsewhere or later."""
        self._running = False
        for membership in list(self.memberships.values()):
            membership.end(SERVER_SHUTDOWN, LeaveRequest.RECONNECT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._events.join(), 2)
        await self._tasks.close()
        if self.tcp is not None:
            self.tcp.close()
        self.port.close()

    @property
    def is_running(self) -> bool:
        return self._running

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            self.tick(self.monotonic(), self.clock())

    def tick(self, now: float, wall: datetime) -> None:
        """Periodic work of all rooms: speakers and quality, participants and rooms whose time is up."""
        for membership in list(self.memberships.values()):
            if (reason := membership.overdue(now)) is not None:
                membership.end(reason, LeaveRequest.RECONNECT)
        self.traffic.sample(self.memberships.values(), now)
        for room in list(self.rooms.values()):
            room.tick(now)
            if room.expired(wall):
                self._finish(room)

    async def _tell(self) -> None:
        while True:
            event = await self._events.get()
            for listener in self._listeners:
                try:
                    await listener(event)
                except Exception as failure:  # noqa: BLE001  # a listener's failure must not silence the others
                    log.error("media listener failed", failure=type(failure).__name__, kind=event.kind.value)
            self._events.task_done()

    def _emit(self, event: MediaEvent) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self.lost_events += 1
            log.error("media event lost: listeners do not keep up", kind=event.kind.value)

    def _changed(self, room: Room, participant: Participant) -> None:
        if participant.left:
            reason = reason_name(participant.disconnect_reason)
            self._emit(MediaEvent(MediaEventKind.PARTICIPANT_LEFT, room.name, participant.identity, reason))
        else:
            self._emit(MediaEvent(MediaEventKind.PARTICIPANT_JOINED, room.name, participant.identity))

    # Joining

    def room_for(self, claims: Claims) -> Room | None:
        """The room a token opens, None where `join` would make it. Raises JoinRefused where it would refuse."""
        if not self.is_running:
            raise JoinRefused("the media server is not running", 503)
        if not claims.room_join:
            raise JoinRefused("the access token does not allow joining a room")
        if not claims.room or not claims.identity:
            raise JoinRefused("the access token names no room or no identity", 401)
        room = self.rooms.get(claims.room)
        if room is None:
            if not self._auto_create:
                raise JoinRefused("the room does not exist", 404)
            if len(self.rooms) >= MAX_ROOMS:
                raise JoinRefused("the media server is full", 503)
            return None
        if room.reentry.revoked(claims.identity, claims.made_at):
            raise JoinRefused("this participant was removed from the room")
        if not room.has_place_for(claims.identity):
            raise JoinRefused("the room is full")
        return room

    def join(self, claims: Claims, options: JoinOptions, send: Callable[[SignalResponse], None]) -> Membership:
        """Let a verified token's holder in; someone with the same identity is put out. Raises JoinRefused."""
        room = self.room_for(claims) or self._make(claims.room, RoomLimits())
        participant = Participant(
            sid=new_sid("PA"),
            identity=claims.identity,
            name=claims.name,
            permission=claims.permission,
            joined_at=self.clock(),
            send=send,
            metadata=claims.metadata,
            attributes=claims.attributes,
            auto_subscribe=options.auto_subscribe,
            client_protocol=options.client_protocol,
        )
        if claims.permission.can_update_metadata:
            try:
                participant.describe(name=None, metadata=options.metadata or None, attributes=options.attributes)
            except TooLarge as error:
                raise JoinRefused(str(error), 400) from None
        room.reentry.recall(participant, claims.made_at)
        if (old := self.member(room.name, claims.identity)) is not None:
            old.end(DUPLICATE_IDENTITY)
        membership = Membership(
            room,
            participant,
            claims,
            self._make_peer,
            dual=options.dual,
            clock=self.clock,
            monotonic=self.monotonic,
            ended=self._ended,
        )
        membership.connection.way = room.reentry.preferred(claims.identity)
        try:
            room.join(participant)
        except RoomFull:
            self._tasks.start(membership.connection.close(), name="close refused media")
            raise JoinRefused("the room is full") from None
        self.memberships[participant.sid] = membership
        self.traffic.joins["signal_connected"] += 1
        log.info("participant joined", room=room.sid, participant=participant.sid, dual=options.dual)
        return membership

    def member(self, room: str, identity: str) -> Membership | None:
        found = self.rooms.get(room)
        participant = found.participants.get(identity) if found is not None else None
        return self.memberships.get(participant.sid) if participant is not None else None

    def renewed_token(self, membership: Membership) -> str:
        """A token for coming back: with it a client resumes, or joins again after a full reconnect.

        It stands in an address: where metadata and attributes make it too long, the room remembers them instead.
        """
        participant, now = membership.participant, self.clock()
        today = replace(
            membership.claims,
            name=participant.name,
            metadata=participant.metadata,
            attributes=participant.attributes,
            permission=participant.permission,
        )
        token = self.key.renew(today, now, RENEWED_TOKEN)
        if len(token) <= LONGEST_TOKEN:
            return token
        membership.room.reentry.remember(participant, now)
        return self.key.renew(replace(today, metadata="", attributes={}), now, RENEWED_TOKEN)

    def changed_from_outside(self, membership: Membership) -> None:
        """Tell everybody, and let no token made before this bring the old description or permissions back."""
        membership.room.redescribed(membership.participant)
        membership.room.reentry.remember(membership.participant, self.clock())
        membership.participant.send(SignalResponse(refresh_token=self.renewed_token(membership)))

    def _make_peer(self, listener: PeerListener) -> Peer:
        assert self._certificate is not None, "made by start"
        return Peer(self.port, self._certificate, listener)

    def _ended(self, membership: Membership) -> None:
        self.memberships.pop(membership.participant.sid, None)
        if membership.active_after is None:
            self.traffic.joins["rtc_failure"] += 1
        else:
            self.traffic.joins["rtc_connected"] += 1
            self.traffic.session_start.observe(1000 * membership.active_after)
        self.traffic.session_duration.observe(1000 * membership.age)
        self.traffic.faults.update(membership.connection.faults)
        self._tasks.start(membership.connection.close(), name="close media")

    def _make(self, name: str, limits: RoomLimits) -> Room:
        if len(self.rooms) >= MAX_ROOMS:
            raise MediaUnavailable("the media server is full")
        room = Room(
            name,
            new_sid("RM"),
            now=self.clock(),
            limits=limits,
            changed=self._changed,
            dropped=self.traffic.data_dropped,
        )
        self.rooms[name] = room
        return room

    def _finish(self, room: Room) -> None:
        for participant in list(room.participants.values()):
            self.memberships[participant.sid].end(ROOM_DELETED)
        if self.rooms.pop(room.name, None) is not None:
            self.traffic.room_duration.observe(max(0.0, (self.clock() - room.created_at).total_seconds()))
            self._emit(MediaEvent(MediaEventKind.ROOM_FINISHED, room.name))

    # rooms.media.MediaServer

    def open_room(self, name: str, limits: RoomLimits) -> Room:
        """Make a room, or give an existing one new limits. Raises MediaUnavailable."""
        if not self.is_running:
            raise MediaUnavailable("the media server is not running")
        room = self.rooms.get(name)
        if room is None:
            return self._make(name, limits)
        room.limits = limits
        return room

    async def is_full(self) -> bool:
        """By participants, in all rooms; an empty room counts as one who is on the way."""
        if self._max_participants is None:
            return False
        return sum(max(1, len(room.participants)) for room in self.rooms.values()) >= self._max_participants

    async def create_room(self, room: str, *, max_participants: int, empty_timeout: timedelta) -> None:
        # A meeting's room stands as long after the last has left as before the first came.
        self.open_room(room, RoomLimits(max_participants, empty_timeout, empty_timeout))

    def finish(self, name: str) -> bool:
        """End a room for everybody in it. Whether there was one."""
        if (room := self.rooms.get(name)) is None:
            return False
        self._finish(room)
        return True

    async def delete_room(self, room: str) -> None:
        self.finish(room)

    async def list_rooms(self) -> Sequence[str]:
        return list(self.rooms)

    async def list_participants(self, room: str) -> Sequence[MediaParticipant]:
        found = self.rooms.get(room)
        return [
            MediaParticipant(
                identity=participant.identity,
                sid=participant.sid,
                name=participant.name,
                joined_at=participant.joined_at,
                publishing=any(publication.live for publication in participant.publications.values()),
            )
            for participant in (found.participants.values() if found is not None else ())
        ]

    async def remove_participant(self, room: str, identity: str) -> None:
        """Out at once, and no token made until now lets this identity in again."""
        self.remove(room, identity, self.clock())

    def remove(self, room: str, identity: str, revoke_until: datetime | None) -> bool:
        """Whether it was there. revoke_until: tokens made until then open this room no more; None leaves them good."""
        found = self.rooms.get(room)
        if found is not None and revoke_until is not None:
            found.reentry.revoke(identity, revoke_until)
        membership = self.member(room, identity)
        if membership is None:
            return False
        membership.end(PARTICIPANT_REMOVED)
        return True

    async def mute_microphone(self, room: str, identity: str) -> None:
        if (membership := self.member(room, identity)) is not None:
            for publication in list(membership.participant.publications.values()):
                if publication.kind == "audio":
                    membership.room.mute_by_server(membership.participant, publication)

    async def update_participant(self, room: str, identity: str, *, name: str, attributes: Mapping[str, str]) -> None:
        if (membership := self.member(room, identity)) is not None:
            membership.participant.describe(name=name, metadata=None, attributes=attributes)
            self.changed_from_outside(membership)

    async def let_hear(self, room: str, identity: str) -> None:
        if (membership := self.member(room, identity)) is not None:
            hears = replace(membership.participant.permission, can_subscribe=True)
            membership.room.permit(membership.participant, hears)
            self.changed_from_outside(membership)

    async def send_data(self, room: str, payload: bytes, *, topic: str, identities: Sequence[str] = ()) -> None:
        try:
            routed = from_server(payload, topic=topic, identities=identities)
        except DataRefused:
            raise ValueError("data too large for one packet") from None
        if (found := self.rooms.get(room)) is not None:
            found.deliver(routed)

    def access_token(self, grant: Grant, now: datetime) -> str:
        return self.key.mint(grant, now)

    def listen(self, listener: MediaListener) -> None:
        self._listeners.append(listener)
