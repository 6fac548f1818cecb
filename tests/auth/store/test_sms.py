"""The rows of codes: tries and uses are counted once, however many ask at the same moment."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store.sms import SmsCode, SmsCodeRows
from tests.conftest import FrozenClock


async def test_of_many_at_once_as_many_try_as_may_and_one_uses(engine: AsyncEngine, clock: FrozenClock) -> None:
    rows = SmsCodeRows(engine)
    await rows.add(SmsCode("c", "f", "h", "n", "l", clock()))
    tried = await asyncio.gather(*(rows.guess("c", most=5) for _ in range(12)))
    assert sum(tried) == 5
    used = await asyncio.gather(*(rows.use("c", clock()) for _ in range(5)))
    assert sum(used) == 1
    assert not await rows.guess("c", most=50)
    found = await rows.find("c")
    assert found is not None
    assert (found.tries, found.used_at) == (5, clock())


async def test_what_was_sent_is_counted_by_number_and_by_link(engine: AsyncEngine, clock: FrozenClock) -> None:
    rows, hour = SmsCodeRows(engine), timedelta(hours=1)
    for at, (number, link) in enumerate([("n", "l"), ("n", "other"), ("other", "l"), ("other", "l")]):
        await rows.add(SmsCode(str(at), "f", "h", number, link, clock()))
    assert await rows.sent_since(clock() - hour, number_hash="n", link_hash="none") == 2
    assert await rows.sent_since(clock() - hour, number_hash="n", link_hash="l") == 3
    assert await rows.sent_since(clock() + hour, number_hash="n", link_hash="l") == 0
    await rows.forget(clock() + hour)
    assert await rows.find("0") is None
