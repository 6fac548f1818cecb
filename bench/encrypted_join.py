"""What end-to-end encryption costs one who joins: our own room page in Chromium, with it and without, one after the
other. ``python -m bench.encrypted_join [joins]``.

The whole service as a process, in its demo. Five have been let in and publish small camera pictures and sound, encoded
beforehand; encrypted, each frame is sealed as livekit-client does it, with a key of their own that changes whenever
somebody comes or goes and is wrapped to each of the others (PROTOCOL.md). The sixth, a daughter, comes in again and
again through the room's page, each time in a fresh browser profile, with her own camera and microphone on. Without,
her browser gives no way to encoded frames, and a leader has let her in all the same.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import aiohttp
import uvloop
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from playwright.async_api import Browser, async_playwright

from bench.client import Access, Client
from bench.figures import spread
from bench.join import CHROMIUM, PAGE, NotJoined
from bench.machine import describe, load_average
from bench.packets import Kind, Stream
from bench.publishers import publishing
from bench.recording import Camera
from bench.results import save
from bench.soak import Seat
from db.tasks import Tasks
from tests.browser.conftest import ARGUMENTS
from tests.browser.encrypted_seat import CANNOT_ENCRYPT, SeatKeys, follow
from tests.browser.program import Program
from tests.browser.service import Service, start
from tests.browser.visitor import Visitor, visitor

HOST, JOINING = "Anna Sjödin", "Karin Edlund"
PUBLISHING = ("Tomas Edlund", "Per Wiklund", "Elin Näslund", "Leila Haddad")
PAUSE = 8.0  # seconds between two enterings: who comes too often in a minute is asked to wait
ROUNDS = 2
_LIMIT = 20.0  # seconds
_IV, _VP8_KEY, _VP8_DELTA, _AUDIO = 12, 10, 3, 1


class FrameSeal:
    """A sender's frames as livekit-client seals them (src/e2ee/worker/FrameCryptor.ts): AES-128-GCM with a random IV.

    In the clear, and authenticated, is what a forwarding server has to read: the beginning of a VP8 frame (10 bytes of
    a key frame, 3 of another; RFC 6386, 9.1), the first byte of Opus. Behind the sealed part: the IV, its length, the
    key's index.
    """

    def __init__(self) -> None:
        self._index = 0
        self._cipher: AESGCM | None = None

    def use(self, key: bytes, index: int) -> None:
        """key: the sender key, 32 bytes, from which the frames' is derived (src/e2ee/utils.ts, HKDF)."""
        self._cipher = AESGCM(HKDF(SHA256(), 16, b"LKFrameEncryptionKey", bytes(128)).derive(key))
        self._index = index

    def __call__(self, kind: Kind, frame: bytes) -> bytes:
        assert self._cipher is not None, "a key comes before the first frame"
        clear = _AUDIO if kind == "audio" else _VP8_DELTA if frame[0] & 1 else _VP8_KEY
        iv = os.urandom(_IV)
        sealed = self._cipher.encrypt(iv, frame[clear:], frame[:clear])
        return frame[:clear] + sealed + iv + bytes((_IV, self._index))


@dataclass(frozen=True, slots=True)
class Entered:
    """One entering, in milliseconds from the opening of LiveKit's socket; pressed: how long before the button was."""

    pressed: float
    first_video: float
    all_video: float
    first_audio: float
    all_audio: float


def read_entered(measured: dict[str, Any], people: int) -> Entered:
    """What the page measured. Raises NotJoined where a picture or a sound is missing."""
    video, audio = measured["video"], measured["audio"]
    if len(video) < people or len(audio) < people:
        raise NotJoined(f"{len(video)} pictures and {len(audio)} sounds of {people} came")
    return Entered(measured["pressed"], min(video), max(video), min(audio), max(audio))


class Circle:
    """A meeting, its leader and those who publish in it; the first is the home's seat, which the leader takes."""

    def __init__(self, service: Service, *, encrypted: bool) -> None:
        self.encrypted = encrypted
        self.people = [Program(service.url) for _ in (HOST, *PUBLISHING)]
        self.leader = self.people[0]
        self.tasks = Tasks()
        self.stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for person in self.people:
                await stack.enter_async_context(person)
            stack.push_async_callback(self.tasks.close)
            await self.leader.identify(HOST)
            self.planned = await self.leader.plan(JOINING, *PUBLISHING)
            stack.push_async_callback(self.leader.call, "POST", f"/api/v1/meetings/{self.planned.id}/end")
            self.signer = (await self.leader.call("GET", "/api/v1/vouching-key"))["key"]
            for person, name in zip(self.people[1:], PUBLISHING, strict=True):
                await person.identify(name, self.planned.links[name])
            self.stack = stack.pop_all()
        return self

    async def __aexit__(self, *what: object) -> None:
        await self.stack.aclose()

    async def seat(self, number: int, key: str) -> dict[str, Any]:
        """What the service answers a join with; key: the seat's own, base64url."""
        person = self.people[number]
        person.key = key
        if number and "participant_token" not in await person.knock(self.planned.id):
            await self.let_in(PUBLISHING[number - 1])
        seat: dict[str, Any] = await person.join(self.planned.id, home=number == 0)
        return seat

    async def let_in(self, name: str, *, unencrypted: bool = False) -> None:
        """Raises Problem, TimeoutError."""
        one = await self.leader.participant(self.planned.id, name)
        await self.leader.admit(self.planned.id, one["id"], unencrypted=unencrypted)


