"""Opening the database: SQLite in WAL by default, PostgreSQL by its URL."""

import asyncio
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.sqlite import Connection

__all__ = ["AsyncEngine", "DatabaseFailure", "UnsupportedDatabase", "connect", "upgrade"]

BUSY_TIMEOUT_MS = 5000
CACHE_KIB = 512
CONNECTIONS = 15
"""To SQLite, at most; they stay open, since each new one has to read the schema again."""

DatabaseFailure = sa.exc.SQLAlchemyError
"""What any store may raise when the database does not do its part; its text holds values and is never shown."""


class UnsupportedDatabase(ValueError):
    """The operator named a database this service does not speak."""


def connect(url: str) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite:///path`` or ``postgresql+asyncpg://...``; opened at first use.

    Raises UnsupportedDatabase.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite+aiosqlite":
        path, writers = parsed.database, asyncio.Lock()
        if not path or path == ":memory:" or parsed.query:
            raise UnsupportedDatabase("sqlite+aiosqlite: give the path of a file, and nothing after it")

        async def connection() -> Connection:
            made = Connection(path, writers, wait_seconds=BUSY_TIMEOUT_MS / 1000)
            await made
            return made

        engine = create_async_engine(
            parsed, async_creator=connection, pool_size=CONNECTIONS, max_overflow=0, pool_use_lifo=True
        )
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine
    if parsed.drivername == "postgresql+asyncpg":
        return create_async_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=5)
    raise UnsupportedDatabase(f"database driver {parsed.drivername}: use sqlite+aiosqlite or postgresql+asyncpg")


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001
    cursor = connection.cursor()
    # WAL lets readers go on while one writes; FULL makes a committed audit record survive a power cut. The pages that
    # each connection keeps (2 MiB else) add little to the system's cache, and fill for as long as the database grows.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"cache_size=-{CACHE_KIB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def migrations() -> Config:
    """Alembic's configuration, without an ini file: the URL comes from the settings."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the schema to the newest revision; safe to run at every start."""

    def run(connection: sa.Connection) -> None:
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        # SQLite changes a column by building its table anew; what points there must not be looked at meanwhile
        # (sqlite.org/lang_altertable.html, 7), and the switch works outside of a transaction alone.
        if sqlite:
            await connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            await connection.commit()
        try:
            await connection.run_sync(run)
            if sqlite and (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first() is not None:
                raise sa.exc.IntegrityError("upgrade", None, ValueError("a row points at one that is not there"))
            await connection.commit()
        finally:
            await connection.rollback()
            if sqlite:
                await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
