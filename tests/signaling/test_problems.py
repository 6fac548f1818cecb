"""Errors become answers in the reader's language, and tell nothing of what was unexpected."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.exc import OperationalError

from audit.log import AuditUnavailable
from auth.errors import Refusal, TooManyIdentifications
from auth.fields import FieldError, InvalidFields
from rooms.media import MediaUnavailable
from signaling.bus import BusUnavailable
from signaling.i18n import language_middleware
from signaling.logs import configure
from signaling.problems import fields_of, middleware, problem, refusal_of

Client = TestClient[web.Request, web.Application]
FAILURE = OperationalError("SELECT 199508172385", {}, Exception("199508172385"))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TooManyIdentifications(retry_after=30), 429, "too-many-identifications"),
        (AuditUnavailable(), 503, "audit-unavailable"),
        (MediaUnavailable(), 503, "unavailable"),
        (BusUnavailable(), 503, "unavailable"),
        (FAILURE, 503, "unavailable"),
        (TimeoutError(), 503, "unavailable"),
        (web.HTTPNotFound(), 404, "not-found"),
        (web.HTTPRequestEntityTooLarge(1, 2), 413, "too-large"),
        (web.HTTPBadRequest(), 400, "bad-request"),
        (web.HTTPInternalServerError(), 500, "unexpected"),
        (ValueError("199508172385"), 500, "unexpected"),
    ],
)
def test_each_error_has_its_refusal(error: Exception, status: int, code: str) -> None:
    refusal = refusal_of(error)
    assert (refusal.status, refusal.code) == (status, code)
    for language in ("sv", "en"):
        assert len(refusal.text(language)) > 10


def test_wrong_fields_are_named() -> None:
    refusal = InvalidFields([FieldError("name", "Skriv ett kortare namn.", "Write a shorter name.")])
    assert fields_of(refusal, "en") == [{"field": "name", "message": "Write a shorter name."}]
    body = json.loads(problem(refusal, "sv").text or "")
    assert body["errors"][0]["message"] == "Skriv ett kortare namn."


async def _fail(request: web.Request) -> web.Response:  # pragma: no cover
    raise {"audit": AuditUnavailable(), "database": FAILURE, "bug": ValueError("199508172385")}[request.query["what"]]


def _page(request: web.Request, refusal: Refusal) -> web.Response:
    return web.Response(text=refusal.text(str(request["language"])), status=refusal.status, content_type="text/html")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[language_middleware, middleware(_page)])
    app.add_routes([web.get("/page", _fail), web.get("/api/v1/x", _fail)])
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_program_gets_problem_details_and_a_person_a_page(client: Client) -> None:
    answer = await client.get("/api/v1/x?what=audit", headers={"Accept": "text/html"})
    assert answer.content_type == "application/problem+json"
    page = await client.get("/page?what=audit", headers={"Accept": "text/html", "Cookie": "hemmaplan-language=en"})
    assert (page.status, page.content_type) == (503, "text/html")
    assert "Nobody can be let in" in await page.text()


async def test_what_was_unexpected_is_told_nowhere(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    for what in ("bug", "database"):
        answer = await client.get(f"/api/v1/x?what={what}")
        assert "199508172385" not in await answer.text()
    printed = capsys.readouterr().out
    assert "199508172385" not in printed
    assert "ValueError" in printed


async def test_a_time_to_come_back_is_told(client: Client) -> None:
    assert (await client.get("/api/v1/x?what=database")).headers["Retry-After"] == "5"
