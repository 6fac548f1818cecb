"""Cookies bound to our host, out of reach of scripts, and gone with the browser where they open something."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from auth.randomness import new_secret
from signaling.cookies import Cookies


@pytest.mark.parametrize(("secure", "name"), [(True, "__Host-hemmaplan"), (False, "hemmaplan")])
def test_how_they_are_set(secure: bool, name: str) -> None:
    cookies, response = Cookies(secure=secure), web.Response()
    cookies.keep_session(response, "s")
    cookies.keep_flow(response, "f")
    session, flow = response.cookies[name], response.cookies[f"{name}-flow"]
    for cookie in (session, flow):
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
