"""The demo's OpenID providers behave as real ones do."""

import pytest

from auth.errors import SimulatorRefused
from auth.identity import Method
from auth.oidc_client import challenge
from auth.oidc_provider import SITHS
from auth.oidc_simulator import CLIENT, Issuer, OidcSimulator, SimulatedPerson
from tests.auth.conftest import ANNA, KARIN
from tests.auth.oidc_double import Double, query_of
from tests.conftest import FrozenClock

ASKED = {
    "client_id": CLIENT,
    "redirect_uri": "https://mote.example.se/back",
    "response_type": "code",
    "scope": "openid",
    "state": "s",
    "nonce": "n",
    "code_challenge": challenge("v" * 43),
    "code_challenge_method": "S256",
}


@pytest.fixture
def issuer(clock: FrozenClock) -> Issuer:
    people = [SimulatedPerson(ANNA, "http://id.sambi.se/loa/loa3", "SE2120002411-2386")]
    issuer = Double(SITHS, people, clock, redirect_uri=ASKED["redirect_uri"], authorization_endpoint="https://op/ask")
    issuer.url = "https://op"
    return issuer


def form(issuer: Issuer, code: str, **values: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": issuer.secret,
        "code": code,
        "redirect_uri": ASKED["redirect_uri"],
        "code_verifier": "v" * 43,
        **values,
    }


@pytest.mark.parametrize("name", ASKED)
def test_a_request_that_lacks_something_is_refused(issuer: Issuer, name: str) -> None:
    assert issuer.request(ASKED).state == "s"
    with pytest.raises(SimulatorRefused):
        issuer.request({**ASKED, name: ""})


def test_a_code_is_for_one_client_one_browser_and_once(issuer: Issuer, clock: FrozenClock) -> None:
    request = issuer.request(ASKED)
    for wrong in ({"client_secret": "x"}, {"code_verifier": "w" * 43}, {"redirect_uri": "https://evil.example"}):
        code = query_of(issuer.approve(request, ANNA.number))["code"]
        assert issuer.token(form(issuer, code, **wrong))[0] in (400, 401)
    code = query_of(issuer.approve(request, ANNA.number))["code"]
    assert [issuer.token(form(issuer, code))[0] for _ in range(2)] == [200, 400]
    code = query_of(issuer.approve(request, ANNA.number))["code"]
    clock.advance(seconds=60)
    assert issuer.token(form(issuer, code))[0] == 400


def test_it_knows_its_own_people_alone(issuer: Issuer) -> None:
    with pytest.raises(SimulatorRefused):
        issuer.approve(issuer.request(ASKED), KARIN.number)
    assert "error=access_denied" in issuer.deny(issuer.request(ASKED))


def test_keys_change_and_the_last_one_stays(issuer: Issuer, clock: FrozenClock) -> None:
    first = [key["kid"] for key in issuer.jwks()["keys"]]
    clock.advance(seconds=6 * 3600)
    second = [key["kid"] for key in issuer.jwks()["keys"]]
    assert (len(first), len(second)) == (1, 2)
    assert second[1] == first[0]
    assert all("d" not in key for key in issuer.jwks()["keys"])


async def test_each_provider_is_an_issuer_of_its_own(clock: FrozenClock) -> None:
    people = {Method.SITHS: [SimulatedPerson(ANNA, "x")], Method.FREJA: [SimulatedPerson(KARIN, "PLUS")]}
    async with OidcSimulator(people, clock, origin="http://localhost:8080") as simulator:
        urls = {issuer.url for issuer in simulator.issuers.values()}
        assert len(urls) == 2
        assert simulator.issuers[Method.FREJA].url.endswith("/freja/")
        assert simulator.issuers[Method.SITHS].secret != simulator.issuers[Method.FREJA].secret