class Publisher(Client):
    """One of a circle's people; sealed, its frames can be opened by those it gives its key."""

    def __init__(self, circle: Circle, *where: Any, new_stream: Callable[..., Stream], **client: Any) -> None:
        self._circle = circle
        self._seal = FrameSeal()
        if circle.encrypted:
            new_stream = partial(new_stream, seal=self._seal)
        super().__init__(*where, new_stream=new_stream, is_encrypted=circle.encrypted, **client)

    async def join(self, http: aiohttp.ClientSession, access: Access, now: float) -> None:  # noqa: ARG002
        circle = self._circle
        keys = SeatKeys(circle.planned.id, circle.signer)
        answer = await circle.seat(self.number, keys.public)
        keys.identity = answer["identity"]
        self._seal.use(keys.key, keys.generation)
        socket = await circle.stack.enter_async_context(circle.people[self.number].events(circle.planned.id))

        def use(identity: str, key: bytes, index: int) -> None:
            if identity == keys.identity:
                self._seal.use(key, index)

        circle.tasks.start(follow(socket, keys, use), name="keys")
        url = answer["server_url"].replace("ws", "http", 1)
        await super().join(http, Seat(url, "", "", answer["participant_token"]), now)


async def _enter(browser: Browser, circle: Circle, service: Service, cookies: Any) -> Entered:
    """The daughter comes in, is measured, and goes again."""
    person = await _daughter(browser, circle, service, storage_state=cookies)
    await person.page.goto(f"/meetings/{circle.planned.id}/room")
    await person.be_ready()
    measured = await person.page.evaluate("a => measureEntering(...a)", [len(circle.people), _LIMIT * 1000])
    await person.context.close()
    return read_entered(measured, len(circle.people))


async def _daughter(browser: Browser, circle: Circle, service: Service, **options: Any) -> Visitor:
    person = await visitor(browser, service.url, JOINING, "desk", **options)
    await person.context.add_init_script(path=PAGE / "watch.js")
    if not circle.encrypted:
        await person.context.add_init_script(CANNOT_ENCRYPT)
    return person


async def _measure(service: Service, browser: Browser, joins: int, *, encrypted: bool) -> list[Entered]:
    """Raises NotJoined, Refused, NotConnected."""
    async with Circle(service, encrypted=encrypted) as circle:
        new = partial(Publisher, circle)
        async with publishing(Access("", "", ""), len(circle.people), Camera(), new_client=new):
            person = await _daughter(browser, circle, service)
            await person.scan_code(circle.planned.links[JOINING])
            await person.go_to_lobby(circle.planned.id)
            await circle.let_in(JOINING, unencrypted=not encrypted)
            await person.in_room()
            cookies = await person.context.storage_state()
            await person.context.close()
            entered = []
            for _ in range(joins):
                await asyncio.sleep(PAUSE)
                entered.append(await _enter(browser, circle, service, cookies))
                print(f"{'encrypted' if encrypted else 'plain'}: {entered[-1]}", file=sys.stderr)
        return entered


async def measure(joins: int, folder: Path) -> dict[str, list[Entered]]:
    """So many of each kind, in two halves that take turns."""
    service = start(folder)
    found: dict[str, list[Entered]] = {"encrypted": [], "plain": []}
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
            for _ in range(ROUNDS):
                for name in found:
                    found[name] += await _measure(service, browser, -(-joins // ROUNDS), encrypted=name == "encrypted")
            await browser.close()
    finally:
        service.stop()
    return found


def main() -> None:
    """Measures, prints a table and writes build/bench/encrypted_join.json."""
    with TemporaryDirectory() as folder:
        results = uvloop.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20, Path(folder)))
    save("encrypted_join", describe(), {"load": load_average()}, results)
    for kind, entered in results.items():
        for part in fields(Entered):
            figure = spread([getattr(one, part.name) for one in entered])
            values = f"p50 {figure.median:5.0f}  p95 {figure.p95:5.0f}  {figure.low:.0f}-{figure.high:.0f}"
            print(f"{kind:10} {part.name:12} {values}")


if __name__ == "__main__":
    main()
