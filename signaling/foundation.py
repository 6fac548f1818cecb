"""What the server and the commands both stand on: the database, the log and the people, opened in that order."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from audit.commands import KEY_NAME
from audit.log import Log, is_new, open_log
from audit.signer import load_signer
from auth.commissions import Commissions
from auth.directory import Directory
from auth.sessions import Sessions
from auth.store import People, SessionRows
from auth.vault import Vault
from db.engine import AsyncEngine, connect, upgrade
from rooms.commands import Planner
from rooms.store import Store
from signaling.settings import Settings


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Foundation:
    engine: AsyncEngine
    audit: Log
    vault: Vault
    people: People
    clock: Callable[[], datetime]


@asynccontextmanager
async def foundation(settings: Settings, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Foundation]:
    """Raises for the operator what its parts raise: SignerUnusable, LogDamaged, VaultError, DatabaseFailure."""
    settings.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = connect(settings.database)
    try:
        await upgrade(engine)
        origin = urlsplit(settings.origin).netloc
        signer = load_signer(settings.data_directory / KEY_NAME, origin, may_create=await is_new(engine))
        audit = await open_log(engine, signer, clock)
        try:
            vault = Vault({"1": settings.secret.get_secret_value()}, current="1")
            yield Foundation(engine, audit, vault, People(engine, vault, clock), clock)
        finally:
            await audit.close()
    finally:
        await engine.dispose()


@asynccontextmanager
async def directory(settings: Settings) -> AsyncIterator[Directory]:
    """For ``hemmaplan organisation``, ``unit`` and ``staff``. A login that ends here is seen by the server at the
    next request, and by an open socket within seconds."""
    async with foundation(settings) as ground:
        yield directory_of(ground, Sessions(SessionRows(ground.engine), ground.audit, utc_now), utc_now)


def directory_of(ground: Foundation, sessions: Sessions, clock: Callable[[], datetime]) -> Directory:
    return Directory(ground.people, ground.audit, commissions_of(ground, sessions), clock)


def commissions_of(ground: Foundation, sessions: Sessions) -> Commissions:
    return Commissions(ground.people, SessionRows(ground.engine), sessions, ground.audit)


@asynccontextmanager
async def planner(settings: Settings) -> AsyncIterator[Planner]:
    """For ``hemmaplan meeting``."""
    async with foundation(settings) as ground:
        yield Planner(
            Store(ground.engine),
            audit=ground.audit,
            people=ground.people,
            vault=ground.vault,
            origin=settings.origin,
            clock=utc_now,
        )
