"""Calls to a cluster that fails: tried again only where that does no harm, and never without end."""

from typing import Any

import pytest
from livekit.protocol.room import ListRoomsRequest, ListRoomsResponse

from rooms.livekit_calls import MAX_ANSWER, TRIES, LiveKitCalls, NotThere, http_address, socket_address
from rooms.media import MediaUnavailable
from tests.browser.service import free_port
from tests.rooms.twirp import calls, failure, twirp


async def ask(made: LiveKitCalls, *, repeat: bool = True) -> list[str]:
    try:
        found = await made.call("ListRooms", {"roomList": True}, ListRoomsRequest(), ListRoomsResponse, repeat=repeat)
        return [room.name for room in found.rooms]
    finally:
        await made.close()


@pytest.mark.parametrize(
    ("url", "http", "socket"),
    [
        ("wss://media.example.se", "https://media.example.se", "wss://media.example.se"),
        ("https://media.example.se/", "https://media.example.se", "wss://media.example.se"),
        ("ws://[::1]:7880", "http://[::1]:7880", "ws://[::1]:7880"),
        ("http://localhost:7880", "http://localhost:7880", "ws://localhost:7880"),
    ],
)
def test_one_address_serves_calls_and_clients(url: str, http: str, socket: str) -> None:
    assert (http_address(url), socket_address(url)) == (http, socket)


async def test_an_answer_and_the_token_it_was_asked_with() -> None:
    async with twirp(ListRooms={"rooms": [{"name": "a", "num_participants": 2, "new_field": 1}]}) as double:
        assert await ask(calls(double.url)) == ["a"]
        assert double.asked == [("ListRooms", {"roomList": True}, {})]


@pytest.mark.parametrize("first", [failure("unavailable", 503), failure("deadline_exceeded", 408), "cut"])
async def test_what_may_be_repeated_is_tried_again(first: Any) -> None:
    async with twirp(ListRooms=[first, {"rooms": [{"name": "a"}]}]) as double:
        assert await ask(calls(double.url)) == ["a"]
        assert len(double.asked) == 2


@pytest.mark.parametrize("first", [failure("unavailable", 503), "cut"])
async def test_what_may_not_be_repeated_is_tried_once(first: Any) -> None:
    async with twirp(ListRooms=first) as double:
        with pytest.raises(MediaUnavailable):
            await ask(calls(double.url), repeat=False)
        assert len(double.asked) == 1


async def test_there_is_an_end_to_trying() -> None:
    async with twirp(ListRooms=failure("unavailable", 503)) as double:
        with pytest.raises(MediaUnavailable):
            await ask(calls(double.url))
        assert len(double.asked) == TRIES


@pytest.mark.parametrize(
    "answer",
    [
        failure("internal", 500),
        failure("permission_denied", 403),
        failure("unauthenticated", 401),
        failure("resource_exhausted", 429),
        "not json",
        "[]",
        "[" * 10_000,
        "x" * (MAX_ANSWER + 1),
    ],
)
async def test_what_trying_again_cannot_mend_is_not_tried_again(answer: Any) -> None:
    async with twirp(ListRooms=answer) as double:
        with pytest.raises(MediaUnavailable) as failed:
            await ask(calls(double.url))
        assert len(double.asked) == 1
        assert "said LiveKit" not in str(failed.value), "its words may hold a name"


async def test_a_silent_cluster_is_given_up() -> None:
    async with twirp(ListRooms="hang") as double:
        with pytest.raises(MediaUnavailable, match="in time"):
            await ask(calls(double.url, time_limit=0.3))


async def test_nobody_at_the_address() -> None:
    with pytest.raises(MediaUnavailable):
        await ask(calls(f"ws://127.0.0.1:{free_port()}"), repeat=False)


async def test_what_is_not_there_is_said_apart() -> None:
    async with twirp(ListRooms=failure("not_found", 404)) as double:
        with pytest.raises(NotThere):
            await ask(calls(double.url))
