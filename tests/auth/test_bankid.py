"""The client against a server that answers everything BankID may answer, over mutual TLS."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from auth.bankid import OURS, PASSING, BankIdClient, BankIdError, Failure, Web
from auth.credentials import Credentials, tls_context
from auth.demo_certificates import DemoCertificates, make

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
ORDER = {"orderRef": "ref", "autoStartToken": "start", "qrStartToken": "token", "qrStartSecret": "secret"}


@asynccontextmanager
async def answering(
    certificates: DemoCertificates, serve: Serve, *, timeout_seconds: float = 30
) -> AsyncIterator[BankIdClient]:
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificates.server)
    await site.start()
    credentials = Credentials(certificates.certificate, certificates.key, certificates.root)
    url = f"https://localhost:{runner.addresses[0][1]}/rp/v6.0"
    try:
        async with BankIdClient(url, credentials.context, timeout_seconds=timeout_seconds) as client:
            yield client
    finally:
        await runner.cleanup()


def always(status: int, body: Any = None, text: str | None = None, headers: dict[str, str] | None = None) -> Serve:
    async def serve(request: web.Request) -> web.Response:
        if text is not None:
            return web.Response(status=status, text=text, content_type="text/html", headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return serve


async def test_auth_sends_what_the_guide_asks_for(certificates: DemoCertificates) -> None:
    seen: list[tuple[str, str, dict[str, Any]]] = []

    async def serve(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers["Content-Type"], await request.json()))
        return web.json_response(ORDER)

    async with answering(certificates, serve) as client:
        order = await client.auth(
            end_user_ip="192.0.2.7",
            visible_text="# Hemmaplan\nNordviks kommun",
            web=Web("localhost", "x" * 300, "a" * 64),
            return_url="https://localhost/auth/bankid/return#nonce=1",
        )
    path, content_type, body = seen[0]
    assert (path, content_type) == ("/rp/v6.0/auth", "application/json")
    assert base64.b64decode(body.pop("userVisibleData")).decode() == "# Hemmaplan\nNordviks kommun"
    assert body == {
        "endUserIp": "192.0.2.7",
        "returnRisk": True,
        "userVisibleDataFormat": "simpleMarkdownV1",
        "returnUrl": "https://localhost/auth/bankid/return#nonce=1",
        "web": {"referringDomain": "localhost", "userAgent": "x" * 256, "deviceIdentifier": "a" * 64},
    }
    assert order.order_ref == "ref"
    assert "secret" not in repr(order)


async def test_collect_reads_a_completed_order_and_lets_new_fields_through(certificates: DemoCertificates) -> None:
    user = {"personalNumber": "199508162394", "name": "Karin Edlund", "givenName": "Karin", "surname": "Edlund"}
    completion = {
        "user": user,
        "device": {"ipAddress": "192.0.2.7", "new": 1},
        "risk": "low",
        "signature": "s" * 90_000,
    }
    body = {"orderRef": "ref", "status": "complete", "completionData": completion, "new": {}}
    async with answering(certificates, always(200, body)) as client:
        collected = await client.collect("ref")
    assert collected.completion is not None
    assert collected.completion.user.personal_number == "199508162394"
    assert collected.completion.risk == "low"
    assert "1995" not in repr(collected)
    assert "Karin" not in repr(collected)


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"errorCode": "alreadyInProgress", "details": "x"}, Failure.ALREADY_IN_PROGRESS),
        (400, {"errorCode": "invalidParameters", "details": "x"}, Failure.INVALID_PARAMETERS),
        (400, {"errorCode": "somethingNew", "details": "x"}, Failure.UNKNOWN),
        (400, ["no object"], Failure.UNKNOWN),
        (401, {"errorCode": "unauthorized"}, Failure.UNAUTHORIZED),
        (404, {"errorCode": "notFound"}, Failure.NOT_FOUND),
        (405, {"errorCode": "methodNotAllowed"}, Failure.METHOD_NOT_ALLOWED),
        (408, {"errorCode": "requestTimeout"}, Failure.REQUEST_TIMEOUT),
        (415, {"errorCode": "unsupportedMediaType"}, Failure.UNSUPPORTED_MEDIA_TYPE),
        (429, {"errorCode": "tooManyRequests"}, Failure.TOO_MANY_REQUESTS),
        (500, {"errorCode": "internalError"}, Failure.INTERNAL_ERROR),
        (502, {}, Failure.INTERNAL_ERROR),
        (503, {"errorCode": "maintenance"}, Failure.MAINTENANCE),
        (302, {}, Failure.UNKNOWN),
        (200, {"orderRef": "ref"}, Failure.UNREADABLE),
        (200, {**ORDER, "qrStartSecret": ""}, Failure.UNREADABLE),
        (200, None, Failure.UNREADABLE),
    ],
)
async def test_every_error_has_its_name(
    certificates: DemoCertificates, status: int, body: Any, failure: Failure
) -> None:
    async with answering(certificates, always(status, body)) as client:
        with pytest.raises(BankIdError) as error:
            await client.auth(end_user_ip="192.0.2.7", visible_text="x")
    assert error.value.failure is failure


@pytest.mark.parametrize(
    ("status", "failure"), [(403, Failure.UNAUTHORIZED), (400, Failure.UNKNOWN), (200, Failure.UNREADABLE)]
)
async def test_html_is_no_surprise(certificates: DemoCertificates, status: int, failure: Failure) -> None:
    async with answering(certificates, always(status, text="<html>Forbidden</html>")) as client:
        with pytest.raises(BankIdError) as error:
            await client.collect("ref")
    assert error.value.failure is failure


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"RateLimit-Reset": "7"}, 7.0), ({"Retry-After": "3"}, 3.0), ({"RateLimit-Reset": "soon"}, None), ({}, None)],
)
async def test_too_many_calls_say_how_long_to_wait(
    certificates: DemoCertificates, headers: dict[str, str], seconds: float | None
) -> None:
    async with answering(certificates, always(429, {}, headers=headers)) as client:
        with pytest.raises(BankIdError) as error:
            await client.collect("ref")
    assert error.value.retry_after == seconds


async def test_a_silent_server_times_out_and_auth_is_tried_once(certificates: DemoCertificates) -> None:
    calls = 0

    async def serve(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()
        return web.json_response(ORDER)

    # Long enough for a busy machine to shake hands, and to ask.
    async with answering(certificates, serve, timeout_seconds=3) as client:
        with pytest.raises(BankIdError) as error:
            await client.auth(end_user_ip="192.0.2.7", visible_text="x")
    assert error.value.failure is Failure.UNREACHABLE
    assert calls == 1


async def test_a_cut_connection_is_unreachable_and_auth_is_tried_once(certificates: DemoCertificates) -> None:
    calls = 0

    async def serve(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with answering(certificates, serve) as client:
        with pytest.raises(BankIdError) as error:
            await client.auth(end_user_ip="192.0.2.7", visible_text="x")
    assert error.value.failure is Failure.UNREACHABLE
    assert calls == 1


async def test_an_endless_answer_is_cut(certificates: DemoCertificates) -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=b" " * (600 * 1024) + json.dumps(ORDER).encode(), content_type="application/json")

    async with answering(certificates, serve) as client:
        with pytest.raises(BankIdError) as error:
            await client.auth(end_user_ip="192.0.2.7", visible_text="x")
    assert error.value.failure is Failure.UNREADABLE


async def test_too_long_a_text_is_never_sent(certificates: DemoCertificates) -> None:
    async with answering(certificates, always(200, ORDER)) as client:
        with pytest.raises(BankIdError) as error:
            await client.auth(end_user_ip="192.0.2.7", visible_text="x" * 1200)
    assert error.value.failure is Failure.INVALID_PARAMETERS


async def test_another_root_is_not_trusted(certificates: DemoCertificates, tmp_path_factory: Any) -> None:
    other = make(tmp_path_factory.mktemp("other"))
    async with answering(certificates, always(200, ORDER)) as client:
        context = tls_context(certificates.certificate, certificates.key, other.root)
        async with BankIdClient(client._url, lambda: context, timeout_seconds=30) as deceived:
            with pytest.raises(BankIdError) as error:
                await deceived.collect("ref")
    assert error.value.failure is Failure.UNREACHABLE


def test_failures_are_sorted_once() -> None:
    assert not PASSING & OURS
