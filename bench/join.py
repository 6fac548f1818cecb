"""How long joining takes: from `connect()` to the others' first picture and sound, in Chromium, with five in the room.

The client is the unmodified npm livekit-client on a page without anything of ours. Five participants publish small
camera pictures and sound, encoded beforehand; a sixth joins again and again, each time in a fresh page, and receives
and decodes everything.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, async_playwright

from bench.accounting import family_seconds, usage
from bench.client import socket_url
from bench.figures import Spread, spread
from bench.machine import activity, load_average
from bench.media_server import Command, MediaServer, running
from bench.publishers import ROOM, publishing
from bench.recording import Camera

CHROMIUM = Path("/usr/bin/chromium")
CLIENT = Path("web/node_modules/livekit-client/dist/livekit-client.umd.js")
PAGE = Path(__file__).parent / "join_page"
VIDEO_BAR, AUDIO_BAR = 1000.0, 800.0

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
_LIMIT = 15_000


STEPS = ("socket", "joined", "answered", "ice", "dtls", "received")
LEAST_FRAMES = 10


class NotJoined(Exception):
    """For the operator: a participant did not get everyone's picture and sound, or could not decode them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """pause: seconds between joins."""

    joins: int = 30
    publishers: int = 5
    camera: Camera = field(default_factory=Camera)
    pause: float = 1.0


@dataclass(frozen=True, slots=True)
class Cores:
    """How many cores were used: by the media server, by publishers and browser, by everything else on the machine."""

    server: float
    bench: float
    others: float

    @property
    def total(self) -> float:
        return self.server + self.bench + self.others


@dataclass(frozen=True, slots=True)
class Join:
    """One join, in milliseconds from the call of connect().

    connected: until it resolved; first_, all_: until the first, the last of the publishers was seen or heard. steps:
    until each of STEPS: the signalling socket was open, the join response came, the first answer stood, ICE had a
    path, DTLS its keys, and the first whole frame of those first presented had arrived.
    """

    connected: float
    first_video: float
    all_video: float
    first_audio: float
    all_audio: float
    steps: dict[str, float]
    cores: Cores


@dataclass(frozen=True, slots=True)
class Outcome:
    """Milliseconds. steps: medians. standing: cores while the publishers are alone; joining: medians of all joins."""

    connected: Spread
    first_video: Spread
    all_video: Spread
    first_audio: Spread
    all_audio: Spread
    steps: dict[str, float]
    standing: Cores
    joining: Cores
    load_average: float
    joins: list[Join]

    @property
    def video_reached(self) -> bool:
        return self.first_video.p95 <= VIDEO_BAR

    @property
    def audio_reached(self) -> bool:
        return self.first_audio.p95 <= AUDIO_BAR


def read_join(measured: Mapping[str, Any], publishers: int, cores: Cores) -> Join:
    """What the page measured. Raises NotJoined where a picture or sound is missing or was not decoded."""
    video, audio = measured["video"], measured["audio"]
    if len(video) < publishers or len(audio) < publishers:
        raise NotJoined(f"{len(video)} pictures and {len(audio)} sounds of {publishers} arrived")
    frames, energy = measured["framesDecoded"], measured["audioEnergy"]
    if min(frames) < LEAST_FRAMES or min(energy) <= 0:
        raise NotJoined(f"frames decoded of each: {frames}; energy of each sound: {energy}")
    steps = {name: float(measured["steps"][name]) for name in STEPS}
    return Join(measured["connected"], min(video), max(video), min(audio), max(audio), steps, cores)


def outcome(joins: Sequence[Join], standing: Cores, load: float) -> Outcome:
    return Outcome(
        connected=spread([join.connected for join in joins]),
        first_video=spread([join.first_video for join in joins]),
        all_video=spread([join.all_video for join in joins]),
        first_audio=spread([join.first_audio for join in joins]),
        all_audio=spread([join.all_audio for join in joins]),
        steps={name: statistics.median(join.steps[name] for join in joins) for name in STEPS},
        standing=standing,
        joining=Cores(
            server=statistics.median(join.cores.server for join in joins),
            bench=statistics.median(join.cores.bench for join in joins),
            others=statistics.median(join.cores.others for join in joins),
        ),
        load_average=load,
        joins=list(joins),
    )


class Meter:
    """Cores used since it was made."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._start = time.monotonic()
        self._before = self._read()

    def cores(self) -> Cores:
        lasted = time.monotonic() - self._start
        server, bench, everything = (now - then for now, then in zip(self._read(), self._before, strict=True))
        return Cores(server / lasted, bench / lasted, max(0.0, everything - server - bench) / lasted)

    def _read(self) -> tuple[float, float, float]:
        bench = family_seconds(os.getpid(), apart_from=self._server)
        return usage(self._server).cpu, bench, activity().busy


async def measure(plan: Plan, command: Command, log: Path, tell: Callable[[str], None]) -> Outcome:
    """Raises NotJoined, Refused, NotConnected, DidNotStart, or FileNotFoundError without Chromium or livekit-client."""
    for path in (CHROMIUM, CLIENT):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing")
    async with (
        running(command, log) as server,
        _site() as site,
        _browser() as browser,
        publishing(server.access, plan.publishers, plan.camera),
    ):
        meter = Meter(server.pid)
        await asyncio.sleep(2)
        standing = meter.cores()
        tell(f"join: {plan.publishers} publish, {standing.total:.2f} cores busy")
        joins = []
        for number in range(1, plan.joins + 1):
            join = await _join(browser, site, server, plan.publishers, number)
            joins.append(join)
            tell(
                f"join {number}/{plan.joins}: video {join.first_video:.0f}-{join.all_video:.0f} ms, "
                f"audio {join.first_audio:.0f}-{join.all_audio:.0f} ms, {join.cores.total:.2f} cores busy"
            )
            await asyncio.sleep(plan.pause)
    return outcome(joins, standing, load_average())


async def _join(browser: Browser, site: str, server: MediaServer, publishers: int, number: int) -> Join:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(site)
    token = server.access.token(f"joining-{number}", ROOM, time.time())
    meter = Meter(server.pid)
    arguments = [socket_url(server.access), token, publishers, LEAST_FRAMES, _LIMIT]
    measured = await page.evaluate("a => measureJoin(...a)", arguments)
    cores = meter.cores()
    await context.close()
    return read_join(measured, publishers, cores)


@asynccontextmanager
async def _site() -> AsyncIterator[str]:
    """Serves the page and the client library."""
    app = web.Application()

    def file(path: Path) -> Callable[[web.Request], Any]:
        async def serve(_: web.Request) -> web.FileResponse:
            return web.FileResponse(path)

        return serve

    app.router.add_get("/", file(PAGE / "index.html"))
    app.router.add_get("/join.js", file(PAGE / "join.js"))
    app.router.add_get("/livekit-client.umd.js", file(CLIENT))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
