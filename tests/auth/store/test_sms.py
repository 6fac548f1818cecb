"""The rows of codes: tries and uses are counted once, however many ask at the same moment."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store.sms import SmsCode, SmsCodeRows
from tests.conftest import FrozenClock

HOUR = timedelta(hours=1)


async def test_of_many_at_once_as_many_try_as_may_and_one_uses(engine: AsyncEngine, clock: FrozenClock) -> None:
    rows = SmsCodeRows(engine)
    await rows.add(SmsCode("c", "f", "h", "n", "l", clock()), most=3, within=HOUR)
    tried = await asyncio.gather(*(rows.guess("c", most=5) for _ in range(12)))
    assert sum(tried) == 5
    used = await asyncio.gather(*(rows.use("c", clock()) for _ in range(5)))
    assert sum(used) == 1
    assert not await rows.guess("c", most=50)
    found = await rows.find("c")
    assert found is not None
    assert (found.tries, found.used_at) == (5, clock())


async def test_what_was_sent_is_counted_by_number_and_by_link(engine: AsyncEngine, clock: FrozenClock) -> None:
    rows, first = SmsCodeRows(engine), clock()

    async def add(name: str, number: str, link: str) -> datetime | None:
        return await rows.add(SmsCode(name, "f", "h", number, link, clock()), most=2, within=HOUR)

    assert await add("0", "n", "l") is None
    clock.advance(seconds=60)
    assert await add("1", "n", "other") is None
    assert await add("2", "n", "third") == first + HOUR
    assert await add("3", "other", "l") is None
    assert await add("4", "n", "l") == first + HOUR
    assert await add("5", "third", "l") == first + HOUR
    clock.advance(seconds=HOUR.total_seconds() - 60)
    assert await add("6", "n", "third") is None
    await rows.remove("6")
    assert await rows.find("6") is None
    await rows.forget(clock() + HOUR)
    assert await rows.find("0") is None


async def test_of_a_burst_no_more_come_through_than_may(engine: AsyncEngine, clock: FrozenClock) -> None:
    rows = SmsCodeRows(engine)
    codes = [SmsCode(str(at), "f", "h", "n", f"l{at}", clock()) for at in range(12)]
    told = await asyncio.gather(*(rows.add(code, most=3, within=HOUR) for code in codes))
    assert told.count(None) == 3
