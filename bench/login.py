"""Logins with BankID simulated: how long our own share of each takes, and how many a second. ``python -m bench.login``.

The whole service runs with its simulator, over mutual TLS, in this process; the callers are HTTP clients of it. Our own
share of a login is what a person waits for us and not for BankID or themselves: the start's answer less the time BankID
took for `auth`, from BankID's final answer until the outcome is stored (with its record in the log), and the answer
that carries the session.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import click
import uvloop
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from auth.bankid import BankIdClient
from auth.collector import Collector
from auth.demo import DEMO_PEOPLE
from bench.figures import percentile
from signaling.app import application
from signaling.logs import configure
from signaling.settings import load

POLL_SECONDS = 1.0  # as the page asks
STAFF = "Anna Sjödin"


@dataclass
class Shares:
    """Milliseconds of our own by transaction, and BankID's in the task that waits for it."""

    own: dict[str, float] = field(default_factory=dict)
    provider: dict[int, float] = field(default_factory=dict)

    def add(self, transaction: str, seconds: float) -> None:
        self.own[transaction] = self.own.get(transaction, 0.0) + seconds * 1000


@contextmanager
def watched(shares: Shares) -> Iterator[None]:
    """Times the calls to BankID and the conclusions while it lasts."""
    call, conclude = BankIdClient._call, Collector._conclude

    async def timed_call(client: BankIdClient, method: str, body: dict[str, Any]) -> bytes:
        began, task = time.perf_counter(), id(asyncio.current_task())
        try:
            return await call(client, method, body)
        finally:
            shares.provider[task] = shares.provider.get(task, 0.0) + time.perf_counter() - began

    async def timed_conclude(collector: Collector, transaction: str, *rest: Any) -> None:
        began = time.perf_counter()
        await conclude(collector, transaction, *rest)
        shares.add(transaction, time.perf_counter() - began)

    BankIdClient._call, Collector._conclude = timed_call, timed_conclude  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        BankIdClient._call, Collector._conclude = call, conclude  # type: ignore[method-assign]


def timing(shares: Shares) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def measure(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        task = id(asyncio.current_task())
        shares.provider.pop(task, None)
        began = time.perf_counter()
        answer = await handler(request)
        took = time.perf_counter() - began
        if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            if request.path == "/auth/bankid/start" and answer.status == 200:
                transaction = answer.body.decode().partition('"transaction": "')[2].partition('"')[0]
                shares.add(transaction, took - shares.provider.pop(task, 0.0))
            elif request.path.startswith("/auth/bankid/") and b'"complete"' in answer.body:
                shares.add(request.match_info["transaction"], took)
        return answer

    return measure


async def log_in(url: str, number: str) -> None:
    """One person, from the start to the session."""
    async with aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.post("/auth/bankid/start", json={}) as answer:
            started = await answer.json()
        approval = {"autoStartToken": started["autoStartToken"], "personalNumber": number}
        async with http.post("/simulator/bankid/approve", json=approval) as answer:
            answer.raise_for_status()
        while True:
            await asyncio.sleep(POLL_SECONDS)
            async with http.get(f"/auth/bankid/{started['transaction']}") as answer:
                status = (await answer.json())["status"]
            if status == "complete":
                return
            if status == "failed":
                raise RuntimeError("a login failed")


@dataclass(frozen=True)
class Outcome:
    """p50, p95: milliseconds of our own share. cpu: milliseconds a login, simulator and callers included."""

    logins: int
    p50: float
    p95: float
    a_second: float
    cpu: float


async def measure(logins: int, at_once: int, folder: Path) -> Outcome:
    shares, number = Shares(), next(person.number for person in DEMO_PEOPLE if person.name == STAFF)
    # No ports of media are needed; everybody comes from this machine's one address.
    settings = load(demo=True, data_directory=folder, media_udp_port=0, media_tcp_port=0, requests_per_second=1000)
    async with application(settings) as app:
        app.middlewares.insert(0, timing(shares))
        server = TestServer(app)
        async with server:
            gate = asyncio.Semaphore(at_once)

            async def one() -> None:
                async with gate:
                    await log_in(str(server.make_url("/")), number)

            with watched(shares):
                began, cpu = time.perf_counter(), time.process_time()
                await asyncio.gather(*(one() for _ in range(logins)))
                wall, used = time.perf_counter() - began, time.process_time() - cpu
    own = sorted(shares.own.values())
    if len(own) != logins:
        raise RuntimeError(f"{len(own)} of {logins} logins were measured")
    return Outcome(logins, percentile(own, 50), percentile(own, 95), logins / wall, used * 1000 / logins)


@click.command()
@click.option("--logins", type=click.IntRange(1), default=100, show_default=True)
@click.option("--at-once", type=click.IntRange(1, 40), default=20, show_default=True)
def main(logins: int, at_once: int) -> None:
    configure("console", quiet=True)
    with TemporaryDirectory() as folder:
        found = uvloop.run(measure(logins, at_once, Path(folder)))
    Console(highlight=False).print(
        f"{found.logins} logins, {at_once} at once: our own share p50 {found.p50:.1f} ms, p95 {found.p95:.1f} ms; "
        f"{found.a_second:.1f} logins/s; {found.cpu:.1f} ms CPU a login with simulator and callers"
    )


if __name__ == "__main__":
    main()
