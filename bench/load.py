"""A fixed load on a media server: rooms full of clients that all send and all receive, in one thread on one core."""

import asyncio
import gc
import heapq
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiortc.rtcdtlstransport import RTCCertificate

from bench.client import Access, Client, Track, identity
from bench.connection import Connection, Inspection, NotConnected, Poller
from bench.packets import AUDIO_RATE, FRAME_RATE, PACKETS_A_FRAME, Kind, Stream
from bench.rtcp import Sent, receiver_report, sender_report, source_description

ROOM = 6
PACKETS_A_SECOND = FRAME_RATE * PACKETS_A_FRAME + AUDIO_RATE
"""What one participant sends."""

_JOIN = 60.0
_TICK = 0.001
_COARSE_TICK = 0.005
_REPORT_EVERY = 1.0
_FEEDBACK_EVERY = 0.1
_CONSENT_EVERY = 2.5
_INTRODUCE_EVERY = 0.1
_QUIET = 1.0
_GOLDEN = 0.6180339887
# Decrypting all that 48 clients get is more than one core can do in Python.
_DECRYPTING = 12


class NotDelivered(Exception):
    """For the operator: the load was not what it should be, so any figure taken from it would be false."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one run of the load came to, in packets. lasted: seconds, with the wait for the last packets.

    planned: what the clients should send, expected: what they should then receive. worst: the share of its packets that
    the worst served receiver got of one track. stray: media packets of no known track. lateness: seconds, the most by
    which the generator sent after its own plan.
    """

    lasted: float
    planned: int
    sent: int
    expected: int
    received: int
    worst: float
    stray: int
    lateness: float

    @property
    def share(self) -> float:
        return self.received / self.expected if self.expected else 0.0

    def demand(self, least: float) -> None:
        """Raises NotDelivered if less than this share was sent or received, in all or by anyone."""
        if self.sent < self.planned * least:
            raise NotDelivered(f"the load generator sent {self.sent} of {self.planned} packets: it did not keep up")
        if self.share > 2 - least:
            raise NotDelivered(f"{self.received} of {self.expected} packets arrived: some are of before, or doubled")
        if self.share < least:
            raise NotDelivered(f"{self.received} of {self.expected} packets arrived ({self.share:.1%})")
        # One receiver's one audio track is 50 packets a second: a single packet may weigh as much as the limit.
        if self.worst < least - 0.05:
            raise NotDelivered(f"one receiver got {self.worst:.1%} of a track")


@dataclass(frozen=True, slots=True)
class _Task:
    interval: int
    action: Callable[[int], None]


class Participant(Protocol):
    """A client of any server; `bench.client.Client` is one, and tells what the members mean."""

    number: int
    room: str
    connection: Connection
    sending: Connection
    streams: list[Stream]
    tracks: dict[int, Track]

    async def join(self, http: aiohttp.ClientSession, access: Access, now: float) -> None: ...
    async def read(self) -> None: ...
    async def connect(self) -> None: ...
    async def subscribed(self, tracks: int) -> None: ...
    async def leave(self) -> None: ...
    async def vanish(self) -> None: ...


NewParticipant = Callable[[int, str, RTCCertificate, Poller], Participant]


