"""A program's way in: the JSON interface alone, as another system or a test person without a browser would use it."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Those the tests invite: kind, role or relation, and party, as a planner writes them.
INVITED: dict[str, dict[str, Any]] = {
    "Karin Edlund": {"kind": "invited", "relation": "Dotter", "party": "home"},
    "Tomas Edlund": {"kind": "invited", "relation": "Son", "party": "home"},
    "Per Wiklund": {
        "kind": "called",
        "role": "Biståndshandläggare",
        "organisation": "Nordviks kommun",
        "party": "kommun",
    },
    "Elin Näslund": {
        "kind": "called",
        "role": "Arbetsterapeut",
        "organisation": "Region Höga Kusten",
        "party": "region",
    },
    "Leila Haddad": {
        "kind": "called",
        "role": "Fast vårdkontakt",
        "organisation": "Region Höga Kusten",
        "party": "region",
        "co_host": True,
    },
}


class Problem(Exception):
    """The service said no: `status` and the problem details' `code`."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('code')}")
        self.status = status
        self.body = body
        self.code = body.get("code")
        self.detail: str = body.get("detail", "")


class Program:
    """One visitor with a cookie jar."""

    def __init__(self, url: str) -> None:
        self.url = url
        # With it the person counts as one who can encrypt; who has no use for the others' keys never asks for them.
        point = ec.generate_private_key(ec.SECP256R1()).public_key()
        raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.key = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        self._session = aiohttp.ClientSession(base_url=url, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(
        self, method: str, path: str, body: Any = None, *, data: bytes | None = None, language: str = "sv"
    ) -> Any:
        """The answer's JSON; raises Problem at 400 and above. data: a raw body instead of `body` as JSON.

        503 means: nothing has happened, ask again. On a machine that is busy with other tests it comes.
        """
        for _ in range(3):
            try:
                return await self._call(method, path, body, data, language)
            except Problem as problem:
                if problem.status != 503:
                    raise
                await asyncio.sleep(1)
        return await self._call(method, path, body, data, language)

    async def _call(self, method: str, path: str, body: Any, data: bytes | None, language: str) -> Any:
        headers = {} if data is None else {"Content-Type": "application/json"}
        cookies = {"hemmaplan-language": language}
        async with self._session.request(
            method, path, json=body, data=data, headers=headers, cookies=cookies
        ) as answer:
            content = await answer.json() if answer.content_type.endswith("json") else {}
            if answer.status >= 400:
                raise Problem(answer.status, content)
            return content

    def cookie(self, name: str) -> str:
        """A cookie's value."""
        return next(cookie.value for cookie in self._session.cookie_jar if cookie.key == name)

    async def first_event(self, meeting: str) -> dict[str, Any]:
        """The snapshot a meeting's socket begins with."""
        async with self._session.ws_connect(f"/api/v1/meetings/{meeting}/events") as socket:
            event: dict[str, Any] = await socket.receive_json(timeout=45)
            return event

    async def people(self) -> dict[str, str]:
        """Demo people: name -> identity number."""
        return {person["name"]: person["personalNumber"] for person in await self.call("GET", "/simulator/people")}

    async def approve(self, name: str, **how: str) -> None:
        """Approves in the simulator as `name`. how: the scanned `qr`, or the `autoStartToken` that opened the app."""
        number = (await self.people())[name]
        await self.call("POST", "/simulator/bankid/approve", {**how, "personalNumber": number})

    async def identify(self, name: str, link: str | None = None) -> dict[str, Any]:
        """Starts an identification, approves it as `name`, and follows it to its end. link: a personal link."""
        body = {"invitation": token_of(link)} if link else {}
        started = await self.call("POST", "/auth/bankid/start", body)
        await self.approve(name, autoStartToken=started["autoStartToken"])
        return await self.finish(started["transaction"])

    async def finish(self, transaction: str) -> dict[str, Any]:
        for _ in range(450):
            status: dict[str, Any] = await self.call("GET", f"/auth/bankid/{transaction}")
            if status["status"] != "pending":
                return status
            await asyncio.sleep(0.2)
        raise TimeoutError("the identification never ended")

    async def plan(self, *names: str, given_name: str = "Gunnar", start_now: bool = True) -> "Planned":
        """A new meeting with these people invited, now or in ten minutes; the visitor must be logged in as a leader."""
        starts_at = datetime.now(UTC) + timedelta(minutes=10)
        numbers = await self.people()
        body = {
            "type": "planning",
            "person": {"given_name": given_name, "surname": "Edlund", "identity_number": numbers["Gunnar Edlund"]},
            "place": "Norrfällsviken",
            "purpose": "Hur det fungerar hemma.",
            "consent": "oral",
            "start_now": start_now,
            "starts_at": None if start_now else starts_at.isoformat(),
            "ends_at": None if start_now else (starts_at + timedelta(minutes=45)).isoformat(),
            "invitations": [{"name": name, "identity_number": numbers[name], **INVITED[name]} for name in names],
        }
        planned = await self.call("POST", "/api/v1/meetings", body)
        links = {link["name"]: link["url"] for link in planned["links"]}
        invitations = {link["name"]: link["invitation"] for link in planned["links"]}
        return Planned(planned["meeting"]["id"], links, invitations)

    async def state(self, meeting: str) -> Any:
        return await self.call("GET", f"/api/v1/meetings/{meeting}")

    async def participant(self, meeting: str, name: str) -> Any:
        """Somebody in the meeting, as this visitor sees them."""
        people = (await self.state(meeting))["participants"]
        return next((one for one in people if one["name"] == name), None)

    async def knock(self, meeting: str) -> Any:
        """Asks once to come in."""
        return await self.call("POST", f"/api/v1/meetings/{meeting}/join", {"key": self.key})

    async def admit(
        self, meeting: str, participant: str = "", *, unencrypted: bool = False, seconds: float = 30.0
    ) -> None:
        """As a leader: lets everybody in, or one. Raises Problem, TimeoutError.

        The lobby opens when the meeting has heard from the media server that its leader is there.
        """
        path = f"/api/v1/meetings/{meeting}/lobby/{participant and participant + '/'}admit"
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await self.call("POST", path, {"unencrypted": True} if unencrypted else None)
                except Problem as problem:
                    if problem.code != "lobby-shut":
                        raise
                    await asyncio.sleep(0.2)
                else:
                    return

    def events(self, meeting: str) -> Any:
        """The meeting's socket, to be entered."""
        return self._session.ws_connect(f"/api/v1/meetings/{meeting}/events")

    async def join(
        self,
        meeting: str,
        *,
        home: bool = False,
        key: str | None = None,
        unencrypted: bool = False,
        seconds: float = 120,
    ) -> Any:
        """Waits in the lobby until let in; ``{"server_url", "participant_token", ...}``. key: another than `key`."""
        body = {"home": home, "key": None if unencrypted else key or self.key, "unencrypted": unencrypted}
        for _ in range(int(seconds / 0.3)):
            answer = await self.call("POST", f"/api/v1/meetings/{meeting}/join", body)
            if "participant_token" in answer:
                return answer
            await asyncio.sleep(0.3)
        raise TimeoutError("nobody opened")


class Planned:
    """id of a meeting, its personal links and invitation ids by name."""

    def __init__(self, meeting: str, links: dict[str, str], invitations: dict[str, str]) -> None:
        self.id = meeting
        self.links = links
        self.invitations = invitations


def token_of(link: str) -> str:
    """The secret part of a personal link."""
    return urlsplit(link).path.rpartition("/")[2]
