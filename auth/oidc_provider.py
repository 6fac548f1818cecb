"""OpenID providers we rely on: what is agreed with each, and how each says who somebody is and how surely.

What Inera and Freja publish about theirs differs in names, not in kind, so a provider is values, not code.
Sources: Inera, "IdP: Attributlista" and "Attributstyrning OIDC"; Freja, "OpenID Connect Integration"; the levels are
those of the Swedish framework for e-legitimation (DIGG) under the names each provider uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from auth.identity import AssuranceLevel, Method

ClientKey = RSAPrivateKey | EllipticCurvePrivateKey
LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider's dialect. Every claim is read from the ID token.

    requested: OpenID Connect's `claims` parameter for the ID token (Core, 5.5). level_claim, levels: where the
    assurance level stands and what its values mean here; any other value is no identification. tells_auth_time: whether
    a token without `auth_time` is refused. most_age: how long ago the person may have shown who they are.
    """

    method: Method
    scope: str
    level_claim: str
    levels: Mapping[str, AssuranceLevel]
    number_claim: str
    hsa_id_claim: str | None = None
    requested: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    prompt: str | None = None
    most_age: timedelta = timedelta(minutes=5)
    tells_auth_time: bool = False
    algorithms: tuple[str, ...] = ("RS256",)


SITHS = Profile(
    method=Method.SITHS,
    scope="openid",
    # By name rather than by the scope `commission`, which makes the person choose one: those in social services often
    # have none. None is essential, since a missing essential claim ends the login in English at Inera.
    requested=("employeeHsaId", "credentialPersonalIdentityNumber", "given_name", "family_name", "name"),
    acr_values=("http://id.sambi.se/loa/loa3", "http://id.sambi.se/loa/loa4"),
    level_claim="acr",
    levels=MappingProxyType(
        {
            "http://id.sambi.se/loa/loa2": AssuranceLevel.SUBSTANTIAL,
            "http://id.sambi.se/loa/loa3": AssuranceLevel.HIGH_3,
            "http://id.sambi.se/loa/loa4": AssuranceLevel.HIGH_4,
        }
    ),
    number_claim="credentialPersonalIdentityNumber",
    hsa_id_claim="employeeHsaId",
    # Computers in care are shared: whoever sits there shows who they are, whoever was logged in at the provider.
    prompt="login",
    tells_auth_time=True,
)
FREJA = Profile(
    method=Method.FREJA,
    scope=" ".join(
        (
            "openid",
            "profile",
            "https://frejaeid.com/oidc/scopes/personalIdentityNumber",
            "https://frejaeid.com/oidc/scopes/registrationLevel",
        )
    ),
    level_claim="https://frejaeid.com/oidc/claims/registrationLevel",
    levels=MappingProxyType(
        {
            "BASIC": AssuranceLevel.LOW,
            "EXTENDED": AssuranceLevel.SUBSTANTIAL,
            "PLUS": AssuranceLevel.HIGH_3,
        }
    ),
    number_claim="https://frejaeid.com/oidc/claims/personalIdentityNumber",
)
PROFILES: Mapping[Method, Profile] = MappingProxyType({profile.method: profile for profile in (SITHS, FREJA)})


class BadClientKey(Exception):
    """For the operator: the file holds no private key that can be used."""


def load_client_key(path: Path) -> ClientKey:
    """An unencrypted PEM key, RSA of 2048 bits or more, or P-256. Raises BadClientKey, OSError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadClientKey(f"{path} holds no unencrypted private key (PEM)") from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_RSA_BITS:
        return key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise BadClientKey(f"{path} must hold an RSA key of at least {LEAST_RSA_BITS} bits or a P-256 key")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as it is set up here.

    issuer: exactly as its tokens and its metadata write it. secret: for client_secret_post; key: for private_key_jwt
    (RFC 7523), which wins where both are there. local: plain http is let through (the demo's own simulator).
    """

    profile: Profile
    issuer: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    key: ClientKey | None = field(default=None, repr=False)
    local: bool = False

    @property
    def method(self) -> Method:
        return self.profile.method
