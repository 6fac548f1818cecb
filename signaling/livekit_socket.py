"""LiveKit's signalling over WebSocket: ``/rtc`` (two connections), ``/rtc/v1`` (one), and the questions about refusals.

Close codes: 1000 done, 1001 server goes, 1003 not binary, 1008 too many messages, 1009 message too large, 1013 does not
keep up. Tokens are refused before the upgrade: 401 not valid, 403 not allowed now, 404 no such room, 503 no capacity.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from google.protobuf.message import DecodeError
from livekit.protocol.models import JOIN_FAILURE, STATE_MISMATCH
from livekit.protocol.rtc import JoinRequest, LeaveRequest, SignalRequest, SignalResponse

from rooms.livekit_key import TokenRefused
from sfu.access_token import Claims
from sfu.membership import Membership
from sfu.server import EmbeddedMediaServer, JoinOptions, JoinRefused
from signaling.join_request import BadJoinRequest, read_v0, read_v1
from signaling.livekit_scenarios import Next
from signaling.livekit_session import PING_TIMEOUT, LivekitSession
from signaling.outbox import Outbox
from signaling.signal_line import Budget, Line
from signaling.turn import TurnServers

log = structlog.get_logger()

MAX_MESSAGE = 2 * 1024 * 1024
MAX_MALFORMED = 20
HELLO_TIMEOUT = 5.0  # seconds to a first message: every client sends its offer, answer or candidates at once
TOKEN_INTERVAL = 240.0  # seconds between renewed tokens

RESUME_KEY = "livekit_resume"

Admit = Callable[[Claims, web.Request], Awaitable[None]]


class AdmissionRefused(Exception):
    """Raised by an `admit` hook: the token is good but not in these hands. The text is told to the client."""


async def admit_everyone(claims: Claims, request: web.Request) -> None:
    """The hook of `hemmaplan media`: the token alone decides."""


def routes(
    server: EmbeddedMediaServer, admit: Admit = admit_everyone, turn: TurnServers | None = None
) -> list[web.RouteDef]:
    """The signalling routes.

    admit: asked for each connection with the token's verified claims, before the upgrade; it refuses by raising
    AdmissionRefused. ``request["livekit_resume"]`` is True when a participant already in comes back on a new socket;
    ``request["livekit_validate"]`` is there when a client only asks why it was refused: nothing may be spent then.
    turn: servers told to clients, none by default.
    """
    sockets = LivekitSockets(server, admit, turn or TurnServers())
    return [
        web.get("/rtc", sockets.connect_v0),
        web.get("/rtc/v1", sockets.connect_v1),
        web.get("/rtc/validate", sockets.validate),
        web.get("/rtc/v1/validate", sockets.validate),
    ]


class _Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Client:
    """A membership's session and what waits for it; one line at a time."""

    def __init__(self, outbox: Outbox, session: LivekitSession) -> None:
        self.outbox = outbox
        self.session = session
        self.line: Line | None = None
        self.ended = False


