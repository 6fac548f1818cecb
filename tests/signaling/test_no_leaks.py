"""A whole visit, with its mishaps: no secret and nobody's name or number stands in a log, a figure, an address or an
error."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rooms.meetings import Meetings
from signaling.app import application
from signaling.logs import configure
from signaling.settings import DEMO_SECRET, load
from tests.browser.program import Problem, Program, token_of
from tests.browser.service import free_port

PHONE = "070-174 06 17"


@dataclass
class Heard:
    """What the server was asked and how it said no."""

    url: str
    addresses: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def hear(self, request: web.Request, response: web.StreamResponse) -> None:
        self.addresses += [request.path_qs, response.headers.get("Location", "")]
        if response.status >= 400 and isinstance(response, web.Response):
            self.errors.append(f"{response.status} {dict(response.headers)} {response.text}")


@pytest.fixture
async def heard(tmp_path: Path) -> AsyncIterator[Heard]:
    port = free_port()
    settings = load(demo=True, data_directory=tmp_path / "data", port=port, media_udp_port=0)
    heard = Heard(f"http://localhost:{port}")
    async with application(settings) as app:
        app.on_response_prepare.append(heard.hear)
        async with TestServer(app, host="localhost", port=port):
            yield heard


async def refused(call: Any, *statuses: int) -> None:
    with pytest.raises(Problem) as problem:
        await call
    assert problem.value.status in statuses, problem.value.body


async def test_nothing_stands_where_it_does_not_belong(
    heard: Heard, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("json")
    async with Program(heard.url) as anna, Program(heard.url) as karin, Program(heard.url) as tomas:
        people = await anna.people()
        assert (await anna.identify("Anna Sjödin"))["status"] == "complete"
        planned = await anna.plan("Karin Edlund")
        by_code = {"name": "Tomas Edlund", "identity_number": people["Tomas Edlund"], "party": "home"}
        by_code |= {"relation": "Son", "phone": PHONE, "sms_reason": "Har ingen e-legitimation"}
        made = await anna.call("POST", f"/api/v1/meetings/{planned.id}/invitations", by_code)
        links = [planned.links["Karin Edlund"], made["links"][0]["url"]]
        wrong = {**by_code, "identity_number": people["Tomas Edlund"] + "7", "phone": "07017406171234"}
        await refused(anna.call("POST", f"/api/v1/meetings/{planned.id}/invitations", wrong), 422)

        async with Program(heard.url) as nils:
            told = await nils.identify("Nils Forsberg", links[0])
            assert told["status"] == "failed"
            assert "Karin" not in str(told)
            await refused(nils.call("GET", f"/api/v1/meetings/{planned.id}"), 401)
        assert (await karin.identify("Karin Edlund", links[0]))["status"] == "complete"
        await karin.knock(planned.id)
        home = await anna.join(planned.id, home=True)
        await refused(anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit"), 409)  # nobody leads it yet
        await refused(karin.call("POST", "/api/v1/audit/events", {"actor": "Gunnar Edlund", "reason": "review"}), 403)
        await refused(karin.call("POST", f"/api/v1/meetings/{planned.id}/join", data=b'{"name": "Karin Edlund"'), 400)
        await refused(karin.call("GET", f"/rtc/validate?access_token={home['participant_token']}x"), 401)

        started = await tomas.call("POST", "/auth/sms/start", {"invitation": token_of(links[1])})
        code = re.match(r"\d{6}", (await tomas.call("GET", "/simulator/sms/outbox"))[0]["text"])
        assert code is not None
        answer = {"invitation": token_of(links[1]), "transaction": started["transaction"]}
        other = f"{(int(code[0]) + 1) % 1_000_000:06}"
        await refused(tomas.call("POST", "/auth/sms/verify", {**answer, "code": other}), 401, 403, 422)
        await tomas.call("POST", "/auth/sms/verify", {**answer, "code": code[0]})

        cookies = [one.cookie("hemmaplan") for one in (anna, karin, tomas)]
        secret = [DEMO_SECRET, *cookies, *(token_of(link) for link in links), code[0]]
        secret.append(home["participant_token"])
        personal = (
            [name for name in people if " " in name] + list(people.values()) + [PHONE, "0701740617", "+46701740617"]
        )

        async def broken(*_: object) -> None:
            raise RuntimeError(" ".join([*secret, *personal]))

        monkeypatch.setattr(Meetings, "read", broken)
        await refused(anna.call("GET", f"/api/v1/meetings/{planned.id}"), 500)
        monkeypatch.undo()
        figures = await figures_of(anna)
        await refused(anna.call("GET", "/nowhere"), 404)

    logs = capfd.readouterr()
    configure("console", quiet=True)
    written = logs.out + logs.err
    assert written.count('"event": "request"') > 20
    assert "RuntimeError" in written
    assert len(heard.errors) >= 8
    assert "hemmaplan_" in figures
    for word in [*secret, *personal]:
        assert word not in written, f"{word} is in a log"
        assert word not in figures, f"{word} is in a figure"
        assert word not in "\n".join(heard.errors), f"{word} is in an error"
    # The two addresses of SECURITY.md's known limits: a personal link, and LiveKit's own token by its protocol.
    others = "\n".join(one for one in heard.addresses if not one.startswith(("/i/", "/rtc/validate?access_token=")))
    for word in [*secret, *personal]:
        assert word not in others, f"{word} is in an address"


async def figures_of(visitor: Program) -> str:
    async with visitor._session.get("/metrics") as answer:
        assert answer.status == 200
        return await answer.text()
