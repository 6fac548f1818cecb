"""The ID token, pure; every hostile kind over HTTP is in `test_oidc`."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from auth.hsa_id import HsaId
from auth.id_token import Asked, Header, header, read
from auth.identity import AssuranceLevel, Method
from auth.oidc_errors import Failure, OidcError
from auth.oidc_provider import SITHS, Provider
from tests.auth.conftest import ANNA
from tests.auth.oidc_double import KEYS
from tests.conftest import FrozenClock

PROVIDER = Provider(SITHS, "https://idp.example/oidc", "client", secret="x")


def claims(clock: FrozenClock, **values: Any) -> dict[str, Any]:
    now = int(clock().timestamp())
    return {
        "iss": PROVIDER.issuer,
        "aud": ["client"],
        "azp": "client",
        "sub": "s",
        "nonce": "n",
        "iat": now,
        "exp": now + 300,
        "auth_time": now - 20,
        "acr": "http://id.sambi.se/loa/loa4",
        "given_name": "  Anna  Maria ",
        "family_name": "Sjödin",
        "employeeHsaId": ["se2120002411-2386"],
        "credentialPersonalIdentityNumber": ANNA.number,
        **values,
    }


def signed(content: dict[str, Any]) -> str:
    return jwt.encode(content, KEYS[0], algorithm="RS256", headers={"kid": "k"})


def test_who_it_says_somebody_is(clock: FrozenClock) -> None:
    token = signed(claims(clock))
    assert header(token, SITHS) == Header("RS256", "k")
    identity = read(token, KEYS[0].public_key(), PROVIDER, Asked("n", clock()), clock())
    assert (identity.name, identity.given_name, identity.surname) == ("Anna Maria Sjödin", "Anna Maria", "Sjödin")
    assert (identity.method, identity.assurance_level) == (Method.SITHS, AssuranceLevel.HIGH_4)
    assert identity.hsa_id == HsaId("SE2120002411-2386")
    assert identity.number is not None
    assert identity.number.reveal() == ANNA.number
    assert identity.authenticated_at == clock() - timedelta(seconds=20)
    assert ANNA.number not in repr(identity)


def test_somebody_with_neither_number_nor_hsa_id_is_nobody(clock: FrozenClock) -> None:
    token = signed(claims(clock, employeeHsaId=None, credentialPersonalIdentityNumber=""))
    with pytest.raises(OidcError) as caught:
        read(token, KEYS[0].public_key(), PROVIDER, Asked("n", clock()), clock())
    assert caught.value.failure is Failure.PERSON


def test_a_key_of_another_kind_signs_nothing(clock: FrozenClock) -> None:
    with pytest.raises(OidcError) as caught:
        read(
            signed(claims(clock)),
            generate_private_key(SECP256R1()).public_key(),
            PROVIDER,
            Asked("n", clock()),
            clock(),
        )
    assert caught.value.failure is Failure.TOKEN
