"""Joins and leaves for a long time: ``python -m bench.soak [minutes] [settled]``, one line of JSON; bar 1 MiB/h.

The whole service as a process, in its demo. Two hosts hold one meeting after another: they plan it, identify the
invited, let them in, exchange media; one leaves and comes back, one vanishes without a word, one is put out; then the
meeting ends and everybody logs out. Memory (resident, /proc) is read every few seconds; the slope is the least-squares
line after the warm-up through the lowest of every few minutes, for memory goes up and down by some MiB as Python's
collector of cycles comes round; the line through all samples is told too, and each stands in build/bench/soak.json. At
the end nothing may be left of rooms, participants and sessions.

settled: before each sample the service is made to collect its cycles and to give back what it has free. What is then
left is in use, and grows only if something is kept; the line is through all samples.
"""

import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiortc.rtcdtlstransport import RTCCertificate

from bench.accounting import usage
from bench.client import Access, Client
from bench.connection import Poller
from bench.machine import describe
from bench.packets import Stream
from bench.results import save
from tests.browser.program import Planned, Program
from tests.browser.service import Service, start

BAR = 1.0  # MiB an hour
WARM_UP = 0.4  # of the time
SAMPLE_EVERY = 5.0  # seconds
SETTLING = """
import ctypes, gc, signal, sys
from signaling.cli import main
signal.signal(signal.SIGUSR1, lambda *_: (gc.collect(), ctypes.CDLL(None).malloc_trim(0)))
sys.argv[1:] = ["demo"]
sys.exit(main())
"""
SETTLED_IN = 1.0  # seconds
FLOORS = 5  # parts of the time after the warm-up, each longer than the collector's round
FAREWELL = 25.0  # seconds after the last meeting: one who vanished is kept for 15
SLOW = 4  # a quarter of a full load's packets: the soak is of joins, not of forwarding
PATIENCE = 30.0
HOSTS = (("Anna Sjödin", ("Karin Edlund", "Per Wiklund")), ("Leila Haddad", ("Tomas Edlund", "Elin Näslund")))


@dataclass(frozen=True, slots=True)
class Seat(Access):
    """What the service answered a join with, in the form the load generator's client takes."""

    ticket: str = ""

    def token(self, identity: str, room: str, now: float) -> str:  # noqa: ARG002  they stand in the ticket
        return self.ticket


@dataclass
class Tally:
    meetings: int = 0
    joins: int = 0
    vanished: int = 0
    identified_again: int = 0
    samples: list[tuple[float, float]] = field(default_factory=list)  # hours, MiB


