"""Calls of LiveKit's RoomService on a cluster: Twirp over HTTP, JSON both ways, with limits on time, size and tries.

https://docs.livekit.io/reference/server/server-apis/ and https://twitchtv.github.io/twirp/docs/spec_v7.html
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import structlog
from google.protobuf import json_format
from google.protobuf.message import Message

from rooms.livekit_key import LiveKitKey
from rooms.media import MediaUnavailable

log = structlog.get_logger()

TIME_LIMIT = 5.0
"""Seconds for one call with all its tries: longer than LiveKit waits for one of its own nodes (3 s)."""
CONNECT_LIMIT = 2.0
TRIES = 3
PAUSE = 0.1
"""Seconds before the second try; doubled before each further one."""
MAX_ANSWER = 4 * 1024 * 1024
TOKEN_LIFETIME = timedelta(minutes=1)

Answer = TypeVar("Answer", bound=Message)


class NotThere(Exception):
    """LiveKit knows no such room, participant or track."""


class _Failed(Exception):
    """One try failed. again: another may succeed. unsent: the request never left, so repeating it is always safe."""

    def __init__(self, failure: str, *, again: bool, unsent: bool = False) -> None:
        super().__init__(failure)
        self.again = again
        self.unsent = unsent


def http_address(url: str) -> str:
    """``http(s)://host[:port]`` of a server named by http, https, ws or wss."""
    parts = urlsplit(url)
    return f"{'https' if parts.scheme in ('https', 'wss') else 'http'}://{parts.netloc}"


def socket_address(url: str) -> str:
    """``ws(s)://host[:port]`` of the same."""
    return "ws" + http_address(url).removeprefix("http")


class LiveKitCalls:
    """Make it in the running loop, `close` it. `call` raises MediaUnavailable where the cluster fails, and NotThere."""

    def __init__(
        self,
        url: str,
        key: LiveKitKey,
        clock: Callable[[], datetime],
        *,
        time_limit: float = TIME_LIMIT,
        pause: float = PAUSE,
    ) -> None:
        self._root = f"{http_address(url)}/twirp/livekit.RoomService/"
        self._key = key
        self._clock = clock
        self._time_limit = time_limit
        self._pause = pause
        self._session = aiohttp.ClientSession(
            # A proxy in the environment is not for our own cluster, and its answers are never a redirect.
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_LIMIT),
        )

    async def close(self) -> None:
        await self._session.close()

    async def call(
        self, method: str, allowed: Mapping[str, bool | str], request: Message, answer: type[Answer], *, repeat: bool
    ) -> Answer:
        """allowed: the token's ``video`` grant. repeat: whether doing it twice is the same as once."""
        try:
            async with asyncio.timeout(self._time_limit):
                return await self._tries(method, allowed, request, answer, repeat=repeat)
        except TimeoutError:
            log.warning("LiveKit call failed", method=method, failure="TimeoutError")
            raise MediaUnavailable("the LiveKit cluster does not answer in time") from None

    async def _tries(
        self, method: str, allowed: Mapping[str, bool | str], request: Message, answer: type[Answer], *, repeat: bool
    ) -> Answer:
        pause = self._pause
        for tried in range(1, TRIES + 1):
            try:
                return await self._once(method, allowed, request, answer)
            except _Failed as failed:
                if tried == TRIES or not (failed.unsent or (failed.again and repeat)):
                    log.warning("LiveKit call failed", method=method, failure=str(failed))
                    raise MediaUnavailable("the LiveKit cluster failed") from None
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError("the last try answers or raises")

    async def _once(
        self, method: str, allowed: Mapping[str, bool | str], request: Message, answer: type[Answer]
    ) -> Answer:
        token = self._key.sign({"video": dict(allowed)}, self._clock(), TOKEN_LIFETIME)
        try:
            async with self._session.post(
                self._root + method,
                data=json_format.MessageToJson(request, preserving_proto_field_name=True).encode(),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                allow_redirects=False,
            ) as response:
                body = await _bounded(response)
                status = response.status
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _Failed(type(error).__name__, again=True, unsent=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Failed(type(error).__name__, again=True) from None
        if status != 200:
            raise _refusal(status, body)
        if not body.lstrip().startswith(b"{"):
            raise _Failed("malformed answer", again=False)
        try:
            return json_format.Parse(body, answer(), ignore_unknown_fields=True, max_recursion_depth=32)
        except (json_format.ParseError, UnicodeDecodeError, RecursionError):
            raise _Failed("malformed answer", again=False) from None


def _refusal(status: int, body: bytes) -> Exception:
    """NotThere or _Failed, by Twirp's code; whatever else stands in the answer is not ours to repeat."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    code = told.get("code") if isinstance(told, dict) else None
    if code == "not_found":
        return NotThere()
    if code in ("unauthenticated", "permission_denied"):
        log.error("LiveKit refuses our API key: see HEMMAPLAN_MEDIA_API_KEY and _SECRET, and both clocks")
    return _Failed(f"HTTP {status}", again=code in ("unavailable", "deadline_exceeded") or status in (502, 503, 504))


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise _Failed("answer too large", again=False)
    return body