class Load:
    """Clients of full rooms. Nothing is sent until `run` or `verify`."""

    def __init__(
        self, clients: Sequence[Participant], poller: Poller, size: int = ROOM, *, feedback: bool = False
    ) -> None:
        for client in clients:
            client.connection.tells_arrivals = feedback
        self.clients = clients
        self.size = size
        self._poller = poller
        self._tasks = [task for client in clients for task in _tasks(client)]

    async def run(self, seconds: float) -> Delivery:
        """Send for so long, then wait until nothing more arrives."""
        tracks = {identity(client.number): {s.kind: s for s in client.streams} for client in self.clients}
        sent = {name: {kind: stream.packets for kind, stream in streams.items()} for name, streams in tracks.items()}
        received = [{ssrc: r.packets for ssrc, r in c.connection.receptions.items()} for c in self.clients]
        strays = sum(client.connection.stray for client in self.clients)
        start = time.monotonic()
        missing = self._sent() * (self.size - 1) - self._received()
        lateness = await self._drive(seconds)
        await self._drained(self._sent() * (self.size - 1) - missing)
        for name, streams in tracks.items():
            for kind, stream in streams.items():
                sent[name][kind] = stream.packets - sent[name][kind]
        shares, total, expected = [], 0, 0
        for client, before in zip(self.clients, received, strict=True):
            for ssrc, reception in client.connection.receptions.items():
                track = client.tracks[ssrc]
                count, due = reception.packets - before.get(ssrc, 0), sent[track.publisher][track.kind]
                total, expected = total + count, expected + due
                shares.append(count / due if due else 0.0)
        all_sent = sum(sum(kinds.values()) for kinds in sent.values())
        return Delivery(
            lasted=time.monotonic() - start,
            planned=round(len(self.clients) * PACKETS_A_SECOND * seconds),
            sent=all_sent,
            expected=all_sent * (self.size - 1),
            received=total,
            worst=min(shares, default=0.0),
            stray=sum(client.connection.stray for client in self.clients) - strays,
            lateness=lateness,
        )

    async def idle(self, seconds: float) -> None:
        """Send no media, only what keeps the connections; the server has nothing to forward."""
        await asyncio.sleep(seconds)

    async def keep_sending(self) -> None:
        """Send until cancelled, in ticks of 5 ms; the event loop drains. For a load that is not itself measured."""
        clock, tasks = time.monotonic_ns, self._tasks
        plan = _plan(tasks, clock())
        while True:
            now = clock()
            while plan[0][0] <= now:
                due, index = plan[0]
                tasks[index].action(now)
                heapq.heapreplace(plan, (due + tasks[index].interval, index))
            await asyncio.sleep(_COARSE_TICK)

    async def verify(self, seconds: float) -> tuple[Delivery, list[float]]:
        """Run with every packet decrypted, a few rooms at a time: who gets what? `seconds` for each of those parts.

        Gives the least good delivery of all parts and the forwarding delays in seconds. Raises NotDelivered where a
        packet does not decrypt, is none of ours or not of whom the server said, or where someone lacks a track of
        someone else in the room.
        """
        delays: list[float] = []
        deliveries = []
        for at in range(0, len(self.clients), _DECRYPTING):
            part = self.clients[at : at + _DECRYPTING]
            deliveries.append(await self._inspected(part, seconds, delays))
        return min(deliveries, key=lambda delivery: delivery.share), delays

    async def _inspected(self, part: Sequence[Participant], seconds: float, delays: list[float]) -> Delivery:
        inspections = [Inspection() for _ in part]
        for client, inspection in zip(part, inspections, strict=True):
            client.connection.inspection = inspection
        try:
            delivery = await self.run(seconds)
        finally:
            for client in part:
                client.connection.inspection = None
        for client, inspection in zip(part, inspections, strict=True):
            complaint = self._complaint(client, inspection)
            if complaint:
                raise NotDelivered(f"{identity(client.number)}: {complaint}")
            delays += [delay / 1e9 for delay in inspection.delays]
        return delivery

    def _complaint(self, client: Participant, inspection: Inspection) -> str:
        if inspection.undecryptable or inspection.foreign:
            return f"{inspection.undecryptable} packets did not decrypt, {inspection.foreign} were none of ours"
        got: set[tuple[int, Kind]] = set()
        numbers = {identity(other.number): other.number for other in self.clients}
        for ssrc, senders in inspection.senders.items():
            track = client.tracks[ssrc]
            if senders != {(numbers[track.publisher], track.kind)}:
                return f"SSRC {ssrc} carried another track than the server said"
            got |= senders
        others = {other.number for other in self.clients if other.room == client.room} - {client.number}
        missing = {(number, kind) for number in others for kind in ("audio", "video")} - got
        pictures = sum(kind == "video" for _, kind in missing)
        return f"{len(missing)} tracks of others never arrived, {pictures} of them pictures" if missing else ""

    async def _drive(self, seconds: float) -> float:
        loop = asyncio.get_running_loop()
        self._poller.detach(loop)
        clock, tasks, drain = time.monotonic_ns, self._tasks, self._poller.drain
        worst = 0
        try:
            with _no_collection():
                start = clock()
                end = start + int(seconds * 1e9)
                plan = _plan(tasks, start)
                now = start
                while now < end:
                    now = clock()
                    # At the end what is overdue is still sent, late: the load is then whole, and the lateness told.
                    while plan[0][0] <= min(now, end):
                        due, index = plan[0]
                        task = tasks[index]
                        task.action(now)
                        worst = max(worst, now - due)
                        heapq.heapreplace(plan, (due + task.interval, index))
                    drain()
                    await asyncio.sleep(_TICK)
        finally:
            self._poller.attach(loop)
        return worst / 1e9

    async def _drained(self, count: int) -> None:
        """Wait until so many packets have arrived, or nothing more comes: a starved server is late, not lossy."""
        seen, since = -1, time.monotonic()
        while seen < count and time.monotonic() - since < _QUIET:
            await asyncio.sleep(_TICK)
            if (now := self._received()) != seen:
                seen, since = now, time.monotonic()

    def _received(self) -> int:
        return sum(r.packets for client in self.clients for r in client.connection.receptions.values())

    def _sent(self) -> int:
        return sum(stream.packets for client in self.clients for stream in client.streams)


