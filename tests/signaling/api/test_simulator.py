"""The demo's BankID app over HTTP."""

from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from auth.bankid_simulator import BankIdSimulator
from auth.errors import Refusal
from auth.flow import visible_text
from signaling import problems
from signaling.api.simulator import routes
from tests.auth.conftest import *  # noqa: F403  (fixtures)
from tests.auth.conftest import KARIN, LinkGreeting

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(simulator: BankIdSimulator) -> AsyncIterator[Client]:
    def error_page(request: web.Request, refusal: Refusal) -> web.Response:
        return web.Response(status=refusal.status)

    app = web.Application(middlewares=[problems.middleware(error_page)])
    app.add_routes(routes(simulator))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_people_and_orders(client: Client, simulator: BankIdSimulator) -> None:
    async with client.get("/simulator/people") as response:
        people = await response.json()
    assert people[0] == {"personalNumber": KARIN.number, "name": "Karin Edlund", "role": "", "organisation": ""}
    answer = simulator._auth({"endUserIp": "192.0.2.7", "userVisibleData": "SGVq"})
    async with client.get("/simulator/bankid/orders") as response:
        orders = await response.json()
    assert [(order["autoStartToken"], order["text"]) for order in orders] == [(answer["autoStartToken"], "Hej")]
    body = {"autoStartToken": answer["autoStartToken"], "personalNumber": "19950816-2394"}
    async with client.post("/simulator/bankid/approve", json=body) as response:
        assert response.status == 204
    async with client.post("/simulator/bankid/approve", json=body) as response:
        assert response.status == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("approve", {}, 400),
        ("approve", {"personalNumber": KARIN.number, "risk": "none"}, 400),
        ("approve", {"personalNumber": KARIN.number}, 409),
        ("approve", {"personalNumber": KARIN.number, "qr": "bankid.x.1.y"}, 409),
        ("deny", {"qr": 1}, 400),
        ("deny", {"unknown": 1}, 400),
        ("deny", {"autoStartToken": "x"}, 409),
    ],
)
async def test_bad_requests(client: Client, path: str, body: dict[str, object], status: int) -> None:
    headers = {"Accept": "application/json"}
    async with client.post(f"/simulator/bankid/{path}", json=body, headers=headers) as response:
        assert response.status == status


async def test_orders_tell_what_they_are_for_and_when_they_began_newest_first(
    client: Client, simulator: BankIdSimulator
) -> None:
    texts = [
        visible_text(None, "sv"),
        visible_text(None, "en", kiosk=True),
        visible_text(LinkGreeting("Nordviks kommun"), "sv"),
    ]
    for text in texts:
        simulator._auth({"endUserIp": "192.0.2.7", "userVisibleData": b64encode(text.encode()).decode()})
    async with client.get("/simulator/bankid/orders") as response:
        orders = await response.json()
    assert {order["text"]: order["kind"] for order in orders} == dict(
        zip(texts, ("staff", "kiosk", "link"), strict=True)
    )
    began = [order["startedAt"] for order in orders]
    assert began == sorted(began, reverse=True)
