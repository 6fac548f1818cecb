"""Cookies bound to our host, out of reach of scripts, and gone with the browser where they open something."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from auth.identity import Method
from auth.randomness import new_secret
from signaling.cookies import Cookies, method_of


@pytest.mark.parametrize(("secure", "name"), [(True, "__Host-hemmaplan"), (False, "hemmaplan")])
def test_how_they_are_set(secure: bool, name: str) -> None:
    cookies, response = Cookies(secure=secure), web.Response()
    cookies.keep_session(response, "s")
    cookies.keep_flow(response, "f")
    cookies.keep_method(response, Method.FREJA)
    session, flow, method = (response.cookies[name + part] for part in ("", "-flow", "-method"))
    for cookie in (session, flow, method):
        assert (bool(cookie.get("secure")), cookie["httponly"]) == (secure, True)
        assert (cookie["samesite"], cookie["path"], cookie.get("domain", "")) == ("Lax", "/", "")
    assert not session.get("max-age")
    assert int(flow["max-age"]) > 0
    cookies.drop_session(response)
    assert response.cookies[name]["max-age"] == "0"


def test_only_a_secret_of_ours_is_read() -> None:
    cookies, secret = Cookies(secure=False), new_secret()
    for value, found in ((secret, secret), ("short", None), ("", None)):
        request = make_mocked_request("GET", "/", headers={"Cookie": f"hemmaplan-flow={value}"})
        assert cookies.flow_of(request) == found
    assert cookies.flow_of(make_mocked_request("GET", "/")) is None


@pytest.mark.parametrize("secure", [True, False])
def test_the_way_used_last_is_read_as_it_was_kept(secure: bool) -> None:
    cookies, response = Cookies(secure=secure), web.Response()
    cookies.keep_method(response, Method.FREJA)
    sent = next(iter(response.cookies.values()))
    assert method_of(make_mocked_request("GET", "/", headers={"Cookie": f"{sent.key}={sent.value}"})) == "freja"
    assert method_of(make_mocked_request("GET", "/")) is None
