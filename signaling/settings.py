"""Settings: ``HEMMAPLAN_*`` in the environment, or a file of the same names; a bad one stops the start and says why.

Secrets are read from the environment or from a file whose path stands in ``<NAME>_FILE`` (Docker and systemd style).
Every setting is described in CONTRIBUTING.md's table (a test checks it).
"""

import ipaddress
import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "HEMMAPLAN_"
DEMO_SECRET = "demo-only-secret-demo-only-secret-00"  # noqa: S105 - refused outside the demo
DEMO_PHONE = "0980-31 92 10"
"""Nobody's (PTS keeps it free for fiction), so it is refused outside the demo."""


_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 -]{3,20}", re.ASCII)
_TURN_URL = re.compile(r"turns?:[A-Za-z0-9.-]+(:[0-9]{1,5})?(\?transport=(udp|tcp))?", re.ASCII)  # RFC 7065

OPENID_PROVIDERS = ("siths", "freja")
SECRETS = (
    "SECRET",
    "MEDIA_API_SECRET",
    "TURN_SECRET",
    "REDIS_URL",
    "DATABASE_URL",
    "SITHS_CLIENT_SECRET",
    "FREJA_CLIENT_SECRET",
)
"""What may come from a file."""


class BadSettings(Exception):
    """For the operator: which setting is wrong and why, one line each."""


