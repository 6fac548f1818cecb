"""46elks' HTTP API: send a text message. https://46elks.com/docs/send-sms

A thin client, like `auth.bankid`: it says what was answered, decides nothing, and never sends a second time by itself.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

from auth.phone_number import PhoneNumber

TIMEOUT_SECONDS = 10.0
LARGEST_ANSWER = 16 * 1024


class SmsError(Exception):
    """Nothing was sent, or nobody knows. ours: the account, its balance or its rights are wrong; somebody must look."""

    def __init__(self, failure: str, *, ours: bool = False) -> None:
        super().__init__(failure)
        self.failure = failure
        self.ours = ours


class _Sent(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    id: str
    status: str = ""


class SmsClient:
    """url: "https://api.46elks.com/a1". sender: what the telephone shows, at most 11 letters and digits, or a number.

    Use as an async context manager.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        sender: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": aiohttp.encode_basic_auth(username, password)}
        self._sender = sender
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._connector = connector
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=self._connector(), timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def send(self, to: PhoneNumber, text: str) -> str:
        """The message's id at the operator. Raises SmsError."""
        if self._http is None:
            raise RuntimeError("the client is used as a context manager")
        form = {"from": self._sender, "to": to.text, "message": text}
        try:
            async with self._http.post(
                f"{self._url}/sms", data=form, headers=self._headers, allow_redirects=False
            ) as response:
                answer = await response.content.read(LARGEST_ANSWER)
        except (TimeoutError, aiohttp.ClientError, OSError):
            # The exception's text may hold the number; its kind is enough.
            raise SmsError("unreachable") from None
        if response.status in (401, 402, 403):
            raise SmsError(f"refused {response.status}", ours=True)
        if response.status != 200:
            raise SmsError(f"status {response.status}")
        try:
            sent = _Sent.model_validate_json(answer)
        except ValidationError:
            raise SmsError("unreadable") from None
        if sent.status == "failed":
            raise SmsError("failed")
        return sent.id
