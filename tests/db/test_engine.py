"""SQLite opens in WAL with foreign keys, other drivers are refused, and the migrations make what the stores declare."""

import importlib

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import CACHE_KIB, UnsupportedDatabase, connect, upgrade
from db.schema import metadata

STORES = ("audit.store", "auth.store", "auth.store.sms", "rooms.store")


async def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(sa.text("PRAGMA journal_mode"))).scalar() == "wal"
        assert (await connection.execute(sa.text("PRAGMA foreign_keys"))).scalar() == 1
        assert (await connection.execute(sa.text("PRAGMA synchronous"))).scalar() == 2
        assert (await connection.execute(sa.text("PRAGMA cache_size"))).scalar() == -CACHE_KIB


def test_an_unknown_driver_is_refused() -> None:
    with pytest.raises(UnsupportedDatabase, match="mysql"):
        connect("mysql+aiomysql://host/name")


@pytest.mark.parametrize("url", ["", "/:memory:", "/file:plan?mode=memory&uri=true", "/plan.db?timeout=30"])
def test_sqlite_without_a_file_or_with_options_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="path of a file"):
        connect(f"sqlite+aiosqlite://{url}")


async def test_upgrading_twice_changes_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)


async def test_the_migrations_make_what_the_stores_declare(engine: AsyncEngine) -> None:
    for store in STORES:
        importlib.import_module(store)
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    assert differences == []
