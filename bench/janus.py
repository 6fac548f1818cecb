"""Janus' VideoRoom under the same load: its server, configured for that, and a participant that speaks its API.

https://janus.conf.meetecho.com/docs/rest.html (WebSockets), .../videoroom.html. A participant has two connections: one
it publishes on, and one for everything it is sent (multistream subscription).
"""

import asyncio
import itertools
import random
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiortc.rtcdtlstransport import RTCCertificate

from bench.client import Access, Refused, Track, identity
from bench.connection import Connection, Poller
from bench.media_server import MediaServer, free_port, started
from bench.packets import Kind, Stream, TransportSequence
from bench.rtcp import Reception
from bench.session_description import OPUS, VP8, OfferedSection, answer, offer, read_answer
from sfu.udp_port import own_addresses

PROGRAM = "janus"
_ANSWER = 20.0
_KEEP_ALIVE = 20.0
_KINDS: tuple[Kind, Kind] = ("audio", "video")


def is_installed() -> bool:
    """Whether Debian's package is here."""
    return shutil.which(PROGRAM) is not None


def _libraries() -> Path:
    return next(iter(sorted(Path("/").glob("usr/lib/*-linux-gnu/janus"))))


def configure(folder: Path, port: int, libraries: Path) -> None:
    """The defaults, but nothing loaded that is not used, and ICE-lite as the other servers."""
    empty = folder / "none"
    empty.mkdir()
    paths = "\n".join(f'  {name}_folder = "{empty}"' for name in ("events", "loggers"))
    (folder / "janus.jcfg").write_text(
        f'general: {{\n  configs_folder = "{folder}"\n  plugins_folder = "{libraries}/plugins"\n'
        f'  transports_folder = "{libraries}/transports"\n{paths}\n  debug_level = 3\n}}\n'
        f'nat: {{\n  ice_lite = true\n  ice_enforce_list = "{own_addresses()[0]}"\n}}\n'
        "plugins: {\n  disable = "
        + '"'
        + ",".join(f.name for f in (libraries / "plugins").glob("*.so") if "videoroom" not in f.name)
        + '"\n}\ntransports: {\n  disable = "'
        + ",".join(f.name for f in (libraries / "transports").glob("*.so") if "websockets" not in f.name)
        + '"\n}\n'
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{\n  json = "compact"\n  ws = true\n  ws_port = {port}\n  ws_ip = "127.0.0.1"\n}}\n'
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: {\n}\n")


@asynccontextmanager
async def running(log: Path, core: int | None = None) -> AsyncIterator[MediaServer]:
    """Janus on a free port. Raises DidNotStart."""
    port = free_port()
    libraries = _libraries()
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder), port, libraries)
        async with started([PROGRAM, "-F", folder], port, log, core) as pid:
            yield MediaServer(pid, Access(f"http://127.0.0.1:{port}", "", ""))


