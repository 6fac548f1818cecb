"""Logins with BankID simulated: how long our own share of each takes, and how many a second. ``python -m bench.login``.

Three processes, as in operation: the service with production's settings, BankID's simulator over mutual TLS, and the
callers. Our own share of a login is what a person waits for us and not for BankID or themselves: the answer to the
start, from BankID's final answer until the outcome is stored (with its record in the log), and the answer that carries
the session. The two answers are timed by the caller's clock, from the request's first byte to the answer's last;
BankID's `auth` is part of the first.
"""

import asyncio
import multiprocessing
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import click
import uvloop
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console
from rich.table import Table

from auth.bankid_simulator import BankIdSimulator
from auth.demo import DEMO_PEOPLE, seed
from auth.demo_certificates import DemoCertificates
from auth.demo_certificates import make as make_certificates
from auth.store import IdentificationRows
from bench.figures import percentile
from bench.machine import load_average
from signaling.api import simulator as simulator_api
from signaling.app import application
from signaling.foundation import foundation
from signaling.logs import configure
from signaling.settings import load

POLL_SECONDS = 1.0  # as the page asks
STAFF = "Anna Sjödin"
PARTS = ("start", "outcome", "session")


@dataclass(frozen=True)
class Outcome:
    """shares: milliseconds of our own, a login each, by part of it. cpu: milliseconds of the service's own a login."""

    shares: list[dict[str, float]]
    a_second: float
    cpu: float
    load: float = field(default_factory=load_average)

    @property
    def logins(self) -> int:
        return len(self.shares)

    def at(self, percent: float, part: str | None = None) -> float:
        """A percentile of one part, or of all together."""
        return percentile([sum(share.values()) if part is None else share[part] for share in self.shares], percent)


@contextmanager
def watched(outcomes: dict[str, float]) -> Iterator[None]:
    """Seconds from keeping BankID's answer until the outcome is stored, by transaction, while it lasts."""
    keep, finish = IdentificationRows.keep_answer, IdentificationRows.finish
    began: dict[str, float] = {}

    async def timed_keep(rows: IdentificationRows, identification: str, answer: str) -> bool:
        began[identification] = time.perf_counter()
        return await keep(rows, identification, answer)

    async def timed_finish(rows: IdentificationRows, identification: str, **result: Any) -> bool:
        done = await finish(rows, identification, **result)
        outcomes[identification] = time.perf_counter() - began.pop(identification)
        return done

    IdentificationRows.keep_answer, IdentificationRows.finish = timed_keep, timed_finish  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        IdentificationRows.keep_answer, IdentificationRows.finish = keep, finish  # type: ignore[method-assign]


async def simulate(told: Connection, certificates: Path) -> None:
    """BankID in a process of its own, and its app: tells both addresses, and serves until it is told something."""
    made: DemoCertificates = make_certificates(certificates)
    async with BankIdSimulator(DEMO_PEOPLE, made, lambda: datetime.now(UTC)) as simulator:
        app = web.Application()
        app.add_routes(simulator_api.routes(simulator))
        async with TestServer(app) as server:
            told.send((simulator.url, str(server.make_url("/"))))
            await asyncio.to_thread(told.recv)


async def serve(told: Connection, certificates: Path, bankid: str, folder: Path) -> None:
    """The service in a process of its own: tells its address, and at the end what it measured of itself."""
    settings = load(
        public_url="https://bench.example.se",
        data_directory=folder,
        secret=secrets.token_hex(32),
        media_api_secret=secrets.token_hex(32),
        media_udp_port=0,
        media_tcp_port=0,  # no ports of media are needed
        support_phone="08-465 004 04",
        trusted_proxies=("127.0.0.0/8",),  # so that each caller has an address of its own
        bankid_url=bankid,
        bankid_certificate=certificates / "client.pem",
        bankid_key=certificates / "client-key.pem",
        bankid_root=certificates / "root.pem",
    )
    outcomes: dict[str, float] = {}
    async with foundation(settings) as ground:
        await seed(ground.people)
    with watched(outcomes):
        async with application(settings) as app, TestServer(app) as server:
            told.send(str(server.make_url("/")))
            await asyncio.to_thread(told.recv)
            cpu = time.process_time()
            await asyncio.to_thread(told.recv)
            told.send((outcomes, time.process_time() - cpu))


