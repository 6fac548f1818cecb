"""An ID token, from text to who it says somebody is; every check of OpenID Connect Core 3.1.3.7 in one place.

Pure: the key and the time are given in. Only the time is lenient, by `LEEWAY`; nothing else is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from auth.hsa_id import HsaId, InvalidHsaId
from auth.identity import Identity
from auth.identity_number import IdentityNumber, InvalidIdentityNumber
from auth.oidc_errors import Failure, OidcError
from auth.oidc_provider import Profile, Provider

PublicKey = RSAPublicKey | EllipticCurvePublicKey

LEEWAY = timedelta(seconds=60)
LONGEST_TOKEN = 32 * 1024
LONGEST_NAME = 200
LATEST = 253_402_300_799
"""The last second of year 9999: what `datetime` can hold."""


@dataclass(frozen=True, slots=True)
class Header:
    """algorithm: one of those agreed with the provider. kid: None where the token names no key."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What we asked, to which the token must answer. at: when we led the person to the provider."""

    nonce: str = field(repr=False)
    at: datetime


def header(token: str, profile: Profile) -> Header:
    """What the token says of its signature, before anything is believed. Raises OidcError."""
    if len(token) > LONGEST_TOKEN:
        raise OidcError(Failure.TOKEN)
    try:
        found = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise OidcError(Failure.TOKEN) from None
    algorithm, kid = found.get("alg"), found.get("kid")
    # "none", and HS256 keyed with the public key, end here: the list is ours, never the token's.
    if algorithm not in profile.algorithms:
        raise OidcError(Failure.ALGORITHM)
    # RFC 7515, 4.1.11: whoever does not understand `crit` must refuse. We ask for none.
    if "crit" in found or not (kid is None or isinstance(kid, str)):
        raise OidcError(Failure.TOKEN)
    return Header(str(algorithm), kid)


def read(token: str, key: PublicKey, provider: Provider, asked: Asked, now: datetime) -> Identity:
    """The identity in a token signed by `key`. Raises OidcError."""
    claims = _signed(token, key, provider)
    _of_this_provider(claims, provider)
    if claims.get("nonce") != asked.nonce:
        raise OidcError(Failure.NONCE)
    authenticated_at = _times(claims, provider.profile, asked, now)
    level = provider.profile.levels.get(_text(claims, provider.profile.level_claim))
    if level is None:
        raise OidcError(Failure.LEVEL)
    number = _number(claims, provider.profile, now)
    hsa_id = _hsa_id(claims, provider.profile)
    given_name, surname = _name(claims, "given_name"), _name(claims, "family_name")
    if (number is None and hsa_id is None) or not (given_name or surname):
        raise OidcError(Failure.PERSON)
    return Identity(
        number=number,
        given_name=given_name,
        surname=surname,
        name=f"{given_name} {surname}".strip(),
        method=provider.method,
        assurance_level=level,
        authenticated_at=min(authenticated_at, now),
        hsa_id=hsa_id,
    )


def _signed(token: str, key: PublicKey, provider: Provider) -> Mapping[str, Any]:
    # Times are judged below, by the clock of the house; audience and issuer too, exactly.
    options: Any = {"verify_" + name: False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        claims = jwt.decode(token, key, algorithms=list(provider.profile.algorithms), options=options)
    except jwt.InvalidSignatureError:
        raise OidcError(Failure.SIGNATURE) from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise OidcError(Failure.TOKEN) from None
    return claims


def _of_this_provider(claims: Mapping[str, Any], provider: Provider) -> None:
    if claims.get("iss") != provider.issuer:
        raise OidcError(Failure.ISSUER)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    authorized = claims.get("azp")
    # Core 3.1.3.7, 3-5: ours, and no one else's whom we do not trust.
    if provider.client_id not in audiences or any(other != provider.client_id for other in audiences):
        raise OidcError(Failure.AUDIENCE)
    if authorized is not None and authorized != provider.client_id:
        raise OidcError(Failure.AUDIENCE)
    if not _text(claims, "sub"):
        raise OidcError(Failure.TOKEN)


def _times(claims: Mapping[str, Any], profile: Profile, asked: Asked, now: datetime) -> datetime:
    """When the person showed who they are. The nonce has been checked: what is off now is a clock, theirs or ours."""
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if issued is None or expires is None:
        raise OidcError(Failure.TOKEN)
    not_before, authenticated = _moment(claims, "nbf"), _moment(claims, "auth_time")
    too_early = issued > now + LEEWAY or (not_before is not None and not_before > now + LEEWAY)
    if too_early or issued < asked.at - LEEWAY or expires <= now - LEEWAY:
        raise OidcError(Failure.CLOCK)
    if authenticated is None:
        if profile.tells_auth_time:
            raise OidcError(Failure.STALE)
        return issued
    if authenticated > now + LEEWAY:
        raise OidcError(Failure.CLOCK)
    if authenticated < now - profile.most_age - LEEWAY:
        raise OidcError(Failure.STALE)
    return authenticated


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise OidcError(Failure.TOKEN)
    return datetime.fromtimestamp(value, UTC)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _name(claims: Mapping[str, Any], name: str) -> str:
    text = " ".join(_text(claims, name).split())
    if len(text) > LONGEST_NAME or not (text.isprintable() or not text):
        raise OidcError(Failure.PERSON)
    return text


def _number(claims: Mapping[str, Any], profile: Profile, now: datetime) -> IdentityNumber | None:
    text = _text(claims, profile.number_claim)
    if not text:
        return None
    try:
        return IdentityNumber.parse(text, today=now.date())
    except InvalidIdentityNumber:
        raise OidcError(Failure.PERSON) from None


def _hsa_id(claims: Mapping[str, Any], profile: Profile) -> HsaId | None:
    if profile.hsa_id_claim is None:
        return None
    value = claims.get(profile.hsa_id_claim)
    # Inera gives a list of one where an attribute may have several values.
    text = value[0] if isinstance(value, list) and len(value) == 1 else value
    if text in (None, "", []):
        return None
    try:
        return HsaId.parse(text if isinstance(text, str) else "")
    except InvalidHsaId:
        raise OidcError(Failure.PERSON) from None
