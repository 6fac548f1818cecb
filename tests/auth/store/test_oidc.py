"""Logins that are away, on SQLite and on PostgreSQL."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store import Away, OidcRows
from auth.vault import Vault
from tests.conftest import FrozenClock

VAULT = Vault({"1": "a secret of at least 32 characters"}, current="1")


async def test_a_login_is_taken_once_by_its_own_browser_and_provider(database: AsyncEngine, clock: FrozenClock) -> None:
    rows = OidcRows(database, VAULT)
    away = Away("state", "flow", "siths", clock(), '{"nonce": "n"}')
    await rows.add(away)
    assert await rows.take("state", flow_hash="another", method="siths") is None
    assert await rows.take("state", flow_hash="flow", method="freja") is None
    taken = await asyncio.gather(*(rows.take("state", flow_hash="flow", method="siths") for _ in range(3)))
    assert [item for item in taken if item is not None] == [away]


async def test_whoever_does_not_come_back_is_forgotten(database: AsyncEngine, clock: FrozenClock) -> None:
    rows = OidcRows(database, VAULT)
    for number in range(3):
        await rows.add(Away(f"state {number}", "flow", "siths", clock() + timedelta(minutes=number), "{}"))
    await rows.forget(clock() + timedelta(minutes=1))
    assert await rows.count() == 2
