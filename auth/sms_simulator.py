"""A telephone operator for the demo and the tests: 46elks' API on a port of its own, and an outbox to read."""

import base64
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from aiohttp import web

MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class SimulatedSms:
    """to: E.164."""

    sent_at: datetime
    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)


class SmsSimulator:
    """Use as an async context manager; `url` is known once it serves. balance: messages that can still be paid."""

    def __init__(self, clock: Callable[[], datetime], *, port: int = 0) -> None:
        self.username = f"u{secrets.token_hex(16)}"
        self.password = secrets.token_hex(16)
        self.url = ""
        self.balance = 1000
        self.outbox: deque[SimulatedSms] = deque(maxlen=MOST_KEPT)
        self._clock = clock
        self._port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=16 * 1024)
        application.router.add_post("/a1/sms", self._send)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/a1"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _send(self, request: web.Request) -> web.Response:
        expected = "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
            return web.Response(status=401, text="API access requires Basic HTTP authentication")
        if self.balance < 1:
            return web.Response(status=402, text="Not enough credits")
        form = await request.post()
        to, sender, text = (str(form.get(name, "")) for name in ("to", "from", "message"))
        if not to.startswith("+") or not sender or not text:
            return web.Response(status=400, text="Missing or invalid key")
        self.balance -= 1
        self.outbox.append(SimulatedSms(self._clock(), to, sender, text))
        body = {"id": f"s{secrets.token_hex(16)}", "status": "created", "to": to, "from": sender, "message": text}
        return web.json_response(body)
