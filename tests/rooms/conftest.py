"""Fixtures of the meetings' tests."""

from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.log import open_log
from audit.signer import Signer
from auth.store import People
from auth.vault import Vault
from tests.conftest import FrozenClock
from tests.rooms.fakes import FakeMedia
from tests.rooms.world import NORDVIK, REGION, World


@pytest.fixture
async def world(engine: AsyncEngine, clock: FrozenClock) -> AsyncIterator[World]:
    vault = Vault({"1": "a test secret of thirty-two characters"}, current="1")
    people = People(engine, vault)
    for organisation in (REGION, NORDVIK):
        await people.add_organisation(organisation)
    log = await open_log(engine, Signer("test/log", Ed25519PrivateKey.generate()), clock)
    yield World(engine, clock, log, FakeMedia(), people, vault)
    await log.close()