class LivekitSockets:
    """The handlers; see `routes`."""

    def __init__(self, server: EmbeddedMediaServer, admit: Admit, turn: TurnServers) -> None:
        self._server = server
        self._admit = admit
        self._turn = turn
        self._clients: dict[str, _Client] = {}
        self._sif_trailer = secrets.token_bytes(16)

    # Before the upgrade

    async def validate(self, request: web.Request) -> web.Response:
        """Why a socket was refused: browsers do not tell scripts the status of a failed upgrade."""
        request["livekit_validate"] = True
        try:
            await self._allowed(request, self._join_request(request))
        except _Refused as refused:
            return web.Response(status=refused.status, text=str(refused))
        return web.Response(text="success")

    def _join_request(self, request: web.Request) -> JoinRequest:
        try:
            if "join_request" in request.query:
                return read_v1(request.query["join_request"])
            return read_v0(request.query)
        except BadJoinRequest as error:
            raise _Refused(400, str(error)) from None

    async def _allowed(self, request: web.Request, join_request: JoinRequest) -> Claims:
        authorization = request.headers.get("Authorization", "")
        token = request.query.get("access_token", "") or authorization.removeprefix("Bearer ")
        try:
            claims = self._server.key.verify(token, self._server.clock())
            self._server.room_for(claims)
        except TokenRefused as refused:
            raise _Refused(403 if refused.forbidden else 401, str(refused)) from None
        except JoinRefused as refused:
            raise _Refused(refused.status, str(refused)) from None
        request[RESUME_KEY] = join_request.reconnect and self._server.member(claims.room, claims.identity) is not None
        if join_request.reconnect and not request[RESUME_KEY]:
            # Nothing opens: it is told to join anew, and needs this token for that. Asking would spend it.
            return claims
        try:
            await self._admit(claims, request)
        except AdmissionRefused as refused:
            log.warning("token refused in these hands", room=claims.room)
            raise _Refused(403, str(refused)) from None
        return claims

    async def connect_v0(self, request: web.Request) -> web.StreamResponse:
        return await self._connect(request, dual=True)

    async def connect_v1(self, request: web.Request) -> web.StreamResponse:
        return await self._connect(request, dual=False)

    async def _connect(self, request: web.Request, *, dual: bool) -> web.StreamResponse:
        try:
            join_request = self._join_request(request)
            claims = await self._allowed(request, join_request)
        except _Refused as refused:
            return web.Response(status=refused.status, text=str(refused))
        # No compression: media clients gain nothing, and one less place to bloat. Pings are LiveKit's own.
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE, timeout=2.0)
        await socket.prepare(request)
        line = Line(socket, request.transport)
        if join_request.reconnect and not request[RESUME_KEY]:
            await self._send_away(line)
            return socket
        if join_request.reconnect:
            client = await self._resume(line, claims, join_request)
        else:
            client = await self._join(line, claims, join_request, dual=dual)
        if client is not None:
            await self._converse(client, line)
        return socket

    # After it

    async def _join(self, line: Line, claims: Claims, request: JoinRequest, *, dual: bool) -> _Client | None:
        outbox = Outbox()
        options = JoinOptions(
            dual=dual,
            auto_subscribe=request.connection_settings.auto_subscribe,
            client_protocol=request.client_info.client_protocol,
            metadata=request.metadata,
            attributes=dict(request.participant_attributes),
        )
        try:
            # What the room says of this join to the one who joins stands in the join response.
            membership = self._server.join(claims, options, _discard)
        except JoinRefused as refused:
            # It describes itself at too great length; or someone else took the last place since the check.
            code = WSCloseCode.POLICY_VIOLATION if refused.status == 400 else WSCloseCode.TRY_AGAIN_LATER
            await line.close(code, str(refused).encode()[:120])
            return None
        membership.participant.send = outbox.put
        session = LivekitSession(membership, self._server.clock, self._sif_trailer, self._turn)
        client = _Client(outbox, session)
        self._clients[membership.participant.sid] = client
        membership.on_end = lambda: self._ended(client)
        client.line = line
        try:
            session.joined()
            # The client makes ready by it while its offer is being answered. Where it does not arrive, reading ends.
            if (welcome := outbox.take()) is not None:
                await line.send(welcome)
            if not client.ended:
                session.begin(request)
        except BaseException:  # also where the server stops meanwhile
            membership.end(JOIN_FAILURE, tell=False)
            raise
        # It may have resumed on another socket already.
        return client if client.line is line else None

    def _ended(self, client: _Client) -> None:
        self._clients.pop(client.session.participant.sid, None)
        client.ended = True
        client.outbox.wake()

    async def _resume(self, line: Line, claims: Claims, request: JoinRequest) -> _Client | None:
        membership = self._server.member(claims.room, claims.identity)
        client = self._clients.get(membership.participant.sid) if membership is not None else None
        sid = request.participant_sid
        if client is None or client.outbox.broken or (sid and sid != client.session.participant.sid):
            await self._send_away(line)
            return None
        first, following = client.session.resumed()
        if following is Next.DROP or first is None:
            if first is not None:
                await line.send(first.SerializeToString())
            line.cut()
            return None
        if (old := client.line) is not None:
            client.line = None
            old.cut()
        client.outbox.put_first(first)
        if request.HasField("sync_state"):
            client.session.receive(SignalRequest(sync_state=request.sync_state))
        log.info("signalling resumed", participant=client.session.participant.sid)
        return client

    @staticmethod
    async def _send_away(line: Line) -> None:
        """What it missed cannot be told any more: it is to join anew, which clients do by themselves."""
        leave = LeaveRequest(reason=STATE_MISMATCH, action=LeaveRequest.RECONNECT, can_reconnect=True)
        await line.send(SignalResponse(leave=leave).SerializeToString())
        await line.close(WSCloseCode.OK, b"join anew")

    async def _converse(self, client: _Client, line: Line) -> None:
        """Run one socket until it ends, whichever side ends it."""
        client.line = line
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(client, line), name="signal writer")
                renewer = group.create_task(self._renew_tokens(client.session.membership), name="token renewer")
                try:
                    await self._read(client.session, line)
                finally:
                    renewer.cancel()
                    # When the stay is over, the writer still has the farewell to send.
                    if client.line is not line or not client.ended:
                        writer.cancel()
        finally:
            if client.line is line:
                client.line = None
                client.outbox.wake = _nothing
                client.session.membership.away(self._server.monotonic())
            if not line.socket.closed:
                await line.close(WSCloseCode.OK, b"")

    async def _read(self, session: LivekitSession, line: Line) -> None:
        budget = Budget()
        malformed = 0
        patience = HELLO_TIMEOUT
        while True:
            try:
                message: WSMessage = await line.socket.receive(timeout=patience)
            except TimeoutError:
                # Clients ping every five seconds: silence means that the network is gone. They may resume.
                log.info("signalling silent", participant=session.participant.sid)
                line.cut()
                return
            patience = PING_TIMEOUT
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            if not budget.take(len(message.data or b"")):
                await self._flooded(session, line)
                return
            following = Next.GO_ON
            try:
                if message.type is not WSMsgType.BINARY:
                    raise DecodeError
                request = SignalRequest.FromString(message.data)
                is_description = request.WhichOneof("message") in ("offer", "answer")
                if is_description and not budget.take_description(len(message.data)):
                    await self._flooded(session, line)
                    return
                following = session.receive(request)
                # What it told the others leaves before its next request is read.
                await asyncio.sleep(0)
            except DecodeError:
                malformed += 1
                if malformed > MAX_MALFORMED:
                    await line.close(WSCloseCode.UNSUPPORTED_DATA, b"only LiveKit protocol messages")
                    return
            if following is Next.DROP:
                line.cut()
            if following is not Next.GO_ON:
                return

    @staticmethod
    async def _flooded(session: LivekitSession, line: Line) -> None:
        log.warning("signalling flood", participant=session.participant.sid)
        await line.close(WSCloseCode.POLICY_VIOLATION, b"too many messages")

    async def _write(self, client: _Client, line: Line) -> None:
        """Send what waits; when the stay has ended, send the rest and close."""
        due = asyncio.Event()
        due.set()
        client.outbox.wake = due.set
        while not line.socket.closed:
            await due.wait()
            due.clear()
            while client.line is line and (data := client.outbox.take()) is not None:
                if not await line.send(data):
                    line.cut()
                    return
            if client.outbox.broken:
                log.warning("slow signalling consumer", participant=client.session.participant.sid)
                await line.close(WSCloseCode.TRY_AGAIN_LATER, b"does not keep up")
                return
            if client.ended:
                await line.close(WSCloseCode.OK, b"left")
                return

    async def _renew_tokens(self, membership: Membership) -> None:
        """A first one at once: the token of the join lives a minute and would not outlast a lost socket."""
        while True:
            token = self._server.renewed_token(membership)
            membership.participant.send(SignalResponse(refresh_token=token))
            await asyncio.sleep(TOKEN_INTERVAL)


def _discard(message: SignalResponse) -> None:
    """Nobody listens yet."""


def _nothing() -> None:
    return None
