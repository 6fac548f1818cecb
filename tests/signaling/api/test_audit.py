"""The log over HTTP: who may read it, that reading is written down, and what wrong questions are answered."""

from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Actor, Event, EventType
from audit.log import AuditUnavailable, Log, open_log
from audit.signer import Signer
from audit.tree import verify_consistency, verify_inclusion
from auth.identity import AssuranceLevel, Method
from auth.people import Organisation, Permission, Person, Staff
from auth.sessions import Session
from auth.store import People
from auth.vault import Vault
from rooms.review import Review
from rooms.store import Store
from signaling.api.audit import routes
from signaling.problems import middleware
from tests.conftest import FrozenClock

Client = TestClient[web.Request, web.Application]


def session_of(clock: FrozenClock, organisation: str, *permissions: Permission) -> Session:
    person = Person("rut", "Rut", "Söderlind", "Rut Söderlind")
    staff = Staff(
        "s1",
        person,
        Organisation(organisation, "Nordviks kommun", "kommun", "0980-31 92 10"),
        "Logggranskare",
        "Kansliet",
        frozenset(permissions),
    )
    level = AssuranceLevel.HIGH_3
    return Session("session", "hash", person, Method.BANKID, level, clock(), staff, None, "sv")


@pytest.fixture
def signer() -> Signer:
    return Signer("hemmaplan.example/log", Ed25519PrivateKey.generate())


@pytest.fixture
async def log(engine: AsyncEngine, signer: Signer, clock: FrozenClock) -> AsyncIterator[Log]:
    log = await open_log(engine, signer, clock)
    yield log
    await log.close()


@pytest.fixture
async def visits(
    log: Log, engine: AsyncEngine, clock: FrozenClock
) -> AsyncIterator[Callable[[Session | None], Awaitable[Client]]]:
    clients: list[Client] = []

    async def visit(session: Session | None) -> Client:
        @web.middleware
        async def identify(request: web.Request, handler: Any) -> Any:
            request["session"] = session
            return await handler(request)

        answer_errors = middleware(lambda _, refusal: web.Response(status=refusal.status))
        app = web.Application(middlewares=[answer_errors, identify])
        people = People(engine, Vault({"1": "a test secret of thirty-two characters"}, current="1"), clock)
        app.add_routes(routes(log, Review(Store(engine), log, people), clock))
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield visit
    for client in clients:
        await client.close()


Visits = Callable[[Session | None], Awaitable[Client]]


@pytest.fixture
async def auditor(visits: Visits, clock: FrozenClock) -> Client:
    return await visits(session_of(clock, "nordvik", Permission.AUDITOR))


async def entered(log: Log, person: str, name: str, organisation: str = "nordvik", meeting: str = "m1") -> None:
    await log.append(Event(EventType.LOBBY_ENTERED, Actor(person, name, method="bankid"), organisation, meeting))


async def search(client: Client, status: int = 200, /, **wanted: object) -> Any:
    response = await client.post("/api/v1/audit/events", json={"reason": "review", **wanted})
    assert response.status == status, await response.text()
    return await response.json()


