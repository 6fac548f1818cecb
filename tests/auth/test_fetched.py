"""What is fetched from another party: kept, fetched anew, let rest."""

import asyncio
from datetime import timedelta

import pytest

from auth.fetched import Fetched
from auth.oidc_errors import Failure, OidcError
from tests.conftest import FrozenClock


class Party:
    def __init__(self) -> None:
        self.asked = 0
        self.down = False

    async def tell(self) -> str:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise OidcError(Failure.UNREACHABLE)
        return f"answer {self.asked}"


@pytest.fixture
def party() -> Party:
    return Party()


@pytest.fixture
def fetched(party: Party, clock: FrozenClock) -> Fetched[str]:
    return Fetched(party.tell, clock, kept=timedelta(hours=1), rest=timedelta(seconds=30))


async def test_many_at_once_fetch_once_an_hour(fetched: Fetched[str], party: Party, clock: FrozenClock) -> None:
    assert set(await asyncio.gather(*(fetched.value() for _ in range(9)))) == {"answer 1"}
    clock.advance(seconds=3_599)
    assert await fetched.value() == "answer 1"
    clock.advance(seconds=1)
    assert await fetched.value() == "answer 2"
    assert party.asked == 2


async def test_a_newer_one_is_fetched_once_in_a_while(fetched: Fetched[str], clock: FrozenClock) -> None:
    first = await fetched.value()
    assert set(await asyncio.gather(*(fetched.newer(first) for _ in range(9)))) == {"answer 2"}
    second = await fetched.value()
    assert await fetched.newer(second) == "answer 2"
    clock.advance(seconds=30)
    assert await fetched.newer(second) == "answer 3"


async def test_a_failure_is_told_again_and_then_tried_again(
    fetched: Fetched[str], party: Party, clock: FrozenClock
) -> None:
    party.down = True
    for _ in range(3):
        with pytest.raises(OidcError):
            await fetched.value()
    assert party.asked == 1
    party.down = False
    clock.advance(seconds=5)
    assert await fetched.value() == "answer 2"


async def test_an_old_value_is_not_used_while_the_party_is_down(
    fetched: Fetched[str], party: Party, clock: FrozenClock
) -> None:
    await fetched.value()
    clock.advance(seconds=3_600)
    party.down = True
    with pytest.raises(OidcError):
        await fetched.value()