def slope(samples: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Least squares: (what is gained per unit of time, its standard error). Needs three samples."""
    times, values = [at for at, _ in samples], [value for _, value in samples]
    line = statistics.linear_regression(times, values)
    middle = statistics.fmean(times)
    spread = sum((at - middle) ** 2 for at in times)
    squares = sum((value - line.slope * at - line.intercept) ** 2 for at, value in samples)
    return line.slope, (squares / (len(samples) - 2) / spread) ** 0.5


def floors(samples: Sequence[tuple[float, float]], parts: int = FLOORS) -> list[tuple[float, float]]:
    """The lowest sample of each of so many parts."""
    size = -(-len(samples) // parts)
    return [min(samples[at : at + size], key=lambda one: one[1]) for at in range(0, len(samples), size)]


class Visitor:
    """One person's media in one meeting."""

    def __init__(self, number: int, soak: "Soak") -> None:
        self.client = Client(number, "", soak.certificate, soak.poller)
        self._soak = soak
        self._tasks: list[asyncio.Task[None]] = []
        self._is_gone = False

    async def enter(self, seat: dict[str, Any]) -> None:
        self._soak.tally.joins += 1
        access = Seat(seat["server_url"].replace("ws", "http", 1), "", "", seat["participant_token"])
        await self.client.join(self._soak.http, access, time.time())
        group = self._soak.group
        self._tasks.append(group.create_task(self._read()))
        async with asyncio.timeout(PATIENCE):
            await self.client.connect()
        self._tasks += [group.create_task(self._send(stream)) for stream in self.client.streams]

    async def _read(self) -> None:
        with contextlib.suppress(Exception):  # sent away: that is part of it
            await self.client.read()

    async def _send(self, stream: Stream) -> None:
        while True:
            if stream.kind == "audio" and random.random() < 0.02:
                self.client.connection.check()
            for packet in stream.burst(time.monotonic_ns()):
                self.client.connection.send_rtp(packet)
            await asyncio.sleep(stream.interval * SLOW)

    async def leave(self, *, vanish: bool = False) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        for task in self._tasks:
            task.cancel()
        if vanish:
            self._soak.tally.vanished += 1
            await self.client.vanish()
        else:
            await self.client.leave()


class Soak:
    def __init__(
        self, service: Service, http: aiohttp.ClientSession, group: asyncio.TaskGroup, *, settled: bool
    ) -> None:
        self.service = service
        self.settled = settled
        self.http = http
        self.group = group
        self.tally = Tally()
        self.poller = Poller()
        self.certificate = RTCCertificate.generateCertificate()
        self._numbers = iter(range(1 << 30))

    async def run(self, minutes: float) -> None:
        begun = time.monotonic()
        until = begun + minutes * 60
        self.poller.attach(asyncio.get_running_loop())
        watch = self.group.create_task(self._watch(begun))
        try:
            await asyncio.gather(*(self._hold_meetings(host, names, until) for host, names in HOSTS))
        finally:
            watch.cancel()
            self.poller.detach(asyncio.get_running_loop())
            self.poller.close()

    async def _watch(self, begun: float) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY)
            if self.settled:
                self.service.process.send_signal(signal.SIGUSR1)
                await asyncio.sleep(SETTLED_IN)
            self.tally.samples.append(((time.monotonic() - begun) / 3600, usage(self.service.process.pid).resident))

    async def _hold_meetings(self, host: str, names: Sequence[str], until: float) -> None:
        async with Program(self.service.url) as leader:
            await leader.identify(host)
            while time.monotonic() < until:
                planned = await leader.plan(*names)
                async with contextlib.AsyncExitStack() as stack:
                    people = [await stack.enter_async_context(Program(self.service.url)) for _ in names]
                    await self._meet(leader, people, names, planned)
                    for person in people:
                        await person.call("POST", "/auth/logout")
                self.tally.meetings += 1
            await leader.call("POST", "/auth/logout")

    async def _meet(self, leader: Program, people: Sequence[Program], names: Sequence[str], planned: Planned) -> None:
        home = await self._sit(await leader.join(planned.id, home=True))
        for name, person in zip(names, people, strict=True):
            await self._identify(person, name, planned.links[name])
            await person.knock(planned.id)
        await leader.first_event(planned.id)
        await leader.admit(planned.id, seconds=PATIENCE)
        guests = [await self._sit(await person.join(planned.id)) for person in people]
        await asyncio.sleep(random.uniform(2, 4))
        await guests[0].leave()
        guests[0] = await self._sit(await people[0].join(planned.id))
        await asyncio.sleep(random.uniform(1, 3))
        await guests[1].leave(vanish=True)
        if random.random() < 0.5:
            guests[1] = await self._sit(await people[1].join(planned.id))
        participant = await leader.participant(planned.id, names[0])
        await leader.call("POST", f"/api/v1/meetings/{planned.id}/participants/{participant['id']}/remove")
        await leader.call("POST", f"/api/v1/meetings/{planned.id}/end")
        for visitor in (*guests, home):
            await visitor.leave()

    async def _identify(self, person: Program, name: str, link: str) -> None:
        """On a starved machine an order can be over its time before it is approved; who tries again gets in."""
        for _ in range(3):
            if (await person.identify(name, link))["status"] == "complete":
                return
            self.tally.identified_again += 1
        raise TimeoutError("nobody could identify")

    async def _sit(self, seat: dict[str, Any]) -> Visitor:
        visitor = Visitor(next(self._numbers), self)
        await visitor.enter(seat)
        return visitor


async def left_over(service: Service) -> dict[str, int]:
    """What is still there: rooms and participants by the service's own figures, sessions by its database."""
    async with aiohttp.ClientSession() as http, http.get(f"{service.url}/metrics") as answer:
        lines = [line.split() for line in (await answer.text()).splitlines() if not line.startswith("#")]
    wanted = {"livekit_room_total": "rooms", "livekit_participant_total": "participants"}
    found = {wanted[words[0]]: int(float(words[-1])) for words in lines if words[0] in wanted}
    with contextlib.closing(sqlite3.connect(service.data / "hemmaplan.db")) as database:
        found["sessions"] = int(database.execute("SELECT COUNT(*) FROM sessions").fetchone()[0])
    return found


async def measure(minutes: float, folder: Path, *, settled: bool) -> dict[str, Any]:
    """Raises what the first failing visitor raised."""
    service = start(folder, command=[sys.executable, "-c", SETTLING] if settled else ())
    try:
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            soak = Soak(service, http, group, settled=settled)
            await soak.run(minutes)
        await asyncio.sleep(FAREWELL)
        left = await left_over(service)
    finally:
        service.stop()
    tally = soak.tally
    after = [sample for sample in tally.samples if sample[0] > minutes / 60 * WARM_UP]
    gained, error = slope(after if settled else floors(after))
    all_gained, all_error = slope(after)
    samples = [{"hours": at, "resident": size} for at, size in tally.samples]
    save("soak", describe(), {"minutes": minutes, "settled": settled}, samples)
    return {
        "name": f"soak of {minutes:g} minutes" + (", settled" if settled else ""),
        "figure": round(gained, 2),
        "bar": BAR,
        "reached": gained <= BAR and not any(left.values()),
        "error": round(error, 2),
        "of_all_samples": round(all_gained, 2),
        "error_of_all": round(all_error, 2),
        "first": round(statistics.fmean(value for _, value in after[:12]), 1),
        "last": round(statistics.fmean(value for _, value in after[-12:]), 1),
        "meetings": tally.meetings,
        "joins": tally.joins,
        "vanished": tally.vanished,
        "identified_again": tally.identified_again,
        "left": left,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        how_long = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
        print(json.dumps(asyncio.run(measure(how_long, Path(folder), settled="settled" in sys.argv[2:]))))
