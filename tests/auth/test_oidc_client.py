"""The client's own parts; how it meets every kind of answer is in `test_oidc`."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from auth.id_token import Asked
from auth.identity import Method
from auth.oidc_client import OidcClient, challenge, http_session, thumbprint
from auth.oidc_errors import OidcError
from auth.oidc_provider import ClientKey
from auth.oidc_simulator import OidcSimulator, SimulatedPerson
from tests.auth.conftest import ANNA
from tests.auth.oidc_double import KEYS, query_of
from tests.conftest import FrozenClock


def test_pkce() -> None:
    """The example of RFC 7636, appendix B."""
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_thumbprint() -> None:
    """The example of RFC 7638, 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )

    class Public:
        """A private key whose public half is the RFC's."""

        def public_key(self) -> object:
            return jwt.PyJWK({"kty": "RSA", "n": modulus, "e": "AQAB"}, "RS256").key

    assert thumbprint(Public()) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["RSA", "P-256"])
async def test_the_client_shows_its_key(kind: str, clock: FrozenClock) -> None:
    key: ClientKey = KEYS[0] if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
    people = {Method.FREJA: [SimulatedPerson(ANNA, "PLUS")]}
    async with (
        OidcSimulator(people, clock, origin="http://localhost", client_keys={Method.FREJA: key}) as simulator,
        http_session() as http,
    ):
        issuer = simulator.issuers[Method.FREJA]
        client = OidcClient(issuer.provider, "http://localhost/auth/oidc/freja/callback", http, clock)

        async def code() -> str:
            way = await client.way_there(state="s", nonce="n", verifier="v" * 43, language="sv")
            return query_of(issuer.approve(issuer.request(query_of(way)), ANNA.number))["code"]

        identity = await client.identity(await code(), "v" * 43, Asked("n", clock()))
        assert identity.method is Method.FREJA
        swindler = OidcClient(
            type(issuer.provider)(issuer.profile, issuer.url, "hemmaplan-demo", key=KEYS[1], local=True),
            "http://localhost/auth/oidc/freja/callback",
            http,
            clock,
        )
        with pytest.raises(OidcError, match="client_refused"):
            await swindler.identity(await code(), "v" * 43, Asked("n", clock()))


async def test_plain_http_is_for_the_demo(clock: FrozenClock) -> None:
    people = {Method.FREJA: [SimulatedPerson(ANNA, "PLUS")]}
    async with OidcSimulator(people, clock, origin="http://localhost") as simulator, http_session() as http:
        issuer = simulator.issuers[Method.FREJA]
        real = type(issuer.provider)(issuer.profile, issuer.url, "c", secret="s")
        client = OidcClient(real, "http://localhost/auth/oidc/freja/callback", http, clock)
        with pytest.raises(OidcError, match="provider_metadata"):
            await client.way_there(state="s", nonce="n", verifier="v", language="sv")


def test_keys_of_these_tests_are_long_enough() -> None:
    assert all(isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048 for key in KEYS)
