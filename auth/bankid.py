"""BankID's relying-party API, version 6.0: start, collect and cancel an identification, over mutual TLS.

A thin client: it says what BankID answered and decides nothing. It never tries an `auth` again by itself, since one
whose answer was lost may have been carried out. Source: BankID integration guide, "Interface description" and "Errors".
"""

import base64
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

TIMEOUT_SECONDS = 10.0
# A completed answer carries signature and OCSP response; both together are well under this.
LARGEST_ANSWER = 512 * 1024
LONGEST_VISIBLE_TEXT = 1500
LONGEST_USER_AGENT = 256


class Failure(StrEnum):
    """Why a call gave no answer. The values are BankID's own error codes where it has one."""

    ALREADY_IN_PROGRESS = "alreadyInProgress"
    INVALID_PARAMETERS = "invalidParameters"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "notFound"
    METHOD_NOT_ALLOWED = "methodNotAllowed"
    REQUEST_TIMEOUT = "requestTimeout"
    UNSUPPORTED_MEDIA_TYPE = "unsupportedMediaType"
    TOO_MANY_REQUESTS = "tooManyRequests"
    INTERNAL_ERROR = "internalError"
    MAINTENANCE = "maintenance"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


_BY_STATUS = {
    401: Failure.UNAUTHORIZED,
    403: Failure.UNAUTHORIZED,  # from the network edge, as HTML: a wrong certificate or a blocked address
    404: Failure.NOT_FOUND,
    405: Failure.METHOD_NOT_ALLOWED,
    408: Failure.REQUEST_TIMEOUT,
    415: Failure.UNSUPPORTED_MEDIA_TYPE,
    429: Failure.TOO_MANY_REQUESTS,
    500: Failure.INTERNAL_ERROR,
    503: Failure.MAINTENANCE,
}
# A `collect` that met one of these is simply made again at the next turn; nothing was used up.
PASSING = frozenset(
    {
        Failure.REQUEST_TIMEOUT,
        Failure.TOO_MANY_REQUESTS,
        Failure.INTERNAL_ERROR,
        Failure.MAINTENANCE,
        Failure.UNREACHABLE,
    }
)
# Our own certificate, address or request is wrong: the operator must act, and no person can help it.
OURS = frozenset(
    {
        Failure.INVALID_PARAMETERS,
        Failure.UNAUTHORIZED,
        Failure.NOT_FOUND,
        Failure.METHOD_NOT_ALLOWED,
        Failure.UNSUPPORTED_MEDIA_TYPE,
    }
)


_Model = TypeVar("_Model", bound=BaseModel)


