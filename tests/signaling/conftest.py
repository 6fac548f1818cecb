"""The log, as the server has it, and the year that pages are read in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.log import Log, open_log
from audit.signer import load_signer
from signaling import i18n
from tests.conftest import FrozenClock


@pytest.fixture
async def log(engine: AsyncEngine, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[Log]:
    log = await open_log(engine, load_signer(tmp_path / "audit.key", "example.se/log", may_create=True), clock)
    yield log
    await log.close()


@pytest.fixture(autouse=True)
def _this_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of another year is written with its year: the tests' days are of the year they are read in."""

    class Read(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Read":
            return cls(2026, 11, 24, 9, 0, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(i18n, "datetime", Read)
