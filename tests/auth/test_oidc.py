"""Login by OpenID Connect end to end, over HTTP, against a provider that answers well and then every other way."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.log import AuditUnavailable
from auth.demo import NORDVIK
from auth.errors import ForPeople, InvitationUnknown, ProviderUnavailable, TooManyIdentifications
from auth.identity import AssuranceLevel, Method
from auth.identity_number import IdentityNumber
from auth.oidc import Limits, OidcLogins
from auth.oidc_client import OidcClient, http_session
from auth.oidc_provider import FREJA, SITHS, Profile
from auth.oidc_simulator import CLIENT, SimulatedPerson
from auth.people import Permission, Staff
from auth.store import OidcRows
from tests.auth.conftest import ANNA, BROWSER, KARIN, House
from tests.auth.oidc_double import KEYS, Claims, Double, OidcHouse

LOA3 = "http://id.sambi.se/loa/loa3"
ANNAS_HSA_ID = "SE2120002411-2386"


async def opened(house: House, engine: AsyncEngine, profile: Profile, stack: list[Any]) -> OidcHouse:
    level = LOA3 if profile is SITHS else "PLUS"
    people = [SimulatedPerson(ANNA, level, ANNAS_HSA_ID), SimulatedPerson(KARIN, level)]
    back = f"http://localhost:8080/auth/oidc/{profile.method.value}/callback"
    issuer = Double(profile, people, house.clock, redirect_uri=back, authorization_endpoint="http://op.example/ask")
    await issuer.__aenter__()
    http = http_session(timeout_seconds=30)
    stack.extend((issuer, http))
    logins = OidcLogins(
        [OidcClient(issuer.provider, back, http, house.clock)],
        rows=OidcRows(engine, house.vault),
        people=house.people,
        sessions=house.sessions,
        invitations=house.links,
        audit=house.log,
        clock=house.clock,
        limits=Limits(started=300, refused=3),
    )
    return OidcHouse(house, issuer, logins)


@pytest.fixture
async def stack() -> AsyncIterator[list[Any]]:
    entered: list[Any] = []
    yield entered
    for item in reversed(entered):
        await item.__aexit__(None, None, None)


@pytest.fixture
async def siths(house: House, engine: AsyncEngine, stack: list[Any]) -> OidcHouse:
    return await opened(house, engine, SITHS, stack)


@pytest.fixture
async def freja(house: House, engine: AsyncEngine, stack: list[Any]) -> OidcHouse:
    return await opened(house, engine, FREJA, stack)


# ---- as it should be ----


async def test_staff_log_in_with_siths(siths: OidcHouse) -> None:
    back = await siths.log_in(ANNA.number, next_path="/kiosk")
    assert (back.problem, back.page) == (None, "/kiosk")
    assert back.cookie is not None
    session = await siths.house.sessions.get(back.cookie)
    assert session is not None
    assert (session.method, session.assurance_level) == (Method.SITHS, AssuranceLevel.HIGH_3)
    assert session.staff is not None
    assert session.staff.id == "staff-1"
    assert session.device == "windows"
    assert siths.house.log.types() == ["identification.started", "identification.completed"]
    assert siths.house.log.events[0].details["method"] == "siths"
    assert all(ANNA.number[2:] not in repr(event) for event in siths.house.log.events)


async def test_a_relative_comes_by_a_link_with_freja(freja: OidcHouse) -> None:
    back = await freja.log_in(KARIN.number, link="karins-link")
    assert (back.problem, back.page) == (None, "/meetings/meeting-1")
    assert back.session is not None
    assert (back.session.invitation, back.session.staff, back.session.method) == ("invitation-1", None, Method.FREJA)


async def test_what_the_provider_is_asked(siths: OidcHouse) -> None:
    asked = await siths.away()
    assert (asked["response_type"], asked["code_challenge_method"], asked["max_age"]) == ("code", "S256", "300")
    assert (asked["prompt"], asked["acr_values"].split()[0]) == ("login", LOA3)
    assert "employeeHsaId" in json.loads(asked["claims"])["id_token"]
    other = await siths.away()
    assert all(asked[name] != other[name] for name in ("state", "nonce", "code_challenge"))


async def test_an_hsa_id_alone_is_enough_for_staff_and_chooses_the_post(siths: OidcHouse) -> None:
    number = IdentityNumber.parse(ANNA.number)
    anna = await siths.house.people.person_by_number(number)
    assert anna is not None
    rights = frozenset({Permission.HOST, Permission.PLANNER})
    await siths.house.people.add_staff(
        Staff("staff-9", anna, NORDVIK, "Samordnare", "Kommunkansliet", rights, hsa_id=ANNAS_HSA_ID)
    )
    siths.issuer.alter = lambda claims: claims.pop("credentialPersonalIdentityNumber")
    back = await siths.log_in(ANNA.number)
    assert back.problem is None
    assert back.session is not None
    assert back.session.person.id == anna.id
    siths.issuer.alter = lambda claims: claims.update(credentialPersonalIdentityNumber=KARIN.number)
    mixed = await siths.log_in(ANNA.number)  # the card says one person, the directory another
    assert mixed.problem is not None
    assert mixed.problem.code == "not-staff"
    assert siths.house.log.reasons()[-1] == "numbers_differ"


async def test_a_key_that_is_new_is_fetched(siths: OidcHouse) -> None:
    assert (await siths.log_in(ANNA.number)).problem is None
    siths.issuer.rotate()
    assert (await siths.log_in(ANNA.number)).problem is None
    assert siths.issuer.asked["jwks.json"] == 2


# ---- the person ----


async def test_the_wrong_person_is_told_and_logged(freja: OidcHouse) -> None:
    back = await freja.log_in(ANNA.number, link="karins-link")
    assert back.problem is not None
    assert (back.problem.code, back.page, back.cookie) == ("wrong-person", "/i/karins-link", None)
    assert freja.house.log.types()[-1] == "invitation.refused"


async def test_robots_start_nothing(freja: OidcHouse) -> None:
    robot = replace(BROWSER, user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
    for link in ("karins-link", None):
        with pytest.raises(ForPeople):
            await freja.logins.start(Method.FREJA, robot, link=link, next_path=None)
    assert freja.house.log.events == []


async def test_links_that_are_no_good_are_stopped_and_shut_nobody_else_out(freja: OidcHouse) -> None:
    for _ in range(3):
        with pytest.raises(InvitationUnknown):
            await freja.away(link="nowhere")
    with pytest.raises(TooManyIdentifications) as told:
        await freja.away(link="nowhere")
    assert told.value.retry_after == 600
    assert await freja.away(link="karins-link")
    assert await freja.away()


async def test_somebody_who_is_not_staff_is_told(freja: OidcHouse) -> None:
    back = await freja.log_in(KARIN.number)
    assert back.problem is not None
    assert (back.problem.code, back.page) == ("not-staff", "/login")


async def test_giving_up_and_staying_away_too_long(freja: OidcHouse) -> None:
    asked = await freja.away(link="karins-link")
    back = await freja.back({"error": "access_denied", "state": asked["state"], "iss": freja.issuer.url})
    assert back.problem is not None
    assert (back.problem.code, back.page) == ("identification-given-up", "/i/karins-link")
    assert freja.house.log.types()[-1] == "identification.cancelled"
    answer = freja.approved(await freja.away(), ANNA.number)
    freja.house.clock.advance(seconds=601)
    late = await freja.back(answer)
    assert late.problem is not None
    assert late.problem.code == "identification-expired"


# ---- whose browser, and once ----


async def test_another_browser_and_no_cookies(siths: OidcHouse) -> None:
    answer = siths.approved(await siths.away(), ANNA.number)
    stolen, blocked = await siths.back(answer, "o" * 43), await siths.back(answer, None)
    assert stolen.problem is not None
    assert stolen.problem.code == "identification-unknown"
    assert blocked.problem is not None
    assert blocked.problem.code == "cookies-blocked"
    assert (await siths.back(answer)).problem is None  # neither used up what was the first one's


async def test_an_answer_counts_once(siths: OidcHouse) -> None:
    answer = siths.approved(await siths.away(), ANNA.number)
    first, again = await siths.back(answer), await siths.back(answer)
    assert first.problem is None
    assert again.problem is not None
    assert (again.problem.code, again.cookie) == ("identification-unknown", None)
    # The same code under a state of one's own: the provider has taken it, and the verifier is another.
    asked = await siths.away()
    replayed = await siths.back({**answer, "state": asked["state"]})
    assert replayed.problem is not None
    assert replayed.problem.code == "provider-not-trusted"
    assert siths.house.log.reasons()[-1] == "code_refused"


async def test_two_answers_at_once_make_one_session(siths: OidcHouse) -> None:
    answer = siths.approved(await siths.away(), ANNA.number)
    backs = await asyncio.gather(*(siths.back(answer) for _ in range(5)))
    assert sum(back.problem is None for back in backs) == 1


async def test_a_code_of_someone_elses_login_is_no_good(siths: OidcHouse) -> None:
    """A swindler's own code given to a victim's browser: the verifier does not fit (PKCE)."""
    swindlers = siths.approved(await siths.away(), ANNA.number)
    victims = await siths.away()
    back = await siths.back({**swindlers, "state": victims["state"]})
    assert back.problem is not None
    assert siths.house.log.reasons()[-1] == "code_refused"


async def test_mix_up(siths: OidcHouse) -> None:
    for issuer in ("https://evil.example", None):
        answer = siths.approved(await siths.away(), ANNA.number)
        answer.pop("iss")
        back = await siths.back({**answer, "iss": issuer} if issuer else answer)
        assert back.problem is not None
        assert siths.house.log.reasons()[-1] == "wrong_issuer"
    assert "token" not in siths.issuer.asked  # the code went nowhere


# ---- hostile tokens ----


def claim(**values: Any) -> Callable[[Claims], None]:
    return lambda claims: claims.update(values)


def without(name: str) -> Callable[[Claims], None]:
    return lambda claims: claims.pop(name)


def moved(**seconds: int) -> Callable[[Claims], None]:
    return lambda claims: claims.update({name: claims["iat"] + by for name, by in seconds.items()})


HOSTILE: dict[str, tuple[Callable[[Claims], None], str, str]] = {
    "another nonce": (claim(nonce="x"), "wrong_nonce", "provider-not-trusted"),
    "no nonce": (without("nonce"), "wrong_nonce", "provider-not-trusted"),
    "another audience": (claim(aud="another"), "wrong_audience", "provider-not-trusted"),
    "an audience beside us": (claim(aud=[CLIENT, "another"]), "wrong_audience", "provider-not-trusted"),
    "authorized for another": (claim(azp="another"), "wrong_audience", "provider-not-trusted"),
    "another issuer": (claim(iss="https://evil.example"), "wrong_issuer", "provider-not-trusted"),
    "no issuer": (without("iss"), "wrong_issuer", "provider-not-trusted"),
    "no subject": (without("sub"), "token_unreadable", "provider-not-trusted"),
    "expired": (moved(iat=-400, exp=-100, auth_time=-400), "clocks_differ", "clocks-differ"),
    "their clock five minutes ahead": (moved(iat=300, exp=600, auth_time=300), "clocks_differ", "clocks-differ"),
    "their clock five minutes behind": (moved(iat=-300, exp=300, auth_time=-300), "clocks_differ", "clocks-differ"),
    "not valid yet": (moved(nbf=300), "clocks_differ", "clocks-differ"),
    "no expiry": (without("exp"), "token_unreadable", "provider-not-trusted"),
    "times that are no times": (claim(exp="tomorrow"), "token_unreadable", "provider-not-trusted"),
    "a time beyond the calendar": (claim(exp=1e300), "token_unreadable", "provider-not-trusted"),
    "logged in an hour ago": (moved(auth_time=-3600), "login_too_old", "provider-not-trusted"),
    "not told when": (without("auth_time"), "login_too_old", "provider-not-trusted"),
    "no level": (without("acr"), "level_too_low", "assurance-too-low"),
    "a level of its own": (claim(acr="urn:very-sure"), "level_too_low", "assurance-too-low"),
    "a level that is a list": (claim(acr=[LOA3]), "level_too_low", "assurance-too-low"),
    "a level too low for staff": (claim(acr="http://id.sambi.se/loa/loa2"), "assurance_too_low", "assurance-too-low"),
    "a number that is none": (claim(credentialPersonalIdentityNumber="200001010000"), "person_not_told",
                              "person-not-told"),
    "an HSA-id that is none": (claim(employeeHsaId="SE1-x"), "person_not_told", "person-not-told"),
    "no name": (claim(given_name="", family_name=""), "person_not_told", "person-not-told"),
    "a name of a thousand letters": (claim(given_name="x" * 1000), "person_not_told", "person-not-told"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_claims(siths: OidcHouse, case: str) -> None:
    siths.issuer.alter, reason, code = HOSTILE[case]
    back = await siths.log_in(ANNA.number)
    assert back.problem is not None
    assert (back.problem.code, back.cookie, back.session) == (code, None, None)
    assert siths.house.log.reasons()[-1] == reason


async def test_a_minute_of_difference_is_forgiven(siths: OidcHouse) -> None:
    siths.issuer.alter = moved(iat=55, exp=300, auth_time=55)
    back = await siths.log_in(ANNA.number)
    assert back.session is not None
    assert back.session.authenticated_at == siths.house.clock()  # never later than now


def public_pem(issuer: Double) -> bytes:
    return issuer.key[1].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hs256(issuer: Double) -> Callable[[Claims], str]:
    """Signed with the public key as if it were a shared secret. PyJWT refuses to, so by its HMAC alone."""

    def sign(claims: Claims) -> str:
        algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        head, body = jwt.encode(claims, "x" * 32, "HS256", {"kid": issuer.key[0]}).split(".")[:2]
        signature = algorithm.sign(f"{head}.{body}".encode(), public_pem(issuer))
        return f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"

    return sign


SIGNED: dict[str, tuple[Callable[[Double], Callable[[Claims], str]], str]] = {
    "alg none": (lambda issuer: lambda claims: issuer.signed_as(claims, None, "none"), "wrong_algorithm"),
    "HS256 with the public key": (hs256, "wrong_algorithm"),
    "an algorithm not agreed": (lambda issuer: lambda claims: issuer.signed_as(claims, issuer.key[1], "RS512"),
                                "wrong_algorithm"),
    "another's key under this name": (lambda issuer: lambda claims: issuer.signed_as(claims, KEYS[1], "RS256"),
                                      "wrong_signature"),
    "a key nobody knows": (lambda issuer: lambda claims: issuer.signed_as(claims, KEYS[1], "RS256", kid="x"),
                           "unknown_key"),
    "something critical": (lambda issuer: lambda claims: issuer.signed_as(claims, issuer.key[1], "RS256",
                                                                          crit=["exp"], exp=1), "token_unreadable"),
    "no token": (lambda issuer: lambda claims: "x.y", "token_unreadable"),  # noqa: ARG005
    "a token without end": (lambda issuer: lambda claims: "x" * 40_000, "token_unreadable"),  # noqa: ARG005
}  # fmt: skip


@pytest.mark.parametrize("case", SIGNED)
async def test_hostile_signatures(siths: OidcHouse, case: str) -> None:
    make, reason = SIGNED[case]
    siths.issuer.signed = make(siths.issuer)
    back = await siths.log_in(ANNA.number)
    assert back.problem is not None
    assert (back.problem.code, back.cookie) == ("provider-not-trusted", None)
    assert siths.house.log.reasons()[-1] == reason


async def test_a_storm_of_unknown_keys_asks_once_in_a_while(siths: OidcHouse) -> None:
    siths.issuer.signed = SIGNED["a key nobody knows"][0](siths.issuer)
    for _ in range(20):
        assert (await siths.log_in(ANNA.number)).problem is not None
        siths.house.clock.advance(seconds=1)
    assert siths.issuer.asked["jwks.json"] == 2  # once to begin with, once for the unknown name
    siths.house.clock.advance(seconds=30)
    await siths.log_in(ANNA.number)
    assert siths.issuer.asked["jwks.json"] == 3


# ---- a provider that is not well ----

HTML = b"<!doctype html><title>Maintenance</title>"
BROKEN: dict[str, tuple[str, int, bytes, str]] = {
    "html for a token": ("token", 200, HTML, "provider_unreadable"),
    "html for an error": ("token", 400, HTML, "provider_unreadable"),
    "a list for a token": ("token", 200, b"[]", "provider_unreadable"),
    "nothing in the answer": ("token", 200, b"{}", "token_unreadable"),
    "json without end": ("token", 200, b'{"x":"' + b"x" * 300_000 + b'"}', "provider_unreadable"),
    "json without bottom": ("token", 200, b"[" * 100_000, "provider_unreadable"),
    "we are not the client": ("token", 401, b'{"error":"invalid_client"}', "client_refused"),
    "down at the token": ("token", 503, HTML, "provider_unreachable"),
    "a redirect": ("token", 302, b"", "provider_unreadable"),
    "html for keys": ("jwks.json", 200, HTML, "provider_unreadable"),
    "keys that are none": ("jwks.json", 200, b'{"keys":[{"kty":"oct","k":"eA"},1,{"kty":"RSA"}]}', "unknown_key"),
    "no keys": ("jwks.json", 200, b'{"keys":{}}', "provider_metadata"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_broken_answers(siths: OidcHouse, case: str) -> None:
    path, status, body, reason = BROKEN[case]
    asked = await siths.away(link="karins-link")
    siths.issuer.answers[path] = (status, body)
    back = await siths.back(siths.approved(asked, ANNA.number))
    assert back.problem is not None
    assert back.problem.status >= 500
    assert (back.page, back.cookie) == ("/i/karins-link", None)
    assert siths.house.log.reasons()[-1] == reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://evil.example"),
        ("token_endpoint", "ftp://op.example"),
        ("jwks_uri", None),
        ("authorization_endpoint", "http://user@op.example"),
        ("code_challenge_methods_supported", ["plain"]),
        ("id_token_signing_alg_values_supported", ["none", "HS256"]),
        ("response_types_supported", ["id_token"]),
    ],
)
async def test_metadata_that_cannot_be_used(siths: OidcHouse, name: str, value: object) -> None:
    body = json.dumps({**siths.issuer.metadata(), name: value}).encode()
    siths.issuer.answers[".well-known/openid-configuration"] = (200, body)
    with pytest.raises(ProviderUnavailable):
        await siths.away()
    assert siths.house.log.reasons()[-1] == "provider_metadata"
    siths.issuer.answers.clear()
    siths.house.clock.advance(seconds=6)
    assert await siths.away()  # and it is well again by itself


async def test_a_provider_that_hangs(siths: OidcHouse) -> None:
    siths.issuer.well.clear()
    with pytest.raises(ProviderUnavailable):
        await siths.away()
    asked = siths.issuer.asked[".well-known/openid-configuration"]
    with pytest.raises(ProviderUnavailable):  # told at once, not after another wait
        await siths.away()
    assert siths.issuer.asked[".well-known/openid-configuration"] == asked


async def test_a_provider_that_hangs_at_the_token(siths: OidcHouse) -> None:
    answer = siths.approved(await siths.away(), ANNA.number)
    siths.issuer.well.clear()
    back = await siths.back(answer)
    assert back.problem is not None
    assert back.problem.code == "provider-unavailable"


async def test_a_provider_that_is_gone(siths: OidcHouse) -> None:
    await siths.issuer.__aexit__()
    with pytest.raises(ProviderUnavailable):
        await siths.away()
    assert siths.house.log.reasons()[-1] == "provider_unreachable"


# ---- ours ----


async def test_nobody_is_let_in_unlogged(siths: OidcHouse) -> None:
    answer = siths.approved(await siths.away(), ANNA.number)
    siths.house.log.down = True
    back = await siths.back(answer)
    assert back.problem is not None
    assert (back.problem.code, back.cookie) == ("audit-unavailable", None)
    with pytest.raises(AuditUnavailable):
        await siths.away()


async def test_bounds(siths: OidcHouse, engine: AsyncEngine) -> None:
    await siths.away()
    rows = OidcRows(engine, siths.house.vault)
    assert await rows.count() == 1
    siths.house.clock.advance(seconds=timedelta(minutes=21).total_seconds())
    await siths.logins.sweep()
    assert await rows.count() == 0


async def test_answers_that_are_no_answers(siths: OidcHouse) -> None:
    for answer in ({}, {"state": "x" * 5_000}, {"state": "unknown", "code": "x"}):
        back = await siths.back(answer)
        assert back.problem is not None
        assert back.problem.code == "identification-unknown"
    for extra, reason in (({}, "code_refused"), ({"error": "server_error"}, "provider_error")):
        asked = await siths.away()
        await siths.back({"state": asked["state"], "iss": siths.issuer.url, **extra})
        assert siths.house.log.reasons()[-1] == reason
