"""The operator's client against the simulator over real HTTP, and against answers no operator should give."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from auth.phone_number import PhoneNumber
from auth.sms import SmsClient, SmsError
from auth.sms_simulator import SmsSimulator
from tests.conftest import FrozenClock

NUMBER = PhoneNumber.parse("070-174 06 05")


@pytest.fixture
async def simulator(clock: FrozenClock) -> AsyncIterator[SmsSimulator]:
    async with SmsSimulator(clock) as simulator:
        yield simulator


async def test_a_message_is_sent(simulator: SmsSimulator) -> None:
    async with SmsClient(simulator.url, simulator.username, simulator.password, "Hemmaplan") as client:
        assert await client.send(NUMBER, "Hej på dig")
    [sent] = simulator.outbox
    assert (sent.to, sent.sender, sent.text) == ("+46701740605", "Hemmaplan", "Hej på dig")


async def test_a_wrong_password_and_an_empty_account_are_ours_to_mend(simulator: SmsSimulator) -> None:
    async with SmsClient(simulator.url, simulator.username, "wrong", "Hemmaplan") as client:
        with pytest.raises(SmsError) as refused:
            await client.send(NUMBER, "Hej")
        assert refused.value.ours
    simulator.balance = 0
    async with SmsClient(simulator.url, simulator.username, simulator.password, "Hemmaplan") as client:
        with pytest.raises(SmsError) as refused:
            await client.send(NUMBER, "Hej")
        assert refused.value.ours
    assert not simulator.outbox


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (500, "down", "status 500"),
        (200, "<html>hej</html>", "unreadable"),
        (200, "[]", "unreadable"),
        (200, '{"id": "s1", "status": "failed"}', "failed"),
        (302, "", "status 302"),
    ],
)
async def test_odd_answers(status: int, body: str, failure: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "/elsewhere"} if status == 302 else {})

    app = web.Application()
    app.router.add_post("/a1/sms", answer)
    async with (
        TestServer(app) as server,
        SmsClient(str(server.make_url("/a1")), "u", "p", "Hemmaplan") as client,
    ):
        with pytest.raises(SmsError) as refused:
            await client.send(NUMBER, "Hej")
    assert (refused.value.failure, refused.value.ours) == (failure, False)


async def test_an_operator_that_does_not_answer() -> None:
    async with SmsClient("http://127.0.0.1:9/a1", "u", "p", "Hemmaplan", timeout_seconds=30) as client:
        with pytest.raises(SmsError) as refused:
            await client.send(NUMBER, "Hej")
    assert "0605" not in str(refused.value)
