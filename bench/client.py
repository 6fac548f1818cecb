"""A LiveKit client of protocol v1 (one connection) that publishes made-up media and counts what it is sent.

Signalling: https://docs.livekit.io/reference/internals/client-protocol/; messages: PyPI's livekit-protocol.
"""

import asyncio
import base64
import contextlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import aiohttp
import jwt
from aiortc.rtcdtlstransport import RTCCertificate
from livekit.protocol import models, rtc

from bench.connection import Connection, Poller
from bench.packets import Kind, Stream, TransportSequence
from bench.rtcp import Reception
from bench.session_description import (
    OPUS,
    VP8,
    Answer,
    AnsweredSection,
    OfferedSection,
    host_address,
    offer,
    read_answer,
)

PROTOCOL = 16
_TOKEN_SECONDS = 600
_KINDS: tuple[Kind, Kind] = ("audio", "video")


class Refused(Exception):
    """For the operator: the media server refused the client, or sent it away."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the media server is and the API key that opens it. url: ``http://address:port``."""

    url: str
    key: str
    secret: str

    def token(self, identity: str, room: str, now: float) -> str:
        """now: seconds since 1970."""
        start = int(now)
        claims = {
            "iss": self.key,
            "sub": identity,
            "name": identity,
            "nbf": start - 5,
            "exp": start + _TOKEN_SECONDS,
            "video": {"roomJoin": True, "room": room, "canPublish": True, "canSubscribe": True, "canPublishData": True},
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")


@dataclass(frozen=True, slots=True)
class Track:
    """A track the server forwards to a client. publisher: identity."""

    publisher: str
    kind: Kind


def socket_url(access: Access) -> str:
    """What LiveKit's clients are given."""
    return access.url.replace("http", "ws", 1)


def identity(number: int) -> str:
    return f"bench-{number}"


class Client:
    """number: among all participants of the run; the identity follows from it. tracks: by SSRC, what it is sent.

    sending: the connection its own media goes by, which here is the only one. new_stream: makes what it sends, from
    `Stream`'s arguments. size: of its picture. is_encrypted: it says of its tracks that they are, end to end.
    """

    def __init__(
        self,
        number: int,
        room: str,
        certificate: RTCCertificate,
        poller: Poller,
        *,
        new_stream: Callable[..., Stream] = Stream,
        size: tuple[int, int] = (640, 360),
        is_encrypted: bool = False,
    ) -> None:
        self.number = number
        self.room = room
        self.connection = self.sending = Connection(certificate, poller)
        self.streams: list[Stream] = []
        self._new_stream = new_stream
        self._width, self._height = size
        self._encryption = models.Encryption.GCM if is_encrypted else models.Encryption.NONE
        self.tracks: dict[int, Track] = {}
        self._cids: dict[Kind, str] = {kind: f"{kind}-{number}" for kind in _KINDS}
        self._ssrcs: dict[Kind, int] = {kind: random.randrange(1, 2**32) for kind in _KINDS}
        self._sections = [
            OfferedSection(kind, str(i), self._ssrcs[kind], self._cids[kind]) for i, kind in enumerate(_KINDS)
        ]
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._offers = 0
        self._offering = False
        self._offer_again = False
        self._answer: Answer | None = None
        self._answered = asyncio.Event()
        self._changed = asyncio.Event()
        self._trickled = asyncio.Event()
        self._address: tuple[str, int] | None = None
        self._identities: dict[str, str] = {}
        self._ping_every = 5.0
        self._sections_answered: Mapping[str, AnsweredSection] = {}

    async def join(self, http: aiohttp.ClientSession, access: Access, now: float) -> None:
        """Open the signalling socket with the first offer in it. The socket is then read by `read`."""
        request = rtc.JoinRequest(
            client_info=models.ClientInfo(sdk=models.ClientInfo.GO, version="0.0.0", protocol=PROTOCOL, os="linux"),
            connection_settings=rtc.ConnectionSettings(auto_subscribe=True),
            add_track_requests=[self._announcement(kind) for kind in _KINDS],
            publisher_offer=self._next_offer(),
        )
        wrapped = rtc.WrappedJoinRequest(join_request=request.SerializeToString())
        encoded = base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()
        token = access.token(identity(self.number), self.room, now)
        address = f"{access.url}/rtc/v1?access_token={quote(token)}&join_request={quote(encoded)}"
        try:
            self._socket = await http.ws_connect(address, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            raise Refused(f"the media server answered {error.status} on /rtc/v1") from None

    async def connect(self) -> None:
        """Wait for the first answer and bring the transport up; media may be sent from then on."""
        await self._answered.wait()
        answer = self._answer
        assert answer is not None
        if answer.address is None:
            await self._trickled.wait()
            answer = replace(answer, address=self._address)
        await self.connection.connect(answer)
        sequence = TransportSequence()
        for section in self._sections[: len(_KINDS)]:
            answered = answer.sections[section.mid]
            if answered.direction != "recvonly":
                raise Refused(f"the media server does not take our {section.kind}")
            self.streams.append(
                self._new_stream(
                    section.kind,
                    sender=self.number,
                    ssrc=self._ssrcs[section.kind],
                    payload_type=OPUS if section.kind == "audio" else VP8,
                    mid=section.mid,
                    extensions=answered.extension_ids,
                    transport=sequence,
                )
            )

    async def subscribed(self, tracks: int) -> None:
        """Wait until the server has named the SSRCs of so many tracks."""
        while len(self.tracks) < tracks:
            self._changed.clear()
            await self._changed.wait()

    async def read(self) -> None:
        """Handle the server's messages until the socket closes, and keep it alive."""
        assert self._socket is not None
        pinged = time.monotonic()
        while True:
            # Also while the server talks all the time: it waits for us to say something.
            if (left := pinged + self._ping_every - time.monotonic()) <= 0:
                pinged = time.monotonic()
                await self._request(ping_req=rtc.Ping())
                continue
            try:
                message = await self._socket.receive(timeout=left)
            except TimeoutError:
                continue
            if message.type is not aiohttp.WSMsgType.BINARY:
                return
            await self._handle(rtc.SignalResponse.FromString(message.data))

    async def leave(self) -> None:
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(ConnectionError):
                await self._request(leave=rtc.LeaveRequest(reason=models.CLIENT_INITIATED))
            await self._socket.close()
        await self.connection.close()

    async def vanish(self) -> None:
        """Go without a word: no farewell on the socket, no DTLS alert."""
        if self._socket is not None and (transport := self._socket.get_extra_info("transport")) is not None:
            transport.abort()
        self.connection.abandon()

    def _announcement(self, kind: Kind) -> rtc.AddTrackRequest:
        if kind == "audio":
            return rtc.AddTrackRequest(
                cid=self._cids[kind],
                name="microphone",
                type=models.AUDIO,
                source=models.MICROPHONE,
                disable_red=True,
                encryption=self._encryption,
            )
        layer = models.VideoLayer(quality=models.HIGH, width=self._width, height=self._height, bitrate=800_000)
        return rtc.AddTrackRequest(
            cid=self._cids[kind],
            name="camera",
            type=models.VIDEO,
            source=models.CAMERA,
            width=self._width,
            height=self._height,
            layers=[layer],
            encryption=self._encryption,
            simulcast_codecs=[rtc.SimulcastCodec(codec="vp8", cid=self._cids[kind], layers=[layer])],
        )

    def _next_offer(self) -> rtc.SessionDescription:
        self._offers += 1
        self._offering = True
        sdp = offer(self._sections, self.connection.local, self._offers)
        return rtc.SessionDescription(type="offer", sdp=sdp, id=self._offers)

    async def _request(self, **message: Any) -> None:
        assert self._socket is not None
        await self._socket.send_bytes(rtc.SignalRequest(**message).SerializeToString())

    async def _handle(self, response: rtc.SignalResponse) -> None:
        match response.WhichOneof("message"):
            case "join":
                self._ping_every = float(response.join.ping_interval or 5)
                self._learn(response.join.other_participants)
            case "update":
                self._learn(response.update.participants)
            case "answer":
                await self._on_answer(response.answer)
            case "trickle":
                found = host_address(json.loads(response.trickle.candidateInit)["candidate"].removeprefix("candidate:"))
                if found is not None:
                    self._address = self._address or found
                    self._trickled.set()
            case "media_sections_requirement":
                needed = response.media_sections_requirement
                await self._open_sections(needed.num_audios, needed.num_videos)
            case "leave":
                reason = models.DisconnectReason.Name(response.leave.reason)
                raise Refused(f"the media server sent {identity(self.number)} away: {reason}")

    def _learn(self, participants: Any) -> None:
        for participant in participants:
            self._identities[participant.sid] = participant.identity
        self._match()

    async def _on_answer(self, description: rtc.SessionDescription) -> None:
        if description.id and description.id != self._offers:
            return
        answer = read_answer(description.sdp)
        self._offering = False
        self._answer = answer
        self._sections_answered = answer.sections
        self._match()
        self._answered.set()
        if self._offer_again:
            self._offer_again = False
            await self._request(offer=self._next_offer())

    def _match(self) -> None:
        """Which participant each announced SSRC belongs to; msid's first word is ``participant sid|track sid``."""
        for section in self._sections_answered.values():
            sender = self._identities.get(section.stream.split("|")[0])
            if section.direction == "sendonly" and sender is not None:
                for ssrc in section.media_ssrcs:
                    self.tracks[ssrc] = Track(sender, "video" if section.kind == "video" else "audio")
                    self.connection.receptions.setdefault(ssrc, Reception(ssrc))
                    if (number_id := section.extension_ids.transport_wide) is not None:
                        self.connection.number_ids[ssrc] = number_id
        self._changed.set()

    async def _open_sections(self, audio: int, video: int) -> None:
        """The server wants more sections, or (0, 0) a new offer with the ones there are."""
        for kind, count in (("audio", audio), ("video", video)):
            for _ in range(count):
                self._sections.append(OfferedSection("audio" if kind == "audio" else "video", str(len(self._sections))))
        if self._offering:
            self._offer_again = True
        else:
            await self._request(offer=self._next_offer())