def _process(work: Coroutine[Any, Any, None]) -> None:
    configure("console", quiet=True)
    uvloop.run(work)


def _simulate(*given: Any) -> None:
    _process(simulate(*given))


def _serve(*given: Any) -> None:
    _process(serve(*given))


@asynccontextmanager
async def beside(work: Any, *given: Any) -> AsyncIterator[Connection]:
    """A process that runs `work` with one end of a pipe; the other end is given."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=work, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
        await asyncio.to_thread(process.join, 30)
    finally:
        process.kill()


async def log_in(
    http: aiohttp.ClientSession, url: str, app: str, number: str, address: str
) -> tuple[str, float, float]:
    """One person, from the start to the session. Gives the transaction and the seconds of the first and last answer."""
    headers = {"X-Forwarded-For": address}
    began = time.perf_counter()
    async with http.post(f"{url}auth/bankid/start", json={}, headers=headers) as answer:
        started = await answer.json()
        start = time.perf_counter() - began
    # The flow cookie is for https alone; here the proxy that ends TLS is left out.
    headers["Cookie"] = "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())
    approval = {"autoStartToken": started["autoStartToken"], "personalNumber": number}
    async with http.post(f"{app}simulator/bankid/approve", json=approval) as answer:
        answer.raise_for_status()
    while True:
        await asyncio.sleep(POLL_SECONDS)
        began = time.perf_counter()
        async with http.get(f"{url}auth/bankid/{started['transaction']}", headers=headers) as answer:
            status = (await answer.json())["status"]
        if status == "complete":
            return started["transaction"], start, time.perf_counter() - began
        if status != "pending":
            raise RuntimeError("a login failed")


async def measure(logins: int, at_once: int, folder: Path) -> Outcome:
    """The first `at_once` logins are not counted: they open connections that then stay open, as in operation."""
    number = next(person.number for person in DEMO_PEOPLE if person.name == STAFF)
    gate, ours = asyncio.Semaphore(at_once), dict[str, tuple[float, float]]()
    async with beside(_simulate, folder / "bankid") as simulator:
        bankid, app = await asyncio.to_thread(simulator.recv)
        async with beside(_serve, folder / "bankid", bankid, folder / "data") as service:
            url = await asyncio.to_thread(service.recv)
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:

                async def one(which: int) -> None:
                    async with gate:
                        address = f"198.51.100.{which % 250 + 1}"
                        transaction, start, session = await log_in(http, url, app, number, address)
                        ours[transaction] = start, session

                await asyncio.gather(*(one(which) for which in range(at_once)))
                ours.clear()
                service.send("begin")
                began = time.perf_counter()
                await asyncio.gather(*(one(which) for which in range(logins)))
                wall = time.perf_counter() - began
            service.send("end")
            outcomes, cpu = await asyncio.to_thread(service.recv)
        simulator.send("end")
    shares = [
        {"start": start * 1000, "outcome": outcomes[transaction] * 1000, "session": session * 1000}
        for transaction, (start, session) in ours.items()
    ]
    if len(shares) != logins:
        raise RuntimeError(f"{len(shares)} of {logins} logins were measured")
    return Outcome(shares, logins / wall, cpu * 1000 / logins)


@click.command()
@click.option("--logins", type=click.IntRange(1), default=100, show_default=True)
@click.option("--at-once", type=click.IntRange(1, 250), default=20, show_default=True)
def main(logins: int, at_once: int) -> None:
    configure("console", quiet=True)
    with TemporaryDirectory() as folder:
        found = uvloop.run(measure(logins, at_once, Path(folder)))
    console = Console(highlight=False)
    table = Table("Our own share, ms", "p50", "p95", "highest")
    for part in (*PARTS, None):
        table.add_row(part or "all", *(f"{found.at(percent, part):.1f}" for percent in (50, 95, 100)))
    console.print(table)
    console.print(
        f"{found.logins} logins, {at_once} at once: {found.a_second:.1f} a second, {found.cpu:.1f} ms CPU each of the "
        f"service's own; load average {found.load:.1f}"
    )


if __name__ == "__main__":
    main()
