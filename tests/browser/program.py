"""A program's way in: the JSON interface alone, as another system or a test person without a browser would use it."""

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp


class Problem(Exception):
    """The service said no: `status` and the problem details' `code`."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('code')}")
        self.status = status
        self.body = body
        self.code = body.get("code")


class Program:
    """One visitor with a cookie jar."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = aiohttp.ClientSession(base_url=url, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; raises Problem at 400 and above."""
        async with self._session.request(method, path, json=body) as answer:
            content = await answer.json() if answer.content_type.endswith("json") else {}
            if answer.status >= 400:
                raise Problem(answer.status, content)
            return content

    async def people(self) -> dict[str, str]:
        """Demo people: name -> identity number."""
        answer = await self.call("GET", "/simulator/people")
        return {person["name"]: person["personalNumber"] for person in answer["people"]}

    async def identify(self, name: str, invitation: str | None = None) -> dict[str, Any]:
        """Starts an identification, approves it in the simulator as `name`, and follows it to its end."""
        body = {"invitation": invitation} if invitation else {}
        started = await self.call("POST", "/auth/bankid/start", body)
        number = (await self.people())[name]
        approval = {"autoStartToken": started["autoStartToken"], "personalNumber": number}
        await self.call("POST", "/simulator/bankid/approve", approval)
        return await self.finish(started["transaction"])

    async def finish(self, transaction: str) -> dict[str, Any]:
        for _ in range(100):
            status: dict[str, Any] = await self.call("GET", f"/auth/bankid/{transaction}")
            if status["status"] != "pending":
                return status
            await asyncio.sleep(0.2)
        raise TimeoutError("the identification never ended")