async def answer(client: Client, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status == status, await response.text()
    return await response.json()


async def test_the_auditor_reads_the_own_organisation_alone(log: Log, auditor: Client) -> None:
    await entered(log, "karin", "Karin Edlund")
    await entered(log, "other", "Someone Else", organisation="solvik")
    body = await search(auditor, meeting="m1", reason="Patienten har begärt utdrag")
    assert [event["type"] for event in body["events"]] == ["lobby.entered", "audit.read"]
    first = body["events"][0]
    assert first["actor"] == {
        "person": "karin",
        "name": "Karin Edlund",
        "role": "",
        "organisation": "",
        "method": "bankid",
    }
    assert (first["seq"], first["time"], first["intact"]) == (0, "2026-11-24T09:00:00.000000Z", True)
    assert (body["next"], body["meeting"]) == (None, None)


async def test_the_reading_is_written_before_the_answer(log: Log, auditor: Client) -> None:
    november = {"from": "2026-11-01", "to": "2026-11-30"}
    await search(auditor, actor="19121212-1212", reason="Granskning", **november)
    [read] = await log.search()
    assert read.type is EventType.AUDIT_READ
    assert read.event is not None
    assert read.event.actor is not None
    assert read.event.actor.name == "Rut Söderlind"
    assert read.event.details == {
        "reason": "Granskning",
        "actor": "[identity number]",
        "from": "2026-10-31T23:00:00.000000Z",
        "to": "2026-11-30T23:00:00.000000Z",
    }


async def test_nobody_reads_without_a_reason(log: Log, auditor: Client) -> None:
    await entered(log, "karin", "Karin Edlund")
    for wanted in ({}, {"reason": ""}, {"reason": "  "}):
        response = await auditor.post("/api/v1/audit/events", json={"meeting": "m1", **wanted})
        assert response.status == 422
        body = await response.json()
        assert [fault["field"] for fault in body["errors"]] == ["reason"]
        assert "Karin" not in str(body)
    assert (await auditor.post("/api/v1/audit/events")).status == 400
    assert len(await log.search()) == 1


async def test_a_log_that_cannot_be_written_is_not_read(
    log: Log, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await entered(log, "karin", "Karin Edlund")

    async def refuse(event: Event) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(log, "append", refuse)
    body = await search(auditor, 503)
    assert "Karin" not in str(body)


@pytest.mark.parametrize("permissions", [(), (Permission.ADMIN, Permission.HOST, Permission.OPERATOR)])
async def test_others_may_not_read(
    log: Log, visits: Visits, clock: FrozenClock, permissions: tuple[Permission, ...]
) -> None:
    client = await visits(session_of(clock, "nordvik", *permissions))
    assert (await search(client, 403))["code"] == "forbidden"
    assert await log.search() == []


async def test_who_has_not_identified_may_not_read(visits: Visits) -> None:
    await search(await visits(None), 401)


async def test_a_name_in_an_address_is_not_answered(log: Log, auditor: Client) -> None:
    """Addresses are kept by histories, proxies and logs (OWASP ASVS 5.0, V14.2.1)."""
    await entered(log, "karin", "Karin Edlund")
    assert (await auditor.get("/api/v1/audit/events?actor=Karin")).status == 405
    answered = await auditor.post("/api/v1/audit/events?actor=Nobody", json={"reason": "review"})
    everything = (await answered.json())["events"]
    assert everything[0]["actor"]["name"] == "Karin Edlund", "the query says nothing"


async def test_search_by_person_name_and_time(log: Log, auditor: Client, clock: FrozenClock) -> None:
    await entered(log, "karin", "Karin Edlund")
    clock.advance(seconds=timedelta(days=1).total_seconds())
    await entered(log, "per", "Per 100%_Wiklund")

    async def people(**wanted: str) -> list[str]:
        events = (await search(auditor, **wanted))["events"]
        return [event["actor"]["person"] for event in events if event["type"] == "lobby.entered"]

    assert await people(actor="karin") == ["karin"]
    assert await people(actor=" EDLUND ") == ["karin"]
    assert await people(actor="100%_w") == ["per"]
    assert await people(actor="%") == ["per"]
    assert await people(to="2026-11-24") == ["karin"]
    assert await people(**{"from": "2026-11-25"}) == ["per"]
    assert await people(**{"from": "2026-11-25T10:00:00+01:00", "to": "2026-11-25T10:00:01+01:00"}) == ["per"]


async def test_pages_follow_each_other(log: Log, auditor: Client) -> None:
    for number in range(5):
        await entered(log, f"p{number}", "Karin Edlund")
    seen: list[str] = []
    after: int | None = None
    while True:
        body = await search(auditor, limit=2, actor="Karin", after=after)
        seen += [event["actor"]["person"] for event in body["events"]]
        if body["next"] is None:
            break
        after = body["next"]
    assert seen == [f"p{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", 0),
        ("limit", 501),
        ("limit", "\u0661"),
        ("after", -1),
        ("after", 99999999999999999999),
        ("from", "yesterday"),
        ("from", 1.5),
        ("from", "2026-11-24T10:00:00"),
        ("to", "9999-12-31"),
        ("to", "9999-12-31T23:59:59-01:00"),
        ("to", "2026-13-01"),
        ("meeting", "x" * 65),
        ("meeting", 7),
        ("actor", "x" * 201),
        ("reason", "a\nb"),
        ("actor", "\0"),
    ],
)
async def test_wrong_questions_are_answered_with_the_field(
    log: Log, auditor: Client, field: str, value: object
) -> None:
    body = await search(auditor, 422, **{field: value})
    assert [error["field"] for error in body["errors"]] == [field]
    assert await log.search() == []


async def test_anyone_may_check_the_log(log: Log, visits: Visits, signer: Signer) -> None:
    for number in range(5):
        await entered(log, f"p{number}", "Karin Edlund")
    client = await visits(None)
    response = await client.get("/api/v1/audit/checkpoint")
    assert response.content_type == "text/plain"
    checkpoint = signer.read(await response.text())
    body = await answer(client, "/api/v1/audit/proof?seq=2")
    hashes = [b64decode(text) for text in body["hashes"]]
    assert verify_inclusion(b64decode(body["leaf"]), 2, 5, hashes, checkpoint.root)
    assert (await answer(client, "/api/v1/audit/proof?seq=2&size=3"))["size"] == 3
    grown = await answer(client, "/api/v1/audit/proof?old=3&size=5")
    older = [note async for note in log.store.all_checkpoints() if note.size == 3]
    root = signer.read(older[0].note).root
    assert verify_consistency(3, 5, root, checkpoint.root, [b64decode(text) for text in grown["hashes"]])


@pytest.mark.parametrize("query", ["", "seq=1&old=1", "seq=1&size=9", "seq=7", "old=0", "size=0&seq=0", "seq=x"])
async def test_proofs_that_cannot_be(log: Log, visits: Visits, query: str) -> None:
    await entered(log, "p1", "Karin Edlund")
    await entered(log, "p2", "Karin Edlund")
    body = await answer(await visits(None), f"/api/v1/audit/proof?{query}", 422)
    assert body["errors"]
