"""A double of LiveKit's RoomService over HTTP that answers what a test says, and fails as a cluster does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt
from aiohttp import web

from rooms.livekit_calls import LiveKitCalls
from rooms.livekit_key import LiveKitKey

SECRET = "a secret of at least thirty-two bytes"
KEY = LiveKitKey("key", SECRET)


def now() -> datetime:
    return datetime.now(UTC)


def failure(code: str, status: int) -> Callable[[], web.Response]:
    return lambda: web.json_response({"code": code, "msg": "said LiveKit"}, status=status)


@dataclass
class Twirp:
    """answers: by method, in turn, the last again and again; a dict is JSON. asked: (method, grant, body)."""

    url: str = ""
    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        token = request.headers["Authorization"].removeprefix("Bearer ")
        grant = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="key")["video"]
        self.asked.append((method, grant, json.loads(await request.read())))
        turns = self.answers.get(method, [{}])
        answer = turns.pop(0) if len(turns) > 1 else turns[0]
        if answer == "hang":
            await asyncio.sleep(30)
        if answer == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(answer) if isinstance(answer, dict) else _made(answer)


def _made(answer: Any) -> web.Response:
    return answer() if callable(answer) else web.Response(body=str(answer).encode())


@asynccontextmanager
async def twirp(**answers: Any) -> AsyncIterator[Twirp]:
    """answers: one answer or a list of them for each method."""
    double = Twirp(answers={name: value if isinstance(value, list) else [value] for name, value in answers.items()})
    app = web.Application()
    app.add_routes([web.post("/twirp/livekit.RoomService/{method}", double.serve)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        double.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        yield double
    finally:
        await runner.cleanup()


def calls(url: str, *, time_limit: float = 5) -> LiveKitCalls:
    return LiveKitCalls(url, KEY, now, time_limit=time_limit, pause=0.01)
