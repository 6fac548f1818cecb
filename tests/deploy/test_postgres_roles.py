"""The database's two roles: one makes the tables, the other serves with them and can change none."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Event, EventType
from audit.log import open_log
from audit.signer import Signer
from db.engine import connect, upgrade
from tests.conftest import FrozenClock
from tests.postgres import postgres_server, postgres_url, programs

__all__ = ["postgres_server", "postgres_url"]
pytestmark = pytest.mark.postgres

ROLES = Path(__file__).parents[2] / "deploy" / "postgres-roles.sql"


def as_role(url: str, role: str) -> AsyncEngine:
    return connect(make_url(url).set(username=role).render_as_string(hide_password=False))


@pytest.fixture
async def engines(postgres_url: str) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """The owner's and the service's."""
    folder = programs()
    assert folder is not None, "the server runs"
    url = make_url(postgres_url)
    where = ["--host", str(url.host), "--port", str(url.port), "--username", str(url.username)]
    sets = ["--set", 'owner_password=it\'s "one"', "--set", "password=other"]
    command = [str(folder / "psql"), "--no-psqlrc", *where, "--dbname", str(url.database), *sets, "--file", str(ROLES)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=100)
    owner, serving = as_role(postgres_url, "hemmaplan_owner"), as_role(postgres_url, "hemmaplan")
    yield owner, serving
    await owner.dispose()
    await serving.dispose()


async def test_one_makes_the_tables_and_the_other_serves_with_them(
    engines: tuple[AsyncEngine, AsyncEngine], clock: FrozenClock
) -> None:
    owner, serving = engines
    with pytest.raises(sa.exc.ProgrammingError):
        await upgrade(serving)  # an empty database is not its to fill
    await upgrade(owner)
    await upgrade(serving)  # what `serve` does at its start: nothing is left to do

    log = await open_log(serving, Signer("test/log", Ed25519PrivateKey.generate()), clock)
    await log.append(Event(EventType.STAFF_ADDED, None))
    assert len(await log.search()) == 1
    await log.close()

    for statement in (
        "CREATE TABLE mine (a integer)",
        "DROP TABLE audit_entries",
        "ALTER TABLE audit_entries ADD COLUMN more text",
        "TRUNCATE audit_entries",
        "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE mine",
        "COPY audit_entries TO PROGRAM 'cat'",
    ):
        async with serving.connect() as connection:
            with pytest.raises(sa.exc.DBAPIError, match=r"(?i)permission|owner|superuser"):
                await connection.exec_driver_sql(statement)
    async with serving.connect() as connection:
        query = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname LIKE 'hemmaplan%'"
        assert set((await connection.exec_driver_sql(query)).scalars()) == {False}
