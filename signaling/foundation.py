"""What the server and the commands both stand on: the database, the log and the people, opened in that order."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from audit.commands import KEY_NAME
from audit.log import Log, is_new, open_log
from audit.signer import load_signer
from auth.commissions import Commissions
from auth.directory import Directory
from auth.key_file import KeyFile
from auth.keys import Keys
from auth.rekeying import Rekeying
from auth.sessions import Sessions
from auth.store import People, SessionRows
from auth.store.sealed import SealedRows, people_rows
from auth.vault import Vault
from auth.vouching_keys import VouchingKeys
from db.engine import AsyncEngine, connect, upgrade
from rooms.commands import Planner
from rooms.retention_store import RetentionRows
from rooms.store import NUMBERED, Store
from signaling.settings import Settings


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Foundation:
    engine: AsyncEngine
    audit: Log
    vault: Vault
    vouching: VouchingKeys
    people: People
    keys: Keys
    clock: Callable[[], datetime]


@asynccontextmanager
async def foundation(settings: Settings, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Foundation]:
    """Raises for the operator what its parts raise: SignerUnusable, LogDamaged, VaultError, DatabaseFailure."""
    settings.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = connect(settings.database)
    try:
        await upgrade(engine)
        origin = urlsplit(settings.origin).netloc
        signing = settings.data_directory / KEY_NAME
        signer = load_signer(signing, origin, may_create=await is_new(engine))
        audit = await open_log(engine, signer, clock)
        audit.renew = partial(load_signer, signing, origin, may_create=False)
        try:
            file = KeyFile(settings.key_file, settings.secret.get_secret_value())
            held = file.load(clock())
            vault = Vault(held.secrets, current=held.current)
            vouching = VouchingKeys(held.vouching)
            rows = [
                people_rows(engine),
                *(SealedRows(engine, table, lookup="number_hash", sealed="number_sealed") for table in NUMBERED),
            ]
            keys = Keys(
                file,
                signing,
                origin,
                vault=vault,
                vouching=vouching,
                audit=audit,
                rekeying=Rekeying(rows, vault),
                clock=clock,
            )
            yield Foundation(engine, audit, vault, vouching, People(engine, vault, clock), keys, clock)
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
async def keys(settings: Settings) -> AsyncIterator[Keys]:
    """For ``hemmaplan keys``."""
    async with foundation(settings) as ground:
        yield ground.keys


@asynccontextmanager
async def planner(settings: Settings) -> AsyncIterator[Planner]:
    """For ``hemmaplan meeting``."""
    async with foundation(settings) as ground:
        yield Planner(
            Store(ground.engine),
            RetentionRows(ground.engine),
            audit=ground.audit,
            people=ground.people,
            vault=ground.vault,
            origin=settings.origin,
            clock=utc_now,
        )
