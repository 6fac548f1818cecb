"""The log, as the server has it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.log import Log, open_log
from audit.signer import load_signer
from tests.conftest import FrozenClock


@pytest.fixture
async def log(engine: AsyncEngine, clock: FrozenClock, tmp_path: Path) -> AsyncIterator[Log]:
    log = await open_log(engine, load_signer(tmp_path / "audit.key", "example.se/log", may_create=True), clock)
    yield log
    await log.close()
