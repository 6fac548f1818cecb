"""PROTOCOL.md's examples against the running service: the same members, of the same kinds."""

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from livekit.protocol import room
from livekit.protocol.rtc import SignalRequest, SignalResponse

from auth.demo import GUNNAR, KARIN
from auth.errors import Refusal
from signaling.app import application
from signaling.room_service import UNIMPLEMENTED
from signaling.settings import load
from tests.browser.program import Problem, Program
from tests.rooms.world import KEY, number

TEXT = (Path(__file__).parent.parent / "PROTOCOL.md").read_text(encoding="utf-8")


def example(name: str) -> Any:
    found = re.search(rf"<!-- example: {name} -->\n```json\n(.*?)```", TEXT, re.DOTALL)
    assert found, f"PROTOCOL.md has no example {name}"
    return json.loads(found[1])


def shape(value: Any) -> Any:
    """Members and kinds, without values; None stands for any kind."""
    match value:
        case dict():
            return {name: shape(item) for name, item in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case None:
            return None
        case _:
            return type(value).__name__


def fits(real: Any, described: Any) -> bool:
    """Whether an answer has the members the example shows. Empty lists and nulls fit anything."""
    match real, described:
        case dict(), dict():
            return real.keys() == described.keys() and all(fits(real[name], described[name]) for name in real)
        case list(), list():
            return not real or not described or fits(real[0], described[0])
        case (None, _) | (_, None):
            return True
        case _:
            return bool(real == described)


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    settings = load(demo=True, data_directory=tmp_path / "data", media_udp_port=0)
    async with application(settings) as app, TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def check(real: Any, name: str) -> None:
    assert fits(shape(real), shape(example(name))), f"{name}: {json.dumps(shape(real))}"


async def test_the_examples_are_what_the_service_answers(address: str) -> None:
    async with Program(address) as anna, Program(address) as karin:
        check(await anna.call("POST", "/auth/bankid/start", {}), "start")
        check(await anna.identify("Anna Sjödin"), "complete")
        check(await anna.call("GET", "/auth/session/living"), "living")
        check(await anna.call("POST", "/auth/session/extend"), "living")
        with pytest.raises(Problem) as refused:
            await anna.call("POST", "/api/v1/meetings", {**example("plan request"), "person": {"given_name": "x"}})
        check(refused.value.body, "problem")

        planned = await anna.call("POST", "/api/v1/meetings", example("plan request"))
        check({"links": planned["links"]}, "links")
        meeting = planned["meeting"]["id"]
        await karin.identify("Karin Edlund", planned["links"][0]["url"].rpartition("/")[2])
        check(await karin.call("POST", f"/api/v1/meetings/{meeting}/join", {}), "waiting")
        seat = await anna.call("POST", f"/api/v1/meetings/{meeting}/join", {"home": True, "key": KEY})
        check(seat, "seat")
        check(json.loads(base64.urlsafe_b64decode(seat["vouching"].partition(".")[0] + "==")), "vouching")

        state = await anna.call("GET", f"/api/v1/meetings/{meeting}")
        assert state["participants"]
        check(state, "state")
        guardian = {**example("plan request")["invitations"][0], "representation": "guardian"}
        child = {**example("plan request")["person"], "identity_number": number("20140615")}
        waits = {**example("plan request"), "person": child, "invitations": [guardian], "sole_guardian": True}
        about_child = (await anna.call("POST", "/api/v1/meetings", waits))["meeting"]["id"]
        check(await anna.call("GET", f"/api/v1/meetings/{about_child}/consent"), "consent")
        first = await karin.first_event(meeting)
        assert first["event"] == "state"
        check({**first, "state": {}}, "event")


async def test_an_organisations_consent_rules_are_what_the_example_shows(address: str) -> None:
    async with Program(address) as britta:
        await britta.identify("Britta Holm")
        path = "/api/v1/organisations/nordvik/consent-rules"
        check(await britta.call("PUT", path, example("consent rules")), "consent rules")


def test_the_example_people_are_the_demos_own() -> None:
    request = example("plan request")
    assert request["person"]["identity_number"] == GUNNAR.number
    assert request["invitations"][0]["identity_number"] == KARIN.number


def _kinds(base: type[Refusal]) -> set[type[Refusal]]:
    return {base, *(kind for child in base.__subclasses__() for kind in _kinds(child))}


def test_every_problem_code_is_written_down() -> None:
    codes = {kind.code for kind in _kinds(Refusal)} - {Refusal.code}
    missing = sorted(code for code in codes if f"| `{code}` |" not in TEXT)
    assert missing == []


def test_every_event_of_a_meeting_is_written_down() -> None:
    told = set()
    for path in (Path(__file__).parent.parent / "rooms").glob("*.py"):
        told |= set(
            re.findall(r'"((?:lobby|participant|meeting|host|role|home|invitation|consent)\.[a-z]+)"', path.read_text())
        )
    missing = sorted(name for name in told if f"`{name}`" not in TEXT)
    assert missing == []


def livekit_table(heading: str) -> dict[str, tuple[str, str]]:
    """Of one table of LiveKit's messages: message -> whether it is here, and the words beside it."""
    begin = TEXT.index(f"| {heading}")
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in TEXT[begin:].split("\n\n")[0].splitlines()[2:]]
    return {name: (row[1], row[2]) for row in rows for name in re.findall(r"`(\w+)`", row[0])}


def test_every_message_of_livekits_is_accounted_for() -> None:
    requests = livekit_table("From the client")
    responses = livekit_table("To the client")
    calls = livekit_table("RoomService")
    assert requests.keys() == {one.name for one in SignalRequest.DESCRIPTOR.oneofs_by_name["message"].fields}
    assert responses.keys() == {one.name for one in SignalResponse.DESCRIPTOR.oneofs_by_name["message"].fields}
    assert calls.keys() == {one.name for one in room.DESCRIPTOR.services_by_name["RoomService"].methods}
    assert {name for name, (here, _) in calls.items() if here == "refused"} == UNIMPLEMENTED
    tests = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    for name, (here, words) in (requests | responses | calls).items():
        assert here in {"yes", "refused", "ignored"}, name
        named = re.findall(r"`(test_\w+)`", words)
        assert bool(named) == (here == "yes"), f"{name}: a test where it is here, a reason where it is not"
        assert all(f"def {test}(" in tests for test in named), f"{name} names a test that does not exist"
