"""A code by SMS over HTTP: cookies set, a session for one meeting, and refusals in plain words."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from signaling.app import application
from signaling.settings import load
from tests.browser.program import Program, token_of

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    settings = load(demo=True, data_directory=tmp_path / "data", media_udp_port=0, media_tcp_port=0)
    async with application(settings) as app, TestClient(TestServer(app)) as client:
        yield client


async def planned(client: Client, **values: Any) -> tuple[Program, str]:
    """Anna logged in, and the token of Tomas' link."""
    anna = Program(str(client.make_url("")))
    await anna.identify("Anna Sjödin")
    body = {
        "type": "planning",
        "person": {
            "given_name": "Gunnar",
            "surname": "Edlund",
            "identity_number": (await anna.people())["Gunnar Edlund"],
        },
        "place": "Norrfällsviken",
        "purpose": "Hur det fungerar hemma.",
        "consent": "oral",
        "start_now": True,
        "invitations": [
            {
                "name": "Tomas Edlund",
                "identity_number": (await anna.people())["Tomas Edlund"],
                "party": "home",
                **values,
            }
        ],
    }
    made = await anna.call("POST", "/api/v1/meetings", body)
    return anna, token_of(next(link["url"] for link in made["links"] if link["name"] == "Tomas Edlund"))


async def test_a_code_logs_in_for_the_meeting(client: Client) -> None:
    anna, token = await planned(client, phone="070-174 06 05", sms_reason="Har ingen e-legitimation")
    try:
        started = await client.post("/auth/sms/start", json={"invitation": token})
        assert started.status == 200
        transaction = (await started.json())["transaction"]
        outbox = await (await client.get("/simulator/sms/outbox")).json()
        assert outbox[0]["to"] == "+46701740605"
        code = re.match(r"\d{6}", outbox[0]["text"])
        assert code is not None
        body = {"invitation": token, "transaction": transaction, "code": "000000" if code[0] != "000000" else "000001"}
        wrong = await client.post("/auth/sms/verify", json=body)
        assert (wrong.status, (await wrong.json())["code"]) == (422, "sms-wrong-code")
        right = await client.post("/auth/sms/verify", json=body | {"code": f" {code[0][:3]} {code[0][3:]}"})
        assert right.status == 200
        meeting = (await right.json())["next"].rpartition("/")[2]
        session = (await (await client.get("/auth/session")).json())["session"]
        assert (session["method"], session["assurance_level"], session["staff"]) == ("sms", 1, None)
        waiting = await client.post(f"/api/v1/meetings/{meeting}/join", json={})
        assert waiting.status == 202
        participant = (await waiting.json())["participant"]
        early = await client.post(f"/api/v1/meetings/{meeting}/participants/{participant}/recognise")
        assert early.status == 403
        other = await client.get("/api/v1/meetings")
        assert [item["meeting"]["id"] for item in (await other.json())["meetings"]] == [meeting]
    finally:
        await anna.__aexit__(None, None, None)


async def test_a_link_without_a_telephone_asks_for_an_e_legitimation(client: Client) -> None:
    anna, token = await planned(client)
    await anna.__aexit__(None, None, None)
    refused = await client.post("/auth/sms/start", json={"invitation": token})
    assert (refused.status, (await refused.json())["code"]) == (403, "sms-not-allowed")
    unknown = await client.post("/auth/sms/start", json={"invitation": "x" * 22})
    assert unknown.status == 404


@pytest.mark.parametrize("body", [{}, {"invitation": 7}, {"invitation": "a/b"}, [], {"invitation": "a", "more": 1}])
async def test_malformed_bodies(client: Client, body: Any) -> None:
    for path in ("/auth/sms/start", "/auth/sms/verify"):
        refused = await client.post(path, json=body)
        assert (refused.status, (await refused.json())["code"]) == (400, "bad-request")
    assert (await client.post("/auth/sms/start", data=b"{}")).status == 415


async def test_without_cookies_the_person_is_told(client: Client) -> None:
    body = {"invitation": "a", "transaction": "b", "code": "123456"}
    refused = await client.post("/auth/sms/verify", json=body)
    assert (await refused.json())["code"] == "cookies-blocked"
