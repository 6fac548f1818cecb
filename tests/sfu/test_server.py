"""The embedded media server by its own rules: joining, limits, time-outs, events, and the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from livekit.protocol.models import DUPLICATE_IDENTITY, SERVER_SHUTDOWN

from rooms.media import Grant, MediaEvent, MediaUnavailable
from sfu import server as module
from sfu.access_token import Claims, Permission, TokenKey
from sfu.room import RoomLimits
from sfu.server import EmbeddedMediaServer, JoinOptions, JoinRefused
from tests.conftest import FrozenClock
from tests.sfu.fakes import Inbox

SECRET = "a secret of at least thirty-two bytes"


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def monotonic() -> Time:
    return Time()


@pytest.fixture
async def server(clock: FrozenClock, monotonic: Time) -> AsyncIterator[EmbeddedMediaServer]:
    made = EmbeddedMediaServer(TokenKey("key", SECRET), bind=["127.0.0.1"], clock=clock, monotonic=monotonic)
    await made.start()
    yield made
    await made.stop()


def claims(server: EmbeddedMediaServer, identity: str = "anna", room: str = "r") -> Claims:
    token = server.access_token(Grant(room=room, identity=identity, name=identity), server.clock())
    return server.key.verify(token, server.clock())


def join(server: EmbeddedMediaServer, identity: str, **options: object) -> Inbox:
    inbox = Inbox()
    server.join(claims(server, identity), JoinOptions(**options), inbox.append)  # type: ignore[arg-type]  # as they are
    return inbox


async def test_a_description_too_long_is_refused_and_puts_nobody_out(server: EmbeddedMediaServer) -> None:
    await create(server)
    join(server, "anna")
    first = server.member("r", "anna")
    own = replace(claims(server), permission=Permission(can_update_metadata=True))
    for options in (JoinOptions(metadata="m" * 65537), JoinOptions(attributes={"a": "\N{DRAGON}" * 20_000})):
        with pytest.raises(JoinRefused, match="too large") as refused:
            server.join(own, options, Inbox().append)
        assert refused.value.status == 400
    assert server.member("r", "anna") is first


async def create(server: EmbeddedMediaServer, places: int = 0) -> None:
    await server.create_room("r", max_participants=places, empty_timeout=timedelta(minutes=5))


async def test_a_room_must_exist_unless_tokens_make_it(server: EmbeddedMediaServer) -> None:
    with pytest.raises(JoinRefused, match="does not exist") as refused:
        join(server, "anna")
    assert refused.value.status == 404
    server._auto_create = True
    join(server, "anna")
    assert await server.list_rooms() == ["r"]


async def test_limits(server: EmbeddedMediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    await create(server, places=1)
    join(server, "anna")
    with pytest.raises(JoinRefused, match="full"):
        join(server, "bo")
    monkeypatch.setattr(module, "MAX_ROOMS", 1)
    with pytest.raises(MediaUnavailable, match="full"):
        server.open_room("another", RoomLimits())
    server._auto_create = True
    with pytest.raises(JoinRefused, match="full") as refused:
        server.room_for(claims(server, room="another"))
    assert refused.value.status == 503


async def test_it_is_full_by_participants_and_empty_rooms_count_as_one_on_the_way(server: EmbeddedMediaServer) -> None:
    await create(server)
    join(server, "anna")
    join(server, "bo")
    assert not await server.is_full(), "without a limit it never is"
    server._max_participants = 3
    assert not await server.is_full()
    server.open_room("another", RoomLimits())
    assert await server.is_full()
    join(server, "cia")


async def test_the_newest_device_wins(server: EmbeddedMediaServer) -> None:
    await create(server)
    first = join(server, "anna")
    join(server, "anna")
    assert first.last("leave").reason == DUPLICATE_IDENTITY
    assert len(server.memberships) == 1


async def test_descriptions_from_the_client_need_permission(server: EmbeddedMediaServer) -> None:
    await create(server)
    join(server, "anna", metadata="mine", attributes={"role": "judge"})
    member = server.member("r", "anna")
    assert member is not None
    assert (member.participant.metadata, member.participant.attributes) == ("", {})


async def test_time_is_up(server: EmbeddedMediaServer, clock: FrozenClock, monotonic: Time) -> None:
    await create(server)
    inbox = join(server, "anna")
    monotonic.now += 31
    server.tick(monotonic.now, clock())
    assert inbox.of("leave")
    assert not server.memberships
    clock.advance(seconds=301)
    server.tick(monotonic.now, clock())
    assert not server.rooms


async def test_events_in_order_and_a_failing_listener(server: EmbeddedMediaServer) -> None:
    heard: list[tuple[str, str | None, str | None]] = []

    async def broken(_event: MediaEvent) -> None:
        raise OSError

    async def listen(event: MediaEvent) -> None:
        heard.append((event.kind.value, event.identity, event.reason))

    server.listen(broken)
    server.listen(listen)
    await create(server)
    join(server, "anna")
    await server.delete_room("r")
    for _ in range(50):
        await asyncio.sleep(0.01)
    assert heard == [
        ("participant_joined", "anna", None),
        ("participant_left", "anna", "room_deleted"),
        ("room_finished", None, None),
    ]


async def test_a_renewed_token_lets_back_in_until_removed(server: EmbeddedMediaServer, clock: FrozenClock) -> None:
    await create(server)
    join(server, "anna")
    member = server.member("r", "anna")
    assert member is not None
    clock.advance(seconds=120)
    renewed = server.key.verify(server.renewed_token(member), clock())
    assert server.room_for(renewed) is member.room
    clock.advance(seconds=1)
    await server.remove_participant("r", "anna")
    with pytest.raises(JoinRefused, match="removed"):
        server.room_for(renewed)


async def test_stopping_tells_everybody(server: EmbeddedMediaServer) -> None:
    await create(server)
    inbox = join(server, "anna")
    await server.stop()
    assert inbox.last("leave").reason == SERVER_SHUTDOWN
    with pytest.raises(JoinRefused, match="not running"):
        server.room_for(claims(server))
    with pytest.raises(MediaUnavailable):
        await create(server)


async def test_lost_events_are_counted(server: EmbeddedMediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_events", asyncio.Queue(1))
    await create(server)
    join(server, "anna")
    join(server, "bo")
    assert server.lost_events == 1


async def test_a_port_that_is_taken(server: EmbeddedMediaServer) -> None:
    second = EmbeddedMediaServer(TokenKey("key", SECRET), bind=["127.0.0.1"], udp_port=server.port.number)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.stop()


async def test_a_renewed_token_always_fits_in_an_address(server: EmbeddedMediaServer) -> None:
    await create(server)
    join(server, "anna")
    member = server.member("r", "anna")
    assert member is not None
    member.participant.describe(name=None, metadata="m" * 60_000, attributes={"a": "v" * 60_000})
    token = server.renewed_token(member)
    assert len(token) < 4096
    member.end(DUPLICATE_IDENTITY)
    server.join(server.key.verify(token, server.clock()), JoinOptions(), Inbox().append)
    again = server.member("r", "anna")
    assert again is not None
    assert (len(again.participant.metadata), len(again.participant.attributes["a"])) == (60_000, 60_000)