class Settings(BaseSettings):
    """All settings. Fields left out have a default that is safe, or fit for the demo alone and refused elsewhere."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    demo: bool = False
    """Simulators and demo people; never where real people are."""
    host: str = "127.0.0.1"
    """Address the HTTP server listens on."""
    port: int = Field(8080, ge=1, le=65535)
    """Port the HTTP server listens on."""
    public_url: str = ""
    """The address people open, without a path; https outside the demo. Default: http://localhost:<port>."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks (comma separated) whose X-Forwarded-For is believed."""
    metrics_networks: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.0/8", "::1/128")
    """Networks (comma separated) that may read /metrics."""
    requests_per_second: float = Field(20.0, gt=0)
    """How often one person may ask, ten seconds' worth at once; an address, which many share, twenty times that."""
    data_directory: Path = Path("data")
    """Where the SQLite database and keys made by the service are kept."""
    database_url: str = ""
    """sqlite+aiosqlite:///path or postgresql+asyncpg://...; default: SQLite in the data directory."""
    redis_url: SecretStr | None = None
    """Redis for the bus between nodes; unset: inside this process."""
    secret: SecretStr = SecretStr(DEMO_SECRET)
    """Root secret of at least 32 characters: keys for identity numbers are derived from it."""
    keys_file: Path | None = None
    """Where keys made by `keys rotate` are kept, shared by all nodes; default: keys.json in the data directory."""
    media_url: str = ""
    """Address of a LiveKit cluster, wss://host[:port], for us and for clients; unset: the embedded media server."""
    media_api_key: str = "hemmaplan"
    """Key name of LiveKit access tokens."""
    media_api_secret: SecretStr = SecretStr(DEMO_SECRET)
    """Secret of LiveKit access tokens, at least 32 characters."""
    media_udp_port: int = Field(7882, ge=0, le=65535)
    """The one UDP port of the embedded media server; 0 lets the system choose."""
    media_tcp_port: int | None = Field(None, ge=0, le=65535)
    """Its TCP port, for networks without UDP; default: the same number as UDP; 0: none."""
    media_max_participants: int = Field(36, ge=1)
    """People in all meetings of the embedded media server together, from which on no new meeting may begin."""
    media_address: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses (comma separated) offered to clients for media; default: this machine's own."""
    turn_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """TURN servers (comma separated turn: or turns: URLs) told to clients whose network lets little through."""
    turn_secret: SecretStr | None = None
    """The TURN servers' static-auth-secret, at least 32 characters."""
    bankid_url: str = "https://appapi2.bankid.com/rp/v6.0/"
    """BankID's relying-party API."""
    bankid_certificate: Path | None = None
    """Client certificate (PEM) issued for BankID."""
    bankid_key: Path | None = None
    """Its private key (PEM)."""
    bankid_root: Path | None = None
    """BankID SSL Root CA (PEM)."""
    sms_url: str = "https://api.46elks.com/a1"
    """46elks' interface, for codes to who has no e-legitimation."""
    sms_username: str = ""
    """Its user name; unset: no codes are sent, and every link asks for an e-legitimation."""
    sms_password: SecretStr | None = None
    """Its password."""
    sms_sender: str = Field("Hemmaplan", pattern=r"^([A-Za-z][A-Za-z0-9]{2,10}|\+[0-9]{6,15})$")
    """What the telephone shows as sender: a name of 3 to 11 letters and digits, or a number."""
    siths_issuer: str = ""
    """Issuer of the OpenID provider for SITHS eID (Inera IdP), exactly as it writes it; unset: no SITHS eID."""
    siths_client_id: str = ""
    """Our client there."""
    siths_client_secret: SecretStr | None = None
    """Its secret, where the provider wants client_secret_post."""
    siths_client_key: Path | None = None
    """Its private key (PEM, RSA or P-256), where the provider wants private_key_jwt."""
    freja_issuer: str = ""
    """Issuer of Freja's OpenID provider, exactly as it writes it; unset: no Freja."""
    freja_client_id: str = ""
    """Our client there."""
    freja_client_secret: SecretStr | None = None
    """Its secret."""
    freja_client_key: Path | None = None
    """Its private key (PEM, RSA or P-256), where the provider wants private_key_jwt."""
    meeting_retention_days: int | None = Field(None, ge=30, le=36_500)
    """Days after a meeting until its personal data is erased; unset: not by itself."""
    log_retention_days: int | None = Field(None, ge=1830, le=36_500)
    """Days until the contents of the log's entries are erased, at least five years; unset: not by itself."""
    support_phone: str = DEMO_PHONE
    """Number shown where a person needs help; needed outside the demo."""
    log_format: str = Field("json", pattern="^(json|console)$")
    """json for collectors, console for people."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in ("trusted_proxies", "metrics_networks", "media_address", "turn_urls"):
            if isinstance(values.get(name), str):
                values[name] = tuple(part.strip() for part in values[name].split(",") if part.strip())
        return values

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self._check_networks()
        self._check_turn()
        scheme = self._check_public_url()
        if self.media_url:
            self._check_media_url()
        if self.redis_url is not None:
            _check_redis_url(self.redis_url.get_secret_value())
        if bool(self.sms_username) != bool(self.sms_password and self.sms_password.get_secret_value()):
            missing = "sms_password" if self.sms_username else "sms_username"
            raise ValueError(f"{missing}: needed with the other setting of the SMS account")
        for provider in OPENID_PROVIDERS:
            self._check_openid(provider)
        if not self.demo:
            self._refuse_demo_values(scheme)
        return self

    def _check_public_url(self) -> str:
        """Its scheme. Origins are compared letter by letter, and browsers write them in lower case (RFC 6454)."""
        url = _split("public_url", self.origin)
        host = url.hostname or ""
        beside = url.path.strip("/") or url.query or url.fragment or url.username is not None
        if url.scheme not in ("http", "https") or not _HOST.fullmatch(host) or beside or url.port == 0:
            raise ValueError("public_url: give scheme and host only, for example https://mote.example.se")
        return url.scheme

    def _check_networks(self) -> None:
        for name, parse, like in (
            ("trusted_proxies", ipaddress.ip_network, "a network like 192.0.2.0/24, without bits set after its mask"),
            ("metrics_networks", ipaddress.ip_network, "a network like 192.0.2.0/24, without bits set after its mask"),
            ("media_address", ipaddress.ip_address, "an address like 192.0.2.10"),
        ):
            for at, written in enumerate(getattr(self, name), start=1):
                try:
                    parse(written)
                except ValueError:
                    raise ValueError(f"{name}: number {at} is not {like}") from None

    def _check_openid(self, provider: str) -> None:
        issuer, client, secret, key = self.openid(provider)
        if not issuer:
            if client or secret is not None or key is not None:
                raise ValueError(f"{provider}_issuer: needed with the other settings of {provider}")
            return
        if self.demo:
            raise ValueError(f"{provider}_issuer: the demo has a simulator of its own; take this setting away")
        url = _split(f"{provider}_issuer", issuer)
        if url.scheme != "https" or not url.hostname or url.query or url.fragment:
            raise ValueError(f"{provider}_issuer: give the https address, exactly as the provider writes its issuer")
        if not client:
            raise ValueError(f"{provider}_client_id: needed with {provider}_issuer")
        if (secret is None) == (key is None):
            raise ValueError(f"{provider}_client_secret: give this or {provider}_client_key, and not both")
        if key is not None and not key.is_file():
            raise ValueError(f"{provider}_client_key: give the path of an existing file")

    def openid(self, provider: str) -> tuple[str, str, str | None, Path | None]:
        """Issuer, client, secret and key file of a provider, `siths` or `freja`; the issuer empty where it is unset."""
        secret: SecretStr | None = getattr(self, f"{provider}_client_secret")
        return (
            getattr(self, f"{provider}_issuer"),
            getattr(self, f"{provider}_client_id"),
            secret.get_secret_value() if secret is not None else None,
            getattr(self, f"{provider}_client_key"),
        )

    def _check_turn(self) -> None:
        for at, address in enumerate(self.turn_urls, start=1):
            if not _TURN_URL.fullmatch(address):
                raise ValueError(f"turn_urls: number {at} is not like turns:turn.example.se:443?transport=tcp")
        if self.turn_urls and (self.turn_secret is None or len(self.turn_secret.get_secret_value()) < 32):
            raise ValueError("turn_secret: needed with turn_urls, at least 32 characters")

    def _check_media_url(self) -> None:
        url = _split("media_url", self.media_url)
        if url.scheme not in ("ws", "wss", "http", "https") or not url.hostname or url.port == 0:
            raise ValueError("media_url: give the LiveKit cluster's address, for example wss://media.example.se")
        if url.path.strip("/") or url.query or url.fragment or url.username is not None:
            raise ValueError("media_url: give scheme and host only, for example wss://media.example.se")
        if not self.demo and url.scheme not in ("wss", "https"):
            raise ValueError("media_url: must be wss outside the demo")

    def _refuse_demo_values(self, scheme: str) -> None:
        if not self.public_url:
            raise ValueError("public_url: needed outside the demo")
        if scheme != "https":
            raise ValueError("public_url: must be https outside the demo")
        for name in ("secret", "media_api_secret"):
            value = getattr(self, name).get_secret_value()
            if value == DEMO_SECRET or len(value) < 32:
                raise ValueError(f"{name}: set a secret of your own, at least 32 characters")
        for name in ("sms_url", "bankid_url"):
            url = _split(name, getattr(self, name))
            if url.scheme != "https" or not url.hostname:
                raise ValueError(f"{name}: must be https outside the demo")
        if self.support_phone == DEMO_PHONE or not _PHONE.fullmatch(self.support_phone):
            raise ValueError("support_phone: give the number people call for help, for example 08-465 004 04")
        for name in ("bankid_certificate", "bankid_key", "bankid_root"):
            path = getattr(self, name)
            if path is None or not path.is_file():
                raise ValueError(f"{name}: give the path of an existing file")

    @property
    def origin(self) -> str:
        """Scheme and host people open, in lower case as browsers write it, without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/").lower()

    @property
    def secure(self) -> bool:
        """Whether cookies carry ``Secure`` and the ``__Host-`` name."""
        return self.origin.startswith("https:")

    @property
    def key_file(self) -> Path:
        return self.keys_file or self.data_directory / "keys.json"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data_directory / 'hemmaplan.db'}"


