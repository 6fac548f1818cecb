"""A UDP relay in user space that stands for a poor path to one client: a rate, a bounded queue, loss."""

import asyncio
import random
import time
from collections import Counter, deque
from typing import Any

from sfu.peer import Peer, PeerListener
from tests.sfu.sdk_client import MediaHost

STEP = 0.002  # seconds


class _Port:
    """The server's port as one client is told of it."""

    def __init__(self, port: Any, candidates: tuple[str, ...]) -> None:
        self._port = port
        self.candidates = candidates

    def associate(self) -> Any:
        return self._port.associate()

    def gathered(self, track: Any) -> bool:
        return bool(self._port.gathered(track))


class _Back(asyncio.DatagramProtocol):
    def __init__(self, relay: "Relay", client: Any) -> None:
        self.relay = relay
        self.client = client

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002  asyncio's signature
        self.relay.queue(data, self.client)


class Relay(asyncio.DatagramProtocol):
    """rate: bit/s towards the client, None for no limit. dropped, passed: RTP packets towards it by SSRC."""

    def __init__(self, host: MediaHost, *, queue: int = 30_000) -> None:
        self.rate: float | None = None
        self.loss = 0.0
        self.dropped: Counter[int] = Counter()
        self.passed: Counter[int] = Counter()
        self.octets = 0
        self._host = host
        self._limit = queue
        self._waiting: deque[tuple[bytes, Any]] = deque()
        self._queued = 0
        self._credit = 0.0
        self._at = time.monotonic()
        self._back: dict[Any, asyncio.DatagramTransport] = {}
        self._opening: set[Any] = set()
        self._dice = random.Random(1)
        self._front: Any = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        address = self._host.server.port.candidates[0].split()[4]
        self._front, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, 0))
        self._address = address
        self._task = loop.create_task(self._pump())

    def stand_between(self) -> None:
        """Whoever joins from now on is told of the relay instead of the server."""
        server = self._host.server
        number = self._front.get_extra_info("sockname")[1]
        line = f"candidate:1 1 udp 2130706431 {self._address} {number} typ host"
        port: Any = _Port(server.port, (line,))
        certificate = server._certificate
        assert certificate is not None

        def make_peer(listener: PeerListener) -> Peer:
            return Peer(port, certificate, listener)

        server._make_peer = make_peer  # type: ignore[method-assign]  # for one client of this test

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for transport in (self._front, *self._back.values()):
            transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        back = self._back.get(addr)
        if back is not None:
            back.sendto(data)
        elif addr not in self._opening:
            self._opening.add(addr)
            self._open_back(addr)

    def _open_back(self, client: Any) -> None:
        async def opening() -> None:
            loop = asyncio.get_running_loop()
            server = (self._address, self._host.server.port.number)
            self._back[client], _ = await loop.create_datagram_endpoint(lambda: _Back(self, client), remote_addr=server)

        self._opened = asyncio.get_running_loop().create_task(opening())

    def queue(self, data: bytes, client: Any) -> None:
        ssrc = int.from_bytes(data[8:12], "big") if 128 <= data[0] < 192 and not 192 <= data[1] <= 223 else 0
        if self._queued + len(data) > self._limit or self._dice.random() < self.loss:
            self.dropped[ssrc] += 1
            return
        self.passed[ssrc] += 1
        self._waiting.append((data, client))
        self._queued += len(data)
        if self.rate is None:
            self._let_go(1e9)

    def _let_go(self, credit: float) -> float:
        while self._waiting and credit > 0:
            data, client = self._waiting.popleft()
            self._queued -= len(data)
            self.octets += len(data)
            credit -= len(data) + 28
            self._front.sendto(data, client)
        return credit

    async def _pump(self) -> None:
        while True:
            await asyncio.sleep(STEP)
            now = time.monotonic()
            if self.rate is not None:
                # Nothing is saved up while nothing waits: a radio link has no bursts.
                credit = self._credit + (now - self._at) * self.rate / 8
                self._credit = self._let_go(credit if self._waiting else min(credit, 0.0))
            elif self._waiting:
                self._let_go(1e9)
            self._at = now
