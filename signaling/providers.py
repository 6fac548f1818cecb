"""Whom identification asks: BankID, 46elks, the OpenID providers, as the settings name them; in the demo their doubles.

What is opened here is closed by the stack.
"""

import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from auth.bankid import BankIdClient
from auth.bankid_simulator import BankIdSimulator
from auth.credentials import Credentials
from auth.demo import DEMO_PEOPLE, OIDC_PEOPLE
from auth.demo_certificates import make as make_demo_certificates
from auth.identity import Method
from auth.oidc import OidcLogins
from auth.oidc_client import OidcClient, http_session
from auth.oidc_provider import PROFILES, Provider, load_client_key
from auth.oidc_simulator import Issuer, OidcSimulator
from auth.sessions import Sessions
from auth.sms import SmsClient
from auth.sms_codes import SmsCodes
from auth.sms_simulator import SmsSimulator
from auth.store import OidcRows
from auth.store.sms import SmsCodeRows
from rooms.meetings import Meetings
from signaling.foundation import Foundation
from signaling.settings import PREFIX, BadSettings, Settings


async def bankid(
    settings: Settings, stack: AsyncExitStack, clock: Callable[[], datetime]
) -> tuple[BankIdClient, Credentials, BankIdSimulator | None]:
    """The client, the same everywhere; in the demo it calls BankID's double, over mutual TLS as well."""
    simulator, url = None, settings.bankid_url
    certificate, key, root = settings.bankid_certificate, settings.bankid_key, settings.bankid_root
    if settings.demo:
        made = make_demo_certificates(settings.data_directory / "bankid")
        simulator = await stack.enter_async_context(BankIdSimulator(DEMO_PEOPLE, made, clock))
        certificate, key, root, url = made.certificate, made.key, made.root, simulator.url
    assert certificate is not None, "settings demand it outside the demo"
    assert key is not None, "settings demand it outside the demo"
    assert root is not None, "settings demand it outside the demo"
    credentials = _credentials(certificate, key, root)
    client = await stack.enter_async_context(BankIdClient(url, credentials.context))
    return client, credentials, simulator


def _credentials(certificate: Path, key: Path, root: Path) -> Credentials:
    """Raises BadSettings naming the setting whose file cannot be used."""
    try:
        ssl.create_default_context(cafile=str(root))
    except OSError as failure:  # SSLError is an OSError
        raise BadSettings(f"{PREFIX}BANKID_ROOT: {root} holds no usable certificate (PEM)") from failure
    try:
        return Credentials(certificate, key, root)
    except (OSError, ValueError) as failure:
        raise BadSettings(
            f"{PREFIX}BANKID_CERTIFICATE and {PREFIX}BANKID_KEY: {certificate} and {key} are no certificate and its "
            "unencrypted private key (PEM)"
        ) from failure


async def sms(
    settings: Settings, stack: AsyncExitStack, ground: Foundation, sessions: Sessions, meetings: Meetings
) -> tuple[SmsCodes, SmsSimulator | None]:
    """Without an operator no code is ever sent; in the demo there is one with an outbox to read."""
    client: SmsClient | None = None
    simulator: SmsSimulator | None = None
    if settings.demo:
        simulator = await stack.enter_async_context(SmsSimulator(ground.clock))
        client = SmsClient(simulator.url, simulator.username, simulator.password, settings.sms_sender)
    elif settings.sms_username and settings.sms_password is not None:
        password = settings.sms_password.get_secret_value()
        client = SmsClient(settings.sms_url, settings.sms_username, password, settings.sms_sender)
    codes = SmsCodes(
        client=await stack.enter_async_context(client) if client is not None else None,
        rows=SmsCodeRows(ground.engine),
        sessions=sessions,
        invitations=meetings.sms_invitations,
        audit=ground.audit,
        vault=ground.vault,
        clock=ground.clock,
        origin=settings.origin,
    )
    return codes, simulator


async def openid(
    settings: Settings,
    stack: AsyncExitStack,
    ground: Foundation,
    clock: Callable[[], datetime],
    *,
    sessions: Sessions,
    meetings: Meetings,
) -> tuple[OidcLogins, dict[Method, Issuer]]:
    """Logins with each provider that is set up; in the demo with the providers' doubles, which are given too."""
    issuers: dict[Method, Issuer] = {}
    if settings.demo:
        issuers = (await stack.enter_async_context(OidcSimulator(OIDC_PEOPLE, clock, origin=settings.origin))).issuers
        providers = [issuer.provider for issuer in issuers.values()]
    else:
        providers = [made for method in PROFILES if (made := _provider(settings, method)) is not None]
    http = await stack.enter_async_context(http_session())
    back = f"{settings.origin}/auth/oidc/"
    logins = OidcLogins(
        [OidcClient(made, f"{back}{made.method.value}/callback", http, clock) for made in providers],
        rows=OidcRows(ground.engine, ground.vault),
        people=ground.people,
        sessions=sessions,
        invitations=meetings.invitations,
        audit=ground.audit,
        clock=clock,
    )
    return logins, issuers


def _provider(settings: Settings, method: Method) -> Provider | None:
    issuer, client, secret, key = settings.openid(method.value)
    if not issuer:
        return None
    return Provider(PROFILES[method], issuer, client, secret, load_client_key(key) if key is not None else None)