class JanusParticipant:
    """As `bench.client.Client`."""

    def __init__(self, number: int, room: str, certificate: RTCCertificate, poller: Poller) -> None:
        self.number = number
        self.room = room
        self.sending = Connection(certificate, poller)
        self.connection = Connection(certificate, poller)
        self.streams: list[Stream] = []
        self.tracks: dict[int, Track] = {}
        self._room = 1000 + int(room.rpartition("-")[2])
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._transactions = itertools.count()
        self._session = 0
        self._publisher = 0

    async def join(self, http: aiohttp.ClientSession, access: Access, now: float) -> None:  # noqa: ARG002  no tokens here
        """Open the socket; all else waits until it is read."""
        address = access.url.replace("http", "ws", 1)
        self._socket = await http.ws_connect(address, protocols=("janus-protocol",), max_msg_size=0)

    async def read(self) -> None:
        """Hand answers to who waits for them, until the socket closes, and keep the session alive."""
        assert self._socket is not None
        while True:
            try:
                message = await self._socket.receive(timeout=_KEEP_ALIVE)
            except TimeoutError:
                await self._socket.send_json(
                    {"janus": "keepalive", "session_id": self._session, "transaction": "alive"}
                )
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            event = message.json()
            if event["janus"] == "ack":
                continue
            waiting = self._waiting.pop(event.get("transaction", ""), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(event)

    async def connect(self) -> None:
        """Enter the room, publish and bring that connection up."""
        self._session = int((await self._ask({"janus": "create"}))["data"]["id"])
        self._publisher = await self._attach()
        # Whoever comes first makes the room; to the others it says that it is there.
        room = {"request": "create", "room": self._room, "publishers": 20, "bitrate": 0, "fir_freq": 0}
        await self._message(self._publisher, {**room, "audiocodec": "opus", "videocodec": "vp8"})
        name = {"ptype": "publisher", "room": self._room, "display": identity(self.number)}
        await self._message(self._publisher, {"request": "join", **name})
        ssrcs = {kind: random.randrange(1, 2**32) for kind in _KINDS}
        sections = [OfferedSection(kind, str(i), ssrcs[kind], kind) for i, kind in enumerate(_KINDS)]
        jsep = {"type": "offer", "sdp": offer(sections, self.sending.local, 1)}
        answered = read_answer((await self._message(self._publisher, {"request": "publish"}, jsep))["jsep"]["sdp"])
        await self.sending.connect(answered)
        sequence = TransportSequence()
        self.streams += [
            Stream(
                section.kind,
                sender=self.number,
                ssrc=ssrcs[section.kind],
                payload_type=OPUS if section.kind == "audio" else VP8,
                mid=section.mid,
                extensions=answered.sections[section.mid].extension_ids,
                transport=sequence,
            )
            for section in sections
        ]

    async def subscribed(self, tracks: int) -> None:
        """Wait for the others' publications, take them all, and bring that connection up."""
        while True:
            told = await self._message(self._publisher, {"request": "listparticipants", "room": self._room})
            others = told["plugindata"]["data"]["participants"]
            feeds = [one["id"] for one in others if one["publisher"] and one["display"] != identity(self.number)]
            if 2 * len(feeds) >= tracks:
                break
            await asyncio.sleep(0.1)
        names = {one["id"]: one["display"] for one in others}
        handle = await self._attach()
        wanted = {"ptype": "subscriber", "room": self._room, "streams": [{"feed": feed} for feed in feeds]}
        offered = await self._message(handle, {"request": "join", **wanted})
        description = read_answer(offered["jsep"]["sdp"])
        reply = {"type": "answer", "sdp": answer(description, self.connection.local)}
        await self._message(handle, {"request": "start"}, reply)
        await self.connection.connect(description)
        for stream in offered["plugindata"]["data"]["streams"]:
            section = description.sections[stream["mid"]]
            for ssrc in section.media_ssrcs:
                self.tracks[ssrc] = Track(names[stream["feed_id"]], "video" if section.kind == "video" else "audio")
                self.connection.receptions.setdefault(ssrc, Reception(ssrc))
                if (number_id := section.extension_ids.transport_wide) is not None:
                    self.connection.number_ids[ssrc] = number_id

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self.sending.close()
        await self.connection.close()

    async def vanish(self) -> None:
        """Go without a word."""
        await self.leave()

    async def _attach(self) -> int:
        request = {"janus": "attach", "plugin": "janus.plugin.videoroom", "session_id": self._session}
        return int((await self._ask(request))["data"]["id"])

    async def _message(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        request = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        return await self._ask(request | ({"jsep": jsep} if jsep is not None else {}))

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None
        transaction = f"{next(self._transactions)}-{secrets.token_hex(4)}"
        self._waiting[transaction] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({**request, "transaction": transaction})
        event = await asyncio.wait_for(self._waiting[transaction], _ANSWER)
        failure = event.get("error") or event.get("plugindata", {}).get("data", {})
        if event["janus"] == "error" or ("error_code" in failure and failure["error_code"] != _ROOM_EXISTS):
            raise Refused(f"Janus refused: {failure.get('reason') or failure.get('error')}")
        return event


_ROOM_EXISTS = 427
