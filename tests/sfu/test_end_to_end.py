"""The real Python SDK and LiveKit's API client against the embedded media server: v1 and v0, over real UDP."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from livekit import api, rtc
from livekit.protocol.rtc import SignalResponse

from sfu.membership import Membership
from tests.sfu.sdk_client import KEY, SECRET, MediaHost, SdkClient, eventually, media_host, silent

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host() as running:
        yield running


async def joined(host: MediaHost, *clients: SdkClient) -> None:
    for client in clients:
        async with asyncio.timeout(45):
            await client.connect()


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_two_see_and_hear_each_other_and_a_third_comes_late(host: MediaHost, single: bool) -> None:
    anna, bo = SdkClient(host, "anna", single=single), SdkClient(host, "bo", single=single)
    await joined(host, anna, bo)
    for client in (anna, bo):
        await client.publish_video()
        await client.publish_audio()
    for client, other in ((anna, "bo"), (bo, "anna")):
        await eventually(lambda c=client, o=other: c.frames.get(o, 0) > 5, what=f"{other}'s picture")
        await eventually(lambda c=client, o=other: c.loudest.get(o, 0) > 5000, what=f"{other}'s sound")
    await eventually(lambda: {"anna", "bo"} <= set(bo.speakers), what="active speakers")
    late = SdkClient(host, "cleo", single=not single)
    await joined(host, late)
    for other in ("anna", "bo"):
        await eventually(lambda o=other: late.frames.get(o, 0) > 5 and late.loudest.get(o, 0) > 5000, what=other)
    for client in (late, bo, anna):
        await client.close()
    await eventually(lambda: not host.server.memberships, what="everybody has left")


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_leave_rejoin_mute_unpublish_republish(host: MediaHost, single: bool) -> None:
    anna, bo = SdkClient(host, "anna", single=single), SdkClient(host, "bo", single=single)
    await joined(host, anna, bo)
    publication = await anna.publish_video()
    await eventually(lambda: bo.frames.get("anna", 0) > 3, what="first picture")
    publication.track.mute()
    await eventually(lambda: any("track_muted" in event for event in bo.events), what="mute is told")
    publication.track.unmute()
    await eventually(lambda: any("track_unmuted" in event for event in bo.events), what="unmute is told")
    await anna.room.local_participant.unpublish_track(publication.sid)
    await eventually(lambda: any("track_unpublished" in event for event in bo.events), what="unpublish is told")
    bo.frames.clear()
    await anna.publish_video()
    await eventually(lambda: bo.frames.get("anna", 0) > 3, what="picture of the republished track")
    await anna.close()
    await eventually(lambda: "participant_disconnected:anna" in bo.events, what="leaving is told")
    bo.frames.clear()
    again = SdkClient(host, "anna", single=single)
    await joined(host, again)
    await again.publish_video()
    await eventually(lambda: bo.frames.get("anna", 0) > 3, what="picture after rejoining")
    await again.close()
    await bo.close()


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_data_streams_and_remote_calls(host: MediaHost, single: bool) -> None:
    anna, bo, cleo = (SdkClient(host, name, single=single) for name in ("anna", "bo", "cleo"))
    await joined(host, anna, bo, cleo)
    texts: list[str] = []

    async def read(reader: rtc.TextStreamReader) -> None:
        texts.append(await reader.read_all())

    bo.room.register_text_stream_handler("text", lambda reader, _who: bo._start(read(reader)))
    await anna.room.local_participant.publish_data(b"all", reliable=True, topic="t")
    await anna.room.local_participant.publish_data(b"for bo", reliable=True, destination_identities=["bo"])
    await eventually(lambda: len(bo.data) == 2 and len(cleo.data) == 1, what="reliable data")
    assert sorted(bo.data) == [("anna", b"all", "t"), ("anna", b"for bo", "")]
    assert cleo.data == [("anna", b"all", "t")]
    # What is lossy is not kept for a channel that has yet to open: said again until both have heard it.
    for _ in range(450):
        await anna.room.local_participant.publish_data(b"lossy", reliable=False)
        await asyncio.sleep(0.1)
        if all(("anna", b"lossy", "") in one.data for one in (bo, cleo)):
            break
    assert {payload for _, payload, _ in bo.data} == {b"all", b"for bo", b"lossy"}
    assert {payload for _, payload, _ in cleo.data} == {b"all", b"lossy"}
    text = "ett långt samtal " * 5000
    await anna.room.local_participant.send_text(text, topic="text")
    await eventually(lambda: texts == [text], what="text stream")

    async def greet(call: rtc.RpcInvocationData) -> str:
        return f"{call.caller_identity}: {call.payload}"

    bo.room.local_participant.register_rpc_method("greet", greet)

    answer = await anna.room.local_participant.perform_rpc(destination_identity="bo", method="greet", payload="hej")
    assert answer == "anna: hej"
    for client in (anna, bo, cleo):
        await client.close()


def disobeys(member: Membership) -> None:
    """Its client never gets to know that it is to be silent, and goes on sending."""
    send = member.participant.send

    def leave_out(response: SignalResponse) -> None:
        if not response.HasField("mute"):
            send(response)

    member.participant.send = leave_out


async def test_the_server_client_of_livekit_moderates(host: MediaHost) -> None:
    anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo")
    await joined(host, anna, bo)
    await anna.publish_audio()
    await eventually(lambda: bo.loudest.get("anna", 0) > 5000, what="sound")
    async with api.LiveKitAPI(host.http, KEY, SECRET) as livekit:
        rooms = await livekit.room.list_rooms(api.ListRoomsRequest())
        assert [(room.name, room.num_participants) for room in rooms.rooms] == [("r", 2)]
        participants = (await livekit.room.list_participants(api.ListParticipantsRequest(room="r"))).participants
        track = next(track for person in participants if person.identity == "anna" for track in person.tracks)
        request = api.MuteRoomTrackRequest(room="r", identity="anna", track_sid=track.sid, muted=True)
        member = host.server.member("r", "anna")
        assert member is not None
        disobeys(member)
        up_track = member.participant.publications[track.sid].up_track
        assert up_track is not None
        [to_bo] = up_track.down_tracks
        assert (await livekit.room.mute_published_track(request)).track.muted
        passed, refused = to_bo.statistics.packets, member.connection.faults["ignored"]
        await eventually(lambda: any("track_muted" in event for event in bo.events), what="mute is told")
        await eventually(lambda: member.connection.faults["ignored"] > refused + 50, what="a second of her sound")
        assert to_bo.statistics.packets == passed, "muted from outside, nothing passes"
        await silent(bo, "anna")
        request.muted = False
        with pytest.raises(api.TwirpError, match="from outside"):
            await livekit.room.mute_published_track(request)
        await livekit.room.send_data(api.SendDataRequest(room="r", data=b"notice", kind=api.DataPacket.RELIABLE))
        await eventually(lambda: (None, b"notice", "") in bo.data, what="data from the server")
        change = api.UpdateParticipantRequest(
            room="r",
            identity="anna",
            name="Anna Ek",
            permission=api.ParticipantPermission(can_subscribe=True, can_publish=False),
        )
        await livekit.room.update_participant(change)
        await eventually(lambda: any("track_unpublished" in event for event in bo.events), what="permission bites")
        await eventually(lambda: bo.room.remote_participants["anna"].name == "Anna Ek", what="new name")
        await livekit.room.remove_participant(api.RoomParticipantIdentity(room="r", identity="anna"))
        await eventually(lambda: "participant_disconnected:anna" in bo.events, what="removal is told")
        await eventually(lambda: any(event.startswith("disconnected") for event in anna.events), what="out")
        await livekit.room.delete_room(api.DeleteRoomRequest(room="r"))
        await eventually(lambda: any(event.startswith("disconnected") for event in bo.events), what="room closed")
    await anna.close()
    await bo.close()


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_a_room_of_six_needs_more_sections_and_survives_churn(host: MediaHost, single: bool) -> None:
    watcher = SdkClient(host, "watcher", single=single)
    await joined(host, watcher)
    names = [f"p{number}" for number in range(5)]
    publishers = {name: SdkClient(host, name, single=single) for name in names}
    for client in publishers.values():
        await joined(host, client)
        await client.publish_video(size=(160, 120))
        await client.publish_audio()
    late = SdkClient(host, "late", single=single)
    await joined(host, late)
    for viewer in (watcher, late, publishers["p0"]):
        for name in names:
            if viewer.identity != name:
                both = f"{viewer.identity} gets {name}"
                await eventually(
                    lambda v=viewer, n=name: v.frames.get(n, 0) > 3 and v.loudest.get(n, 0) > 5000, what=both
                )
    for name in names[:2]:
        await publishers.pop(name).close()
    await eventually(lambda: len(late.room.remote_participants) == 4, what="two have left")
    for name in ("n0", "n1"):
        client = publishers[name] = SdkClient(host, name, single=single)
        await joined(host, client)
        await client.publish_video(size=(160, 120))
        await eventually(lambda n=name: late.frames.get(n, 0) > 3 and watcher.frames.get(n, 0) > 3, what=name)
    for client in (watcher, late, *publishers.values()):
        await client.close()


async def test_a_second_device_replaces_the_first(host: MediaHost) -> None:
    bo, first, second = SdkClient(host, "bo"), SdkClient(host, "anna"), SdkClient(host, "anna")
    await joined(host, bo, first, second)
    await eventually(lambda: any(event.startswith("disconnected") for event in first.events), what="first is told")
    assert f"disconnected:{rtc.DisconnectReason.DUPLICATE_IDENTITY}" in first.events
    await second.publish_audio()
    await eventually(lambda: bo.loudest.get("anna", 0) > 5000, what="sound of the second")
    for client in (bo, first, second):
        await client.close()


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_a_lost_socket_resumes_and_media_goes_on(host: MediaHost, single: bool) -> None:
    anna, bo = SdkClient(host, "anna", single=single), SdkClient(host, "bo", single=single)
    await joined(host, anna, bo)
    await anna.publish_video()
    await eventually(lambda: bo.frames.get("anna", 0) > 3, what="picture")
    before = host.server.member("r", "anna")
    cut_sockets_of(host, "anna", "bo")
    await eventually(lambda: any(event.startswith("reconnected") for event in anna.events), what="anna resumed")
    await eventually(lambda: any(event.startswith("reconnected") for event in bo.events), what="bo resumed")
    assert host.server.member("r", "anna") is before, "the same participant, not a new one"
    seen = bo.frames["anna"]
    await eventually(lambda: bo.frames["anna"] > seen + 5, what="picture goes on")
    await anna.publish_audio()
    await eventually(lambda: bo.loudest.get("anna", 0) > 5000, what="negotiation still works")
    await anna.close()
    await bo.close()


def cut_sockets_of(host: MediaHost, *identities: str) -> None:
    """As if the network had: no close frame."""
    for identity in identities:
        assert host.cut(identity)


async def test_hostile_datagrams_during_a_call_change_nothing(host: MediaHost) -> None:
    anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo")
    await joined(host, anna, bo)
    await anna.publish_video()
    await eventually(lambda: bo.frames.get("anna", 0) > 3, what="picture")
    hostile = [b"", b"\x16", b"\x16\xfe\xff" + os.urandom(200), b"\x80\x60" + os.urandom(100), b"\x80\xc8\x00\x01" * 8]
    hostile += [b"\x00\x01\x00\x00\x21\x12\xa4\x42" + os.urandom(12), os.urandom(1400), b"\x80", b"\xff" * 30]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(100):
            for datagram in hostile:
                sender.sendto(datagram, ("127.0.0.1", host.server.port.number))
            await asyncio.sleep(0)
    seen = bo.frames["anna"]
    await eventually(lambda: bo.frames["anna"] > seen + 10, what="picture goes on")
    assert not any(event.startswith(("disconnected", "reconnecting")) for event in anna.events + bo.events)
    assert sum(host.server.port.drops.values()) >= 500
    await anna.close()
    await bo.close()


async def test_tokens_that_open_nothing(host: MediaHost) -> None:
    async with aiohttp.ClientSession() as http:
        for token, status, told in (
            ("nonsense", 401, "not valid"),
            (host.token("anna", room_join=False), 403, "joining"),
        ):
            for path in ("/rtc/validate", "/rtc/v1/validate", "/rtc", "/rtc/v1"):
                async with http.get(f"{host.http}{path}", params={"access_token": token}) as response:
                    assert response.status == status
                    assert told in await response.text()
        async with http.get(f"{host.http}/rtc/validate", params={"access_token": host.token("anna")}) as response:
            assert (response.status, await response.text()) == (200, "success")
    stranger = SdkClient(host, "eve")
    with pytest.raises(rtc.ConnectError):
        await stranger.connect("nonsense")


async def test_permissions_are_enforced_against_a_client_that_ignores_them(host: MediaHost) -> None:
    anna, mute, deaf = SdkClient(host, "anna"), SdkClient(host, "mute"), SdkClient(host, "deaf")
    await joined(host, anna)
    await mute.connect(host.token("mute", can_publish=False, can_publish_data=False))
    await deaf.connect(host.token("deaf", can_subscribe=False))
    await anna.publish_audio()
    await eventually(lambda: mute.loudest.get("anna", 0) > 5000, what="sound")
    assert not deaf.loudest
    with pytest.raises(Exception, match=r"(?i)permission|not allowed|publish|timed? ?out"):
        async with asyncio.timeout(45):
            await mute.publish_audio()
    await mute.room.local_participant.publish_data(b"no", reliable=True)
    await eventually(lambda: host.server.traffic.data_dropped["refused"], what="the server has refused it")
    assert not anna.data
    assert all(
        not member.participant.publications
        for member in host.server.memberships.values()
        if member.participant.identity == "mute"
    )
    for client in (anna, mute, deaf):
        await client.close()


async def test_a_screen_with_its_sound_and_permissions_that_change_in_mid_call(host: MediaHost) -> None:
    anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo")
    await bo.connect()
    sources = ["microphone", "screen_share", "screen_share_audio"]
    await anna.connect(host.token("anna", can_publish_sources=sources))
    await anna.publish_audio()
    await anna.publish_screen()
    seen = bo.room.remote_participants

    def published() -> set[int]:
        return {one.source for one in seen["anna"].track_publications.values() if one.track is not None}

    source = rtc.TrackSource
    shared = {source.SOURCE_MICROPHONE, source.SOURCE_SCREENSHARE, source.SOURCE_SCREENSHARE_AUDIO}
    await eventually(lambda: published() == shared, what="microphone, screen and its sound")
    await eventually(lambda: bo.frames.get("anna", 0) > 3, what="the screen's picture")
    camera = anna.room.local_participant.publish_track(
        rtc.LocalVideoTrack.create_video_track("camera", rtc.VideoSource(32, 32)),
        rtc.TrackPublishOptions(source=source.SOURCE_CAMERA),
    )
    with pytest.raises(Exception, match=r"(?i)permission|not allowed|source|timed? ?out"):
        await asyncio.wait_for(camera, 45)
    async with api.LiveKitAPI(host.http, KEY, SECRET) as livekit:

        async def permit(identity: str, **permission: Any) -> None:
            allowed = api.ParticipantPermission(**{"can_subscribe": True, "can_publish": True, **permission})
            request = api.UpdateParticipantRequest(room="r", identity=identity, permission=allowed)
            await livekit.room.update_participant(request)

        await permit("anna", can_publish_sources=[api.TrackSource.MICROPHONE])
        await eventually(lambda: published() == {source.SOURCE_MICROPHONE}, what="the screen is gone, the sound is not")
        member = host.server.member("r", "anna")
        assert member is not None
        [up_track] = (one.up_track for one in member.participant.publications.values())
        assert up_track is not None
        [to_bo] = up_track.down_tracks

        def taken() -> int:
            return sum(layer.packets for layer in up_track.layers)

        await permit("bo", can_subscribe=False)
        passed, before = to_bo.statistics.packets, taken()
        await eventually(lambda: taken() > before + 50, what="a second of anna's sound")
        assert (to_bo.statistics.packets, up_track.down_tracks) == (passed, []), "bo gets nothing any more"
        await silent(bo, "anna")
        bo.loudest.clear()
        await permit("bo")
        await eventually(lambda: bo.loudest.get("anna", 0) > 5000, what="bo hears again")
        await permit("anna", hidden=True)
        await eventually(lambda: "participant_disconnected:anna" in bo.events, what="anna is hidden")
    await anna.close()
    await bo.close()
