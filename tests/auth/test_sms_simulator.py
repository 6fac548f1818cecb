"""The simulated operator takes what the real one takes, and keeps no more than it should."""

import aiohttp
import pytest

from auth.sms_simulator import MOST_KEPT, SmsSimulator
from tests.conftest import FrozenClock


@pytest.mark.parametrize("form", [{}, {"from": "H", "to": "0701740605", "message": "x"}, {"from": "H", "to": "+46"}])
async def test_what_is_missing_is_refused(form: dict[str, str], clock: FrozenClock) -> None:
    async with SmsSimulator(clock) as simulator, aiohttp.ClientSession() as http:
        headers = {"Authorization": aiohttp.encode_basic_auth(simulator.username, simulator.password)}
        async with http.post(f"{simulator.url}/sms", data=form, headers=headers) as answer:
            assert answer.status == 400
        assert not simulator.outbox


async def test_the_outbox_is_bounded(clock: FrozenClock) -> None:
    async with SmsSimulator(clock) as simulator, aiohttp.ClientSession() as http:
        headers = {"Authorization": aiohttp.encode_basic_auth(simulator.username, simulator.password)}
        for number in range(MOST_KEPT + 3):
            form = {"from": "H", "to": "+46701740605", "message": str(number)}
            async with http.post(f"{simulator.url}/sms", data=form, headers=headers) as answer:
                assert answer.status == 200
        assert len(simulator.outbox) == MOST_KEPT
        assert simulator.outbox[-1].text == str(MOST_KEPT + 2)
