"""A caller that asks too often is told when to come back; the others notice nothing."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from auth.errors import Refusal
from signaling import problems
from signaling.rate_limits import BURST_SECONDS, MOST_CALLERS, PEOPLE_AT_ONE_ADDRESS, Allowance, by_address
from signaling.security import Networks


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_rate() -> None:
    clock = Clock()
    allowance = Allowance(2.0, clock)
    burst = int(2.0 * BURST_SECONDS)
    assert [allowance.take("a") for _ in range(burst)] == [0.0] * burst
    assert allowance.take("a") == 0.5
    assert allowance.take("b") == 0.0
    clock.now += 0.5
    assert allowance.take("a") == 0.0
    assert allowance.take("a") > 0
    clock.now += 3600
    assert [allowance.take("a") for _ in range(burst)] == [0.0] * burst
    assert allowance.take("a") > 0


def test_asking_while_refused_costs_nothing_more() -> None:
    clock = Clock()
    allowance = Allowance(0.1, clock)
    assert allowance.take("a") == 0.0
    for _ in range(100):
        assert 0 < allowance.take("a") <= 10
    clock.now += 10.001
    assert allowance.take("a") == 0.0


def test_who_was_unheard_of_longest_is_forgotten() -> None:
    clock = Clock()
    allowance = Allowance(0.1, clock)
    for number in range(MOST_CALLERS + 10):
        allowance.take(str(number))
    assert len(allowance._left) == MOST_CALLERS
    assert allowance.take(str(MOST_CALLERS + 9)) > 0


async def test_the_answer_is_a_problem_with_the_time_to_wait() -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    def page(_: web.Request, refusal: Refusal) -> web.Response:
        return web.Response(status=refusal.status)

    rate = 1 / (PEOPLE_AT_ONE_ADDRESS * BURST_SECONDS)  # one at once
    app = web.Application(middlewares=[problems.middleware(page), by_address(rate, Networks(["127.0.0.0/8"]))])
    app.add_routes([web.get("/api/hello", hello), web.get("/readyz", hello)])
    async with TestClient(TestServer(app)) as client:
        first = await client.get("/api/hello", headers={"X-Forwarded-For": "192.0.2.1"})
        second = await client.get("/api/hello", headers={"X-Forwarded-For": "192.0.2.1"})
        other = await client.get("/api/hello", headers={"X-Forwarded-For": "192.0.2.2"})
        assert [first.status, second.status, other.status] == [200, 429, 200]
        assert 1 <= int(second.headers["Retry-After"]) <= BURST_SECONDS
        assert (await second.json())["code"] == "too-many-requests"
        assert [(await client.get("/readyz")).status for _ in range(5)] == [200] * 5