class BankIdError(Exception):
    """A call failed. retry_after: seconds BankID asks us to wait (`RateLimit-Reset`, `Retry-After`), where it says."""

    def __init__(self, failure: Failure, *, retry_after: float | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.retry_after = retry_after


class _Answer(BaseModel):
    """Fields BankID adds later are let through unread."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Order(_Answer):
    """Answer of `auth`. The secret and the tokens are as good as keys: they stay on the server, save autoStartToken."""

    order_ref: str = Field(alias="orderRef", min_length=1, max_length=100, repr=False)
    auto_start_token: str = Field(alias="autoStartToken", min_length=1, max_length=100, repr=False)
    qr_start_token: str = Field(alias="qrStartToken", min_length=1, max_length=100, repr=False)
    qr_start_secret: str = Field(alias="qrStartSecret", min_length=1, max_length=100, repr=False)


class User(_Answer):
    """Who identified; the names are the e-ID's own."""

    personal_number: str = Field(alias="personalNumber", max_length=20, repr=False)
    name: str = Field(max_length=400, repr=False)
    given_name: str = Field(alias="givenName", max_length=200, repr=False)
    surname: str = Field(max_length=200, repr=False)


class Device(_Answer):
    """Where the app was."""

    ip_address: str = Field("", alias="ipAddress", max_length=64, repr=False)


class Completion(_Answer):
    """What a completed order tells. risk: low, moderate or high; None where BankID could not tell."""

    user: User
    device: Device = Device()
    risk: str | None = Field(None, max_length=20)


class Collected(_Answer):
    """Answer of `collect`. status: pending, failed or complete."""

    status: str = Field(pattern="^(pending|failed|complete)$")
    hint_code: str = Field("", alias="hintCode", max_length=64, pattern="^[A-Za-z0-9]*$")
    completion: Completion | None = Field(None, alias="completionData")


@dataclass(frozen=True, slots=True)
class Web:
    """The browser an order is for. device_identifier: a hash of a lasting cookie, never of the session's."""

    referring_domain: str
    user_agent: str
    device_identifier: str


class BankIdClient:
    """One connection pool to BankID. Use as an async context manager.

    tls: asked before each call (`credentials.Credentials.context`); connections made under another are not used again.
    """

    def __init__(
        self, url: str, tls: Callable[[], ssl.SSLContext], *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._url = url.rstrip("/") + "/"
        self._tls = tls
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls(), limit=100),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def auth(
        self, *, end_user_ip: str, visible_text: str, web: Web | None = None, return_url: str | None = None
    ) -> Order:
        """Start an identification. visible_text: simple markdown, what the app shows. Raises BankIdError.

        Called once per wish of a person: whoever gets UNREACHABLE asks the person, never BankID, to try again.
        """
        visible = base64.b64encode(visible_text.encode()).decode("ascii")
        if len(visible) > LONGEST_VISIBLE_TEXT:
            raise BankIdError(Failure.INVALID_PARAMETERS)
        body: dict[str, Any] = {
            "endUserIp": end_user_ip,
            "returnRisk": True,
            "userVisibleData": visible,
            "userVisibleDataFormat": "simpleMarkdownV1",
        }
        if return_url is not None:
            body["returnUrl"] = return_url
        if web is not None:
            body["web"] = {
                "referringDomain": web.referring_domain,
                "userAgent": web.user_agent[:LONGEST_USER_AGENT],
                "deviceIdentifier": web.device_identifier,
            }
        return _read(Order, await self._call("auth", body))

    async def collect(self, order_ref: str) -> Collected:
        """Ask how an order stands; a final answer is given once. Raises BankIdError."""
        return _read(Collected, await self._call("collect", {"orderRef": order_ref}))

    async def cancel(self, order_ref: str) -> None:
        """Take an order back. Raises BankIdError, also where it is finished already."""
        await self._call("cancel", {"orderRef": order_ref})

    async def _call(self, method: str, body: dict[str, Any]) -> bytes:
        if self._http is None:
            raise RuntimeError("the client is used as a context manager")
        # BankID refuses a Content-Type with a charset.
        headers = {"Content-Type": "application/json"}
        data = json.dumps(body).encode()
        try:
            async with self._http.post(
                self._url + method, data=data, headers=headers, allow_redirects=False, ssl=self._tls()
            ) as response:
                answer = await response.content.read(LARGEST_ANSWER + 1)
                while not response.content.at_eof() and len(answer) <= LARGEST_ANSWER:
                    answer += await response.content.read(LARGEST_ANSWER + 1 - len(answer))
        except (TimeoutError, aiohttp.ClientError, OSError):
            # The exception's text may hold addresses and input; its kind is enough.
            raise BankIdError(Failure.UNREACHABLE) from None
        if len(answer) > LARGEST_ANSWER:
            raise BankIdError(Failure.UNREADABLE)
        if response.status != 200:
            raise _error(response.status, response.headers, answer)
        return answer


def _read(model: type[_Model], answer: bytes) -> _Model:
    try:
        return model.model_validate_json(answer)
    except ValidationError:
        raise BankIdError(Failure.UNREADABLE) from None


def _error(status: int, headers: Any, answer: bytes) -> BankIdError:
    failure = _BY_STATUS.get(status, Failure.INTERNAL_ERROR if status >= 500 else Failure.UNKNOWN)
    if status == 400:
        failure = {code.value: code for code in (Failure.ALREADY_IN_PROGRESS, Failure.INVALID_PARAMETERS)}.get(
            _error_code(answer), Failure.UNKNOWN
        )
    return BankIdError(failure, retry_after=_seconds(headers.get("RateLimit-Reset") or headers.get("Retry-After")))


def _error_code(answer: bytes) -> str:
    try:
        body = json.loads(answer)
    except ValueError:
        return ""
    code = body.get("errorCode") if isinstance(body, dict) else None
    return code if isinstance(code, str) else ""


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None
