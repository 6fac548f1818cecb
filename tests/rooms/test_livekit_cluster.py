"""The adapter against a double; what a real livekit-server does with it is shown by tests/contracts."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rooms.livekit_cluster import MAX_DATA, LiveKitCluster
from rooms.media import SOURCES, Grant, MediaEvent, MediaEventKind, MediaServer, MediaUnavailable
from tests.rooms.twirp import KEY, Twirp, calls, failure, now, twirp

ADMIN = {"roomAdmin": True, "room": "r"}


@asynccontextmanager
async def cluster(**answers: Any) -> AsyncIterator[tuple[LiveKitCluster, Twirp]]:
    async with twirp(**answers) as double:
        media = LiveKitCluster(double.url, KEY, now, calls=calls(double.url))
        try:
            yield media, double
        finally:
            await media.close()


async def test_it_keeps_the_protocol() -> None:
    async with cluster() as (media, double):
        kept: MediaServer = media
        assert not await kept.is_full()
        assert media.client_url == double.url


async def test_a_room_stands_as_long_empty_as_before_the_first_came() -> None:
    async with cluster() as (media, double):
        await media.create_room("r", max_participants=20, empty_timeout=timedelta(minutes=30))
        ((method, allowed, body),) = double.asked
        assert (method, allowed) == ("CreateRoom", {"roomCreate": True})
        assert body == {"name": "r", "max_participants": 20, "empty_timeout": 1800, "departure_timeout": 1800}


async def test_participants_as_meetings_know_them() -> None:
    one = {"identity": "p", "sid": "PA_1", "name": "Karin", "state": "ACTIVE", "joined_at": "1795510800"}
    gone = {"identity": "gone", "state": "DISCONNECTED"}
    async with cluster(ListParticipants={"participants": [{**one, "tracks": [{"sid": "TR_1"}]}, gone]}) as (media, _):
        (found,) = await media.list_participants("r")
        assert (found.identity, found.sid, found.name, found.publishing) == ("p", "PA_1", "Karin", True)
        assert found.joined_at == datetime.fromtimestamp(1795510800, UTC)


async def test_all_sound_that_is_on_is_muted_whatever_it_calls_itself_and_no_camera() -> None:
    tracks = [
        {"sid": "TR_a", "type": "AUDIO", "source": "MICROPHONE"},
        {"sid": "TR_b", "type": "AUDIO", "source": "MICROPHONE", "muted": True},
        {"sid": "TR_c", "type": "VIDEO", "source": "CAMERA"},
        {"sid": "TR_d", "type": "AUDIO", "source": "UNKNOWN"},
        {"sid": "TR_e", "type": "AUDIO", "source": "SCREEN_SHARE_AUDIO"},
    ]
    async with cluster(GetParticipant={"identity": "p", "tracks": tracks}) as (media, double):
        await media.mute_microphone("r", "p")
        assert double.methods() == ["GetParticipant", *["MutePublishedTrack"] * 3]
        assert [body["track_sid"] for _, _, body in double.asked[1:]] == ["TR_a", "TR_d", "TR_e"]
        assert double.asked[1][1:] == (ADMIN, {"room": "r", "identity": "p", "track_sid": "TR_a", "muted": True})


async def test_who_may_hear_from_now_on_publishes_from_the_same_sources_as_before() -> None:
    async with cluster(UpdateParticipant={"identity": "p"}) as (media, double):
        await media.let_hear("r", "p")
        permission = double.asked[0][2]["permission"]
        assert permission["can_publish_sources"] == [source.upper() for source in SOURCES]


async def test_data_is_sent_once_and_to_those_named() -> None:
    async with cluster() as (media, double):
        await media.send_data("r", b"\x00x", topic="t", identities=["p"])
        ((_, allowed, body),) = double.asked
        assert allowed == ADMIN
        assert base64.b64decode(body["data"]) == b"\x00x"
        assert (body["topic"], body["destination_identities"]) == ("t", ["p"])
        with pytest.raises(ValueError, match="too large"):
            await media.send_data("r", bytes(MAX_DATA + 1), topic="t")


async def test_data_to_a_room_nobody_carries_is_no_error_and_a_failing_cluster_is() -> None:
    down = failure("unavailable", 503)
    async with cluster(SendData=down) as (media, double):
        await media.send_data("nowhere", b"x", topic="t")
        assert double.methods() == ["SendData", "ListRooms"]
    async with cluster(SendData=down, ListRooms={"rooms": [{"name": "r"}]}) as (media, _):
        with pytest.raises(MediaUnavailable):
            await media.send_data("r", b"x", topic="t")


async def test_what_does_not_exist_is_no_error() -> None:
    missing = failure("not_found", 404)
    names = ("DeleteRoom", "ListParticipants", "RemoveParticipant", "GetParticipant", "UpdateParticipant", "SendData")
    async with cluster(**dict.fromkeys(names, missing)) as (media, _):
        await media.delete_room("r")
        assert await media.list_participants("r") == []
        await media.remove_participant("r", "p")
        await media.mute_microphone("r", "p")
        await media.update_participant("r", "p", name="n", attributes={})
        await media.send_data("r", b"", topic="t")


async def test_a_cluster_that_is_down_is_said_so() -> None:
    async with cluster(ListRooms=failure("unavailable", 503)) as (media, _):
        with pytest.raises(MediaUnavailable):
            await media.list_rooms()


async def test_one_failing_listener_does_not_silence_the_others() -> None:
    heard: list[MediaEvent] = []

    async def fail(event: MediaEvent) -> None:
        raise RuntimeError

    async def listen(event: MediaEvent) -> None:
        heard.append(event)

    event = MediaEvent(MediaEventKind.ROOM_FINISHED, "r")
    async with cluster() as (media, _):
        media.listen(fail)
        media.listen(listen)
        await media.hear(event)
        assert media.access_token(Grant("r", "p", "n"), now()).count(".") == 2
    assert heard == [event]