def _split(name: str, address: str) -> SplitResult:
    """The address' parts, its port a number or none. Raises ValueError."""
    try:
        url = urlsplit(address)
        _ = url.port  # raises when asked, not before
    except ValueError:  # whose text repeats the value
        raise ValueError(f"{name}: cannot be read as an address") from None
    return url


def _check_redis_url(address: str) -> None:
    from signaling.bus import check_address  # noqa: PLC0415 - Redis' client is not for every command

    try:
        check_address(address)
    except ValueError:
        raise ValueError("redis_url: give an address like redis://:password@redis.example.se:6379/0") from None


def load(file: Path | None = None, **overrides: Any) -> Settings:
    """Settings from overrides, the environment, ``*_FILE`` secrets and an optional file, in that order of weight.

    Raises BadSettings naming every wrong setting. What stands in one is not repeated, but the path of a file that
    cannot be read.
    """
    if strangers := _unknown():
        raise BadSettings("\n".join(strangers))
    try:
        values = {**_secret_files(), **overrides}
        return Settings(_env_file=file, _env_file_encoding="utf-8", **values)
    except ValidationError as error:
        raise BadSettings("\n".join(_lines(error))) from None
    except OSError as error:
        raise BadSettings(f"cannot read {error.filename}: {error.strerror}") from None


def secret_file(name: str) -> Path | None:
    """Where a secret is read from, if it comes from a file."""
    path = os.environ.get(f"{PREFIX}{name}_FILE")
    return Path(path) if path else None


def _secret_files() -> dict[str, str]:
    found = {}
    for name in SECRETS:
        if path := secret_file(name):
            try:
                found[name.lower()] = path.read_text(encoding="utf-8").strip()
            except UnicodeDecodeError:
                raise BadSettings(f"{PREFIX}{name}_FILE: {path} is not text in UTF-8") from None
    return found


def _unknown() -> list[str]:
    """A line for each name in the environment that begins as a setting and is none: misspelt, it would do nothing."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}{name}_FILE" for name in SECRETS}
    lines = []
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1)
            lines.append(f"{name}: there is no such setting" + (f"; is it {near[0]}?" if near else ""))
    return lines


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        place = "_".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":  # in a file, with the prefix it has there
            message, place = "there is no such setting", place.upper().removeprefix(PREFIX)
        if not place:  # raised by our own checks, which begin with the setting's name
            place, _, message = message.partition(": ")
        lines.append(f"{PREFIX}{place.upper()}: {message}")
    return lines