def room_name(number: int) -> str:
    return f"bench-room-{number}"


def _plan(tasks: Sequence[_Task], start: int) -> list[tuple[int, int]]:
    """(when, which) as a heap; first times are spread evenly, and the same in every run."""
    plan = [(start + int(index * _GOLDEN % 1 * task.interval), index) for index, task in enumerate(tasks)]
    heapq.heapify(plan)
    return plan


def _tasks(client: Participant) -> list[_Task]:
    sending, receiving = client.sending, client.connection

    def media(stream: Stream) -> Callable[[int], None]:
        def send(now: int) -> None:
            if stream.ssrc in sending.key_frames_wanted:
                sending.key_frames_wanted.discard(stream.ssrc)
                stream.key_frame_wanted = True
            for packet in stream.burst(now):
                sending.send_rtp(packet)

        return send

    def report(now: int) -> None:
        for stream in client.streams:
            at = time.time() - (now - stream.at) / 1e9
            sending.send_rtcp(
                sender_report(Sent(stream.ssrc, stream.timestamp, stream.packets, stream.octets, at))
                + source_description(stream.ssrc, "bench")
            )
        if receiving.receptions:
            receiving.send_rtcp(receiver_report(client.streams[0].ssrc, list(receiving.receptions.values())))

    def feedback(_now: int) -> None:
        receiving.send_feedback(client.streams[0].ssrc)

    telling = [_Task(int(_FEEDBACK_EVERY * 1e9), feedback)] if receiving.tells_arrivals else []
    return [
        *telling,
        *(_Task(int(stream.interval * 1e9), media(stream)) for stream in client.streams),
        _Task(int(_REPORT_EVERY * 1e9), report),
    ]


@contextmanager
def _no_collection() -> Iterator[None]:
    """A garbage collection of the generator would look like a pause of the server."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _keep_consent(clients: Sequence[Participant]) -> None:
    """Check every connected path now and then, whatever else goes on (RFC 7675)."""
    while True:
        await asyncio.sleep(_CONSENT_EVERY)
        for client in clients:
            if client.streams:
                for connection in {client.connection, client.sending}:
                    if connection.is_connected:
                        connection.check()


async def _introduce(clients: Sequence[Participant]) -> None:
    """Send a little of everything: LiveKit tells of a track when its media has come."""
    while True:
        for client in clients:
            for stream in client.streams:
                for packet in stream.burst(time.monotonic_ns()):
                    client.sending.send_rtp(packet)
        await asyncio.sleep(_INTRODUCE_EVERY)


async def _join(
    clients: Sequence[Participant], http: aiohttp.ClientSession, access: Access, tasks: asyncio.TaskGroup, tracks: int
) -> None:
    try:
        async with asyncio.timeout(_JOIN):
            for client in clients:
                await client.join(http, access, time.time())
                tasks.create_task(client.read())
                await client.connect()
            introducing = tasks.create_task(_introduce(clients))
            for client in clients:
                await client.subscribed(tracks)
            introducing.cancel()
    except TimeoutError:
        ready = sum(len(client.tracks) >= tracks for client in clients)
        raise NotConnected(f"after {_JOIN:.0f} s {ready} of {len(clients)} clients had all tracks") from None


@asynccontextmanager
async def joined(
    access: Access,
    rooms: int,
    size: int = ROOM,
    *,
    participant: NewParticipant = Client,
    feedback: bool = False,
) -> AsyncIterator[Load]:
    """Full rooms of clients, everyone told of everyone's tracks. Raises Refused or NotConnected."""
    poller = Poller()
    loop = asyncio.get_running_loop()
    certificate = RTCCertificate.generateCertificate()
    clients = [participant(number, room_name(number // size), certificate, poller) for number in range(rooms * size)]
    poller.attach(loop)
    try:
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
            consent = tasks.create_task(_keep_consent(clients))
            try:
                await _join(clients, http, access, tasks, 2 * (size - 1))
                yield Load(clients, poller, size, feedback=feedback)
            finally:
                consent.cancel()
                for client in clients:
                    await client.leave()
                poller.detach(loop)
                poller.close()
    except BaseExceptionGroup as group:
        # What one reader was told, or what the caller raised: the group says no more than that.
        raise group.exceptions[0] from None
