"""Fixtures every test may use: a fresh database and a clock that stands still."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import connect, upgrade
from signaling.logs import configure

pytest_plugins = ["tests.redis_server"]


configure("console", quiet=True)

# Examples are about what comes out; a busy machine may take its time, and two runs on one revision ask the same.
settings.register_profile("unhurried", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("unhurried")

# What the caller has set, `make` its port for one, is none of a test's business.
for _name in [name for name in os.environ if name.startswith("HEMMAPLAN_")]:
    del os.environ[_name]


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, *, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = connect(f"sqlite+aiosqlite:///{tmp_path / 'hemmaplan.db'}")
    await upgrade(engine)
    yield engine
    await engine.dispose()
