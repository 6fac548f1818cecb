"""A v1 client of signalling alone: joins, publishes, receives, renegotiates as browsers do, and sends no media."""

import asyncio
from typing import Any

import aiohttp
from aiohttp import WSMsgType
from livekit.protocol.rtc import LeaveRequest, SessionDescription, SignalRequest, SignalResponse

from sfu.sdp import parse
from tests.sfu.fakes import camera, microphone
from tests.sfu.offers import Offer
from tests.sfu.sdk_client import MediaHost


class LightClient:
    """published: sids of its own tracks. held: sid of the track on each mid it receives on, by the newest answer.

    largest: octets of the longest description seen. live: mids on which the newest answer sends.
    """

    def __init__(self, host: MediaHost, identity: str) -> None:
        self.identity = identity
        self.published: set[str] = set()
        self.held: dict[str, str] = {}
        self.live: set[str] = set()
        self.largest = 0
        self.faults: list[str] = []
        self._host = host
        self._offer = Offer()
        self._number = 0
        self._answered = True
        self._again = False
        self._task: asyncio.Task[None] | None = None
        self._pinger: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    @property
    def sections(self) -> int:
        return len(self._offer.sections)

    async def join(self, http: aiohttp.ClientSession) -> None:
        parameters = {"access_token": self._host.token(self.identity)}
        self._socket = await http.ws_connect(f"{self._host.url}/rtc/v1", params=parameters)
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._read(self._socket))
        self._pinger = loop.create_task(self._ping())
        for request in (microphone(cid=f"mic-{self.identity}"), camera(cid=f"cam-{self.identity}")):
            await self._say(add_track=request)
        self._offer.data()
        self._offer.audio(cid=f"mic-{self.identity}")
        self._offer.video(cid=f"cam-{self.identity}")
        for _ in range(3):
            self._offer.audio("recvonly")
            self._offer.video("recvonly")
        await self._negotiate()

    async def leave(self) -> None:
        await self._say(leave=LeaveRequest())
        assert self._task is not None
        await asyncio.wait_for(self._task, 10)

    async def _say(self, **request: Any) -> None:
        assert self._socket is not None
        await self._socket.send_bytes(SignalRequest(**request).SerializeToString())

    async def _negotiate(self) -> None:
        if not self._answered:
            self._again = True
            return
        self._answered, self._again = False, False
        self._number += 1
        text = self._offer.text
        self.largest = max(self.largest, len(text))
        await self._say(offer=SessionDescription(type="offer", sdp=text, id=self._number))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            response = SignalResponse.FromString(message.data)
            match response.WhichOneof("message"):
                case "track_published":
                    self.published.add(response.track_published.track.sid)
                case "media_sections_requirement":
                    for _ in range(response.media_sections_requirement.num_audios):
                        self._offer.audio("recvonly")
                    for _ in range(response.media_sections_requirement.num_videos):
                        self._offer.video("recvonly")
                    await self._negotiate()
                case "answer":
                    self._take(response.answer)
                    self._answered = True
                    if self._again:
                        await self._negotiate()
                case "request_response" if response.request_response.reason:
                    self.faults.append(response.request_response.message)
        if self._pinger is not None:
            self._pinger.cancel()
        await socket.close()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(5)
            await self._say(ping=1)

    def _take(self, answer: SessionDescription) -> None:
        self.largest = max(self.largest, len(answer.sdp))
        self.held = dict(answer.mid_to_track_id)
        self.live = {one.mid for one in parse(answer.sdp).sections if one.direction == "sendonly"}
