"""The forms for a code, without any script: from the link to the meeting's page, and back with words when it fails."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from signaling.app import application
from signaling.settings import load
from tests.signaling.api.test_sms import planned

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    settings = load(demo=True, data_directory=tmp_path / "data", media_udp_port=0, media_tcp_port=0)
    async with application(settings) as app, TestClient(TestServer(app)) as client:
        yield client


async def test_from_the_link_to_the_meeting(client: Client) -> None:
    anna, token = await planned(client, phone="070-174 06 05", sms_reason="Har ingen e-legitimation")
    await anna.__aexit__(None, None, None)
    assert f'href="/i/{token}/sms"' in await (await client.get(f"/i/{token}")).text()
    offer = await (await client.get(f"/i/{token}/sms")).text()
    assert "Skicka koden" in offer
    assert "0605" not in offer
    asked = await (await client.post(f"/i/{token}/sms")).text()
    sent = re.search(r'name="sent" value="([^"]+)"', asked)
    assert sent is not None
    [message] = await (await client.get("/simulator/sms/outbox")).json()
    code = message["text"][:6]
    form = {"sent": sent[1], "code": f"{(int(code) + 1) % 1_000_000:06}"}
    refused = await client.post(f"/i/{token}/sms", data=form)
    wrong = await refused.text()
    assert refused.status == 422
    assert "<title>Fel: Skriv koden" in wrong
    assert 'id="summary"><div role="alert">' in wrong
    assert 'aria-invalid="true"' in wrong
    assert "Koden stämmer inte" in wrong
    answer = await client.post(f"/i/{token}/sms", data=form | {"code": code}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"].startswith("/meetings/")) == (303, True)
    page = await client.get(answer.headers["Location"])
    assert page.status == 200
    used = await (await client.post(f"/i/{token}/sms", data=form | {"code": code})).text()
    assert "Be om en ny" in used
    assert "Skicka koden" in used


async def test_a_link_that_asks_for_an_e_legitimation_says_so(client: Client) -> None:
    anna, token = await planned(client)
    await anna.__aexit__(None, None, None)
    assert "/sms" not in await (await client.get(f"/i/{token}")).text()
    refused = await client.get(f"/i/{token}/sms", headers={"Accept": "text/html"})
    assert refused.status == 403
    assert "kräver e-legitimation" in await refused.text()
    sent = await (await client.post(f"/i/{token}/sms", data={}, headers={"Accept": "text/html"})).text()
    assert token not in sent
    assert 'href="?problem=sms-not-allowed&amp;lang=en"' in sent
    unknown = await client.get(f"/i/{'x' * 22}/sms", headers={"Accept": "text/html"})
    assert unknown.status == 404


async def test_without_cookies_and_with_too_many_codes_the_page_says_what_to_do(client: Client) -> None:
    anna, token = await planned(client, phone="070-174 06 05", sms_reason="Har ingen e-legitimation")
    await anna.__aexit__(None, None, None)
    blocked = await client.post(f"/i/{token}/sms", data={"sent": "x", "code": "123456"})
    assert 'role="alert"' in await blocked.text()
    for _ in range(3):
        assert "Skriv koden" in await (await client.post(f"/i/{token}/sms")).text()
    told = await (await client.post(f"/i/{token}/sms")).text()
    assert "flera koder redan" in told
