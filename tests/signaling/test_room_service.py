"""RoomService over Twirp: each method's grants, JSON and protobuf, and requests that are wrong."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from livekit import api
from livekit.protocol import room as messages

from signaling.room_service import MAX_BODY, UNIMPLEMENTED
from tests.sfu.sdk_client import KEY, SECRET, MediaHost, media_host

ADMIN = api.VideoGrants(room_admin=True, room="r")
ALL = api.VideoGrants(room_create=True, room_list=True, room_admin=True, room="r")


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host() as running:
        yield running


async def call(host: MediaHost, method: str, body: Any, grants: api.VideoGrants | None = ALL) -> tuple[int, Any]:
    headers = {}
    if grants is not None:
        headers["Authorization"] = f"Bearer {api.AccessToken(KEY, SECRET).with_grants(grants).to_jwt()}"
    url = f"{host.http}/twirp/livekit.RoomService/{method}"
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_a_rooms_life(host: MediaHost) -> None:
    status, room = await call(
        host, "CreateRoom", {"name": "r", "empty_timeout": 60, "max_participants": 4, "metadata": "m"}
    )
    assert status == 200
    assert (room["name"], room["max_participants"], room["metadata"]) == ("r", 4, "m")
    assert (await call(host, "ListRooms", {}))[1]["rooms"][0]["name"] == "r"
    assert (await call(host, "ListRooms", {"names": ["x"]}))[1] == {}
    assert (await call(host, "UpdateRoomMetadata", {"room": "r", "metadata": "n"}))[1]["metadata"] == "n"
    assert (await call(host, "ListParticipants", {"room": "r"}))[1] == {}
    assert (await call(host, "SendData", {"room": "r", "data": "eA==", "destination_sids": ["PA_gone"]}))[0] == 200
    assert (await call(host, "SendData", {"room": "r", "data": "eA=="}))[0] == 200
    assert (await call(host, "DeleteRoom", {"room": "r"}))[0] == 200
    assert (await call(host, "DeleteRoom", {"room": "r"}))[0] == 404


@pytest.mark.parametrize(
    ("method", "body", "grants"),
    [
        ("CreateRoom", {"name": "r"}, ADMIN),
        ("ListRooms", {}, ADMIN),
        ("DeleteRoom", {"room": "other"}, ADMIN),
        ("ListParticipants", {"room": "other"}, ADMIN),
        ("GetParticipant", {"room": "r", "identity": "x"}, api.VideoGrants(room_join=True, room="r", room_list=True)),
        ("RemoveParticipant", {"room": "other"}, ADMIN),
        ("MutePublishedTrack", {"room": "other"}, ADMIN),
        ("UpdateParticipant", {"room": "other"}, ADMIN),
        ("UpdateSubscriptions", {"room": "other"}, ADMIN),
        ("SendData", {"room": "other"}, ADMIN),
        ("UpdateRoomMetadata", {"room": "r"}, api.VideoGrants(room_admin=True, room="")),
    ],
)
async def test_grants_are_checked(host: MediaHost, method: str, body: Any, grants: api.VideoGrants) -> None:
    for room in ("r", "other"):
        await call(host, "CreateRoom", {"name": room})
    if method == "GetParticipant":
        headers = {"Authorization": f"Bearer {host.token('anna')}"}
        url = f"{host.http}/twirp/livekit.RoomService/{method}"
        async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as response:
            assert response.status == 403
        return
    status, error = await call(host, method, body, grants)
    assert (status, error["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("method", "body", "status", "code"),
    [
        ("Nothing", {}, 404, "bad_route"),
        ("CreateRoom", {"name": ""}, 400, "invalid_argument"),
        ("CreateRoom", {"name": "x" * 10_000}, 400, "invalid_argument"),
        ("CreateRoom", {"name": 7}, 400, "malformed"),
        ("CreateRoom", [1], 400, "malformed"),
        ("CreateRoom", {"name": "x" * MAX_BODY}, 429, "resource_exhausted"),
        ("GetParticipant", {"room": "r", "identity": "nobody"}, 404, "not_found"),
        ("UpdateRoomMetadata", {"room": "r", "metadata": "x" * 70_000}, 400, "invalid_argument"),
        ("SendData", {"room": "r", "data": "A" * 100_000}, 400, "invalid_argument"),
    ],
)
async def test_wrong_requests(host: MediaHost, method: str, body: Any, status: int, code: str) -> None:
    await call(host, "CreateRoom", {"name": "r"})
    answered, error = await call(host, method, body)
    assert (answered, error["code"]) == (status, code)


async def test_no_token(host: MediaHost) -> None:
    assert (await call(host, "ListRooms", {}, None))[0] == 401
    headers = {"Authorization": "Bearer nonsense", "Content-Type": "application/json"}
    url = f"{host.http}/twirp/livekit.RoomService/ListRooms"
    async with aiohttp.ClientSession() as http, http.post(url, data=b"{}", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (401, "unauthenticated")


async def test_protobuf_and_other_types(host: MediaHost) -> None:
    token = api.AccessToken(KEY, SECRET).with_grants(ALL).to_jwt()
    url = f"{host.http}/twirp/livekit.RoomService/CreateRoom"
    for body, kind, status in (
        (messages.CreateRoomRequest(name="r").SerializeToString(), "application/protobuf", 200),
        (b"\xff\xff", "application/protobuf", 400),
        (b"name=r", "application/x-www-form-urlencoded", 404),
    ):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as response:
            assert response.status == status


@pytest.mark.parametrize("method", sorted(UNIMPLEMENTED))
async def test_what_is_not_part_of_this_server_is_refused_as_such(host: MediaHost, method: str) -> None:
    status, error = await call(host, method, {"room": "r", "identity": "x"})
    assert (status, error["code"]) == (501, "unimplemented")
