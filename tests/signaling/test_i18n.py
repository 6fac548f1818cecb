"""The visitor's language."""

from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from signaling import i18n

MOMENT = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)


async def page(request: web.Request) -> web.Response:
    return web.Response(text=i18n.gettext_of(request)("Hjälp"), content_type="text/html")


def client() -> TestClient[web.Request, web.Application]:
    app = web.Application(middlewares=[i18n.language_middleware])
    app.add_routes([web.get("/page", page), web.get("//evil.example/x", page), *i18n.routes()])
    return TestClient(TestServer(app))


async def test_swedish_comes_first_whatever_the_browser_asks() -> None:
    async with client() as visitor:
        answer = await visitor.get("/page", headers={"Accept-Language": "en"})
        assert await answer.text() == "Hjälp"
        assert answer.headers["Content-Language"] == "sv"


async def test_the_switch_is_kept_and_leads_back() -> None:
    async with client() as visitor:
        answer = await visitor.get("/page?a=1&lang=en", allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"] == "/page?a=1"
        assert await (await visitor.get("/page")).text() == "Help"
        sent = await visitor.post("/language", data={"language": "sv", "next": "/page"}, allow_redirects=False)
        assert sent.headers["Location"] == "/page"
        assert await (await visitor.get("/page")).text() == "Hjälp"


async def test_under_https_the_choice_is_kept_for_this_host_alone() -> None:
    """TLS ends at a proxy: the request itself comes by plain http."""
    visitor = client()
    app = visitor.app
    assert app is not None
    app[i18n.SECURE] = True
    async with visitor:
        answer = await visitor.get("/page?lang=en", allow_redirects=False)
        (cookie,) = answer.cookies.values()
        assert (cookie.key, cookie["secure"], cookie["path"]) == ("__Host-hemmaplan-language", True, "/")
        again = await visitor.get("/page", headers={"Cookie": f"{cookie.key}=en"})
        assert await again.text() == "Help"


async def test_unknown_languages_change_nothing() -> None:
    async with client() as visitor:
        assert await (await visitor.get("/page?lang=xx")).text() == "Hjälp"
        answer = await visitor.post(
            "/language", data={"language": "xx", "next": "//evil.example"}, allow_redirects=False
        )
        assert answer.headers["Location"] == "/evil.example"
        assert i18n.COOKIE not in answer.cookies


@pytest.mark.parametrize("path", ["/\t/evil.example", "\t//evil.example", "/\r\nX: y", "/\n/evil.example", "/\x00"])
def test_no_address_with_control_characters_is_led_to(path: str) -> None:
    assert i18n.local_path(path) == "/"


async def test_the_switch_leads_to_no_other_server() -> None:
    async with client() as visitor:
        answer = await visitor.get(URL("/%09/evil.example?lang=en", encoded=True), allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/")


def test_dates_and_times_are_written_as_people_say_them() -> None:
    assert i18n.full_day(MOMENT, "sv") == "tisdag 24 november 2026"
    assert i18n.full_day(MOMENT, "en") == "Tuesday 24 November 2026"
    assert i18n.short_day(MOMENT, "sv") == "24 nov"
    assert i18n.clock_time(MOMENT, "sv") == "10.00"
    assert i18n.clock_time(MOMENT, "en") == "10:00"
    assert i18n.clock_time(MOMENT, "sv", seconds=True) == "10.00.05"
