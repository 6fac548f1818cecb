"""A login ended at one node ends at every node: by the bus at once, and without it by looking."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer

from auth.sessions import IDLE_IN_MEETING, Session, Sessions
from auth.store import SessionRows
from db.tasks import Tasks
from rooms.meeting import ParticipantStatus
from rooms.store import Store
from signaling import meeting_socket, session_watch
from signaling.bus import Bus, BusUnavailable, MemoryBus
from signaling.session_watch import SessionWatch
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import KARIN, World
from tests.signaling.meeting_app import Client, House, build, stored
from tests.signaling.test_meeting_socket import close_code, open_socket


class DownBus(MemoryBus):
    """Redis does not answer."""

    async def publish(self, topic: str, message: bytes) -> None:  # noqa: ARG002
        raise BusUnavailable

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:  # noqa: ARG002
        raise BusUnavailable
        yield  # pragma: no cover


@dataclass
class Node:
    house: House
    client: Client
    watch: SessionWatch


@asynccontextmanager
async def node(world: World, bus: Bus, *, watch_seconds: float) -> AsyncIterator[Node]:
    house = await build(world, watch_seconds=watch_seconds)
    house.sessions = Sessions(SessionRows(world.engine), world.log, world.clock)
    admission = world.meetings.admission
    watch = SessionWatch(house.sessions, Store(world.engine), admission, bus, house.sockets)
    house.sessions.listen(watch.told)
    house.sessions.listen(admission.logged_out, admission.handed_over)
    async with TestClient(TestServer(house.app)) as client:
        yield Node(house, client, watch)


async def karin_waits(one: Node) -> tuple[Session, str, ClientWebSocketResponse]:
    world = one.house.world
    planned = await world.plan(await world.anna())
    viewer = await stored(one.house, await world.by_link(planned, "Karin Edlund", KARIN))
    meeting = planned.gathering.meeting.id
    await world.meetings.admission.join(viewer, meeting, home=False, binding=None)
    return viewer, meeting, await open_socket(one.house, one.client, viewer, meeting)


async def ends_at(one: Node, viewer: Session) -> None:
    found = await one.house.sessions.find(viewer.id)
    assert found is not None
    await one.house.sessions.end(found)


async def test_ended_at_another_node_the_socket_is_cut_by_the_bus(world: World) -> None:
    bus, tasks = MemoryBus(), Tasks()
    # The sockets look once an hour: only the bus can tell them.
    async with node(world, bus, watch_seconds=3600) as one, node(world, bus, watch_seconds=3600) as other:
        tasks.start(one.watch._listen(), name="session ends")
        while not bus._topics.get(session_watch.TOPIC):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        viewer, _, socket = await karin_waits(one)
        await ends_at(other, viewer)
        assert await close_code(socket) == 4401
        await tasks.close()


async def test_without_the_bus_a_look_cuts_the_socket_and_gives_up_the_place(world: World) -> None:
    async with node(world, DownBus(), watch_seconds=3600) as one, node(world, DownBus(), watch_seconds=3600) as other:
        viewer, meeting, socket = await karin_waits(one)
        # The other node dies in the middle: the row is gone, and nobody was told.
        assert await SessionRows(world.engine).remove(viewer.id)
        await one.watch.look()
        assert await close_code(socket) == 4401
        gathering = await Store(world.engine).gathering(meeting)
        assert gathering is not None
        came = gathering.participant_of(viewer.person.id)
        assert came is not None
        assert came.status is ParticipantStatus.LEFT
        del other


async def test_ended_while_the_bus_is_down_is_ended_all_the_same(world: World) -> None:
    async with node(world, DownBus(), watch_seconds=3600) as one:
        viewer, _, socket = await karin_waits(one)
        await ends_at(one, viewer)
        assert await close_code(socket) == 4401


async def test_both_ways_together_are_within_two_seconds() -> None:
    assert session_watch.LOOK_SECONDS < 2
    assert meeting_socket.WATCH_SECONDS < 2


async def test_who_is_in_the_room_is_not_idle_without_any_page(world: World) -> None:
    async with node(world, MemoryBus(), watch_seconds=3600) as one:
        anna, meeting, planned = await world.started()
        karin = await stored(one.house, await world.by_link(planned, "Karin Edlund", KARIN))
        await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
        await world.sit(karin, meeting)
        await one.watch.look()
        world.clock.advance(seconds=45 * 60)
        assert await one.house.sessions.find(karin.id) is not None
        world.clock.advance(seconds=IDLE_IN_MEETING.total_seconds() - 45 * 60)
        assert await one.house.sessions.find(karin.id) is None


@pytest.mark.parametrize("room", [True, False])
async def test_places_and_who_is_in(world: World, room: bool) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    assert await Store(world.engine).sessions_with_a_place() == {}
    await world.meetings.hosting.start(anna, meeting)
    if room:
        await world.sit(anna, meeting)
    else:
        await world.meetings.admission.join(anna, meeting, home=False, binding=None, unencrypted=True)
    assert await Store(world.engine).sessions_with_a_place() == {anna.id: room}
