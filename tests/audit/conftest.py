"""Fixtures of the log's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.log import Log, open_log
from audit.signer import Signer
from tests.audit.support import ORIGIN
from tests.conftest import FrozenClock


@pytest.fixture
def signer() -> Signer:
    return Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
async def log(engine: AsyncEngine, signer: Signer, clock: FrozenClock) -> AsyncIterator[Log]:
    log = await open_log(engine, signer, clock)
    yield log
    await log.close()


@pytest.fixture
def database(engine: AsyncEngine) -> Path:
    """The file behind `engine`."""
    assert engine.url.database
    return Path(engine.url.database)
