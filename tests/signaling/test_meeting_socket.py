"""The events of a meeting over its WebSocket: snapshots, order, and how each socket ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from auth.identity import AssuranceLevel, Method
from auth.people import Permission, Staff
from auth.sessions import Session
from auth.store import SessionRows
from signaling import meeting_socket
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.test_sms_invitations import started, tomas
from tests.rooms.world import KARIN, LEILA, NORDVIK, PER, World, number
from tests.signaling.meeting_app import Client, House, build, stored


@pytest.fixture
async def house(world: World) -> House:
    return await build(world)


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(house.app)) as client:
        yield client


async def open_socket(house: House, client: Client, viewer: Session, meeting: str) -> ClientWebSocketResponse:
    socket = await client.ws_connect(f"/api/v1/meetings/{meeting}/events", headers=house.headers(viewer))
    assert (await told(socket))["event"] == "state"
    return socket


async def told(socket: ClientWebSocketResponse) -> dict[str, Any]:
    async with asyncio.timeout(30):
        message = await socket.receive()
    assert message.type is WSMsgType.TEXT, message
    content: dict[str, Any] = message.json()
    return content


async def until(socket: ClientWebSocketResponse, event: str) -> dict[str, Any]:
    while True:
        content = await told(socket)
        if content.get("event") == event:
            return content


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(30):
        while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
            pass
    return socket.close_code


async def guest(house: House, planned: Any, name: str, text: str, *, device: str = "1") -> Session:
    return await stored(house, await house.world.by_link(planned, name, text, device=device))


async def test_the_host_hears_a_knock_and_the_guest_the_answer(house: House, client: Client) -> None:
    world = house.world
    anna, meeting, planned = await world.started()
    host = await open_socket(house, client, await stored(house, anna), meeting)
    karin = await guest(house, planned, "Karin Edlund", KARIN)
    await until(host, "invitation.changed")
    page = await open_socket(house, client, karin, meeting)
    waiting = await world.wait(karin, meeting)
    knock = await until(host, "lobby.entered")
    assert knock["participant"] == waiting
    assert [one["state"] for one in knock["state"]["participants"] if one["id"] == waiting] == ["waiting"]
    own = await until(page, "lobby.entered")
    assert [one["id"] for one in own["state"]["participants"]] == [waiting], "a waiting person sees only themselves"
    await world.meetings.admission.admit(anna, meeting, waiting)
    assert (await until(page, "participant.admitted"))["state"]["me"]["state"] == "admitted"


async def test_that_a_consent_was_taken_back_is_told_to_those_who_lead_alone(house: House, client: Client) -> None:
    world = house.world
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting, anna = planned.gathering.meeting.id, await stored(house, anna)
    leila, karin = (
        await guest(house, planned, "Leila Haddad", LEILA),
        await guest(house, planned, "Karin Edlund", KARIN),
    )
    host, co_host, visitor = [await open_socket(house, client, one, meeting) for one in (anna, leila, karin)]
    for event in ("consent.withdrawn", "home.changed"):
        await world.meetings._desk.tell(meeting, event)
    for leads in (host, co_host):
        assert [(await told(leads))["event"] for _ in range(2)] == ["consent.withdrawn", "home.changed"]
    message = await told(visitor)
    assert message["event"] == "home.changed", "that something happened before is not told either"
    assert "consent" not in str(message)


async def test_a_removed_persons_socket_ends_with_its_own_code(house: House, client: Client) -> None:
    anna, meeting, planned = await house.world.started()
    karin = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, karin, meeting)
    waiting = await house.world.wait(karin, meeting)
    await house.world.meetings.admission.remove(anna, meeting, waiting)
    assert (await until(page, "participant.removed"))["state"]["me"]["state"] == "removed"
    assert await close_code(page) == meeting_socket.OUT


async def test_the_old_device_is_told_and_let_go(house: House, client: Client) -> None:
    _, meeting, planned = await house.world.started()
    old = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, old, meeting)
    await house.world.wait(old, meeting)
    new = await guest(house, planned, "Karin Edlund", KARIN, device="2")
    await house.world.wait(new, meeting)
    assert (await until(page, "participant.replaced"))["state"]["me"]["this_device"] is False
    assert await close_code(page) == meeting_socket.OTHER_DEVICE


async def test_the_end_of_the_meeting_ends_the_sockets(house: House, client: Client) -> None:
    anna, meeting, _ = await house.world.started()
    page = await open_socket(house, client, await stored(house, anna), meeting)
    await house.world.meetings.hosting.end(anna, meeting)
    assert (await until(page, "meeting.ended"))["state"]["meeting"]["status"] == "ended"
    assert await close_code(page) == meeting_socket.ENDED


async def test_a_logout_ends_the_socket(house: House, client: Client) -> None:
    anna, meeting, _ = await house.world.started()
    login = await stored(house, anna)
    seat = await house.world.sit(login, meeting, home=True)
    page = await open_socket(house, client, login, meeting)
    await house.sessions.end(login)
    assert await close_code(page) == meeting_socket.LOGGED_OUT
    room = (await house.world.gathering(meeting)).meeting.room
    assert seat.identity not in house.world.media.rooms[room], "the media ends with the login"


async def test_who_goes_over_to_another_post_sees_what_that_one_may(house: House, client: Client) -> None:
    world = house.world
    _, meeting, _ = await world.started()
    eva = await world.person("Eva Lind", number("19750505"))
    posts = {}
    for name, permissions in (("planner", {Permission.PLANNER}), ("host", {Permission.HOST}), ("none", set())):
        posts[name] = Staff(f"eva-{name}", eva, NORDVIK, "Kurator", "Hemsjukvård", frozenset(permissions))
        await world.people.add_staff(posts[name])
    login, _ = await house.sessions.create(
        eva,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=world.clock(),
        staff=posts["planner"],
        invitation=None,
        language="sv",
    )
    rows = SessionRows(world.engine)
    page = await open_socket(house, client, login, meeting)
    await rows.choose(login.id, "eva-host")
    assert (await told(page))["event"] == "state"
    await rows.choose(login.id, "eva-none")
    assert await close_code(page) == meeting_socket.NOT_YOURS


async def test_the_same_person_s_new_login_keeps_the_seat_and_closes_the_old_page(house: House, client: Client) -> None:
    admission = house.world.meetings.admission
    anna, meeting, planned = await house.world.started()
    old = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, old, meeting)
    await admission.admit(anna, meeting, await house.world.wait(old, meeting))
    seat = await house.world.sit(old, meeting)
    house.sessions.listen(admission.logged_out, admission.handed_over)
    await house.sessions.replace(old, await guest(house, planned, "Karin Edlund", KARIN))
    assert await close_code(page) == meeting_socket.OTHER_DEVICE
    room = (await house.world.gathering(meeting)).meeting.room
    assert seat.identity in house.world.media.rooms[room], "the seat waits for the new page"


async def test_another_person_s_login_in_the_browser_puts_the_first_one_out(house: House, client: Client) -> None:
    admission = house.world.meetings.admission
    anna, meeting, planned = await house.world.started()
    old = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, old, meeting)
    await admission.admit(anna, meeting, await house.world.wait(old, meeting))
    seat = await house.world.sit(old, meeting)
    house.sessions.listen(admission.logged_out, admission.handed_over)
    await house.sessions.replace(old, await guest(house, planned, "Per Wiklund", PER))
    assert await close_code(page) == meeting_socket.LOGGED_OUT
    room = (await house.world.gathering(meeting)).meeting.room
    assert seat.identity not in house.world.media.rooms[room]


async def test_a_page_that_missed_the_news_of_its_new_login_is_told_elsewhere(house: House, client: Client) -> None:
    admission = house.world.meetings.admission
    _, meeting, planned = await house.world.started()
    old = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, old, meeting)
    await house.world.wait(old, meeting)
    await until(page, "lobby.entered")
    new = await guest(house, planned, "Karin Edlund", KARIN)
    house.world.meetings._desk._publish = house.world.hear
    await admission.handed_over(old.id, new.id)
    await house.sessions.end(old)
    assert await close_code(page) == meeting_socket.OTHER_DEVICE


async def test_a_revoked_invitation_ends_the_socket(house: House, client: Client) -> None:
    anna, meeting, planned = await house.world.started()
    per = await guest(house, planned, "Per Wiklund", PER)
    page = await open_socket(house, client, per, meeting)
    own = next(item for item in planned.gathering.invitations if item.name == "Per Wiklund")
    await house.world.meetings.invitations.revoke(anna, meeting, own.id)
    assert await close_code(page) == meeting_socket.NOT_YOURS


async def test_the_sockets_life_keeps_the_place_in_the_lobby(house: House, client: Client) -> None:
    world = house.world
    _, meeting, planned = await world.started()
    karin = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, karin, meeting)
    await world.wait(karin, meeting)
    for _ in range(4):
        world.clock.advance(seconds=20)
        async with asyncio.timeout(30):
            while (await world.participant(karin, meeting)).seen_at != world.clock():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await world.meetings.presence.look()
    assert (await world.participant(karin, meeting)).status.value == "waiting"
    await page.close()
    async with asyncio.timeout(30):
        while house.sockets._counts:  # noqa: ASYNC110 - the server notices when it does
            await asyncio.sleep(0.01)
    world.clock.advance(seconds=31)
    await world.meetings.presence.look()
    assert (await world.participant(karin, meeting)).status.value == "left"


async def test_ping_is_answered_and_nonsense_is_not(house: House, client: Client) -> None:
    anna, meeting, _ = await house.world.started()
    page = await open_socket(house, client, await stored(house, anna), meeting)
    for text in ("{", "[]", "[" * 2000, '{"type": "dance"}'):
        await page.send_str(text)
    await page.send_str('{"type": "ping"}')
    assert await told(page) == {"type": "pong"}


async def test_a_flood_of_messages_ends_the_socket(world: World) -> None:
    house = await build(world, watch_seconds=60)
    async with TestClient(TestServer(house.app)) as client:
        anna, meeting, _ = await world.started()
        page = await open_socket(house, client, await stored(house, anna), meeting)
        for _ in range(meeting_socket.MOST_MESSAGES + 1):
            await page.send_str("x")
        assert await close_code(page) == meeting_socket.UNRULY


async def test_one_login_has_a_handful_of_sockets(house: House, client: Client) -> None:
    anna, meeting, _ = await house.world.started()
    login = await stored(house, anna)
    for _ in range(meeting_socket.MOST_SOCKETS):
        await open_socket(house, client, login, meeting)
    with pytest.raises(WSServerHandshakeError) as refused:
        await open_socket(house, client, login, meeting)
    assert refused.value.status == 429


async def test_strangers_are_refused_before_the_upgrade(house: House, client: Client) -> None:
    _, meeting, _ = await house.world.started()
    stranger = house.world.login(await house.world.person("Per Wiklund", "189001019802"))
    with pytest.raises(WSServerHandshakeError) as refused:
        await open_socket(house, client, stranger, meeting)
    assert refused.value.status == 404


async def test_a_restart_sends_the_pages_away_to_come_back(house: House, client: Client) -> None:
    anna, meeting, _ = await house.world.started()
    page = await open_socket(house, client, await stored(house, anna), meeting)
    closing = asyncio.gather(house.sockets.close(), close_code(page))
    assert (await closing)[1] == meeting_socket.RESTARTING


async def test_pages_in_the_room_pass_each_other_what_concerns_keys(house: House, client: Client) -> None:
    world = house.world
    anna, meeting, planned = await world.started()
    anna = await stored(house, anna)
    seat = await world.sit(anna, meeting, home=True)
    host = await open_socket(house, client, anna, meeting)
    karin = await guest(house, planned, "Karin Edlund", KARIN)
    page = await open_socket(house, client, karin, meeting)
    waiting = await world.wait(karin, meeting)

    async def say(socket: ClientWebSocketResponse, body: Any) -> None:
        await socket.send_json({"type": "encryption", "body": body})

    # Who waits says nothing and hears nothing of it.
    await say(page, "from the lobby")
    await say(host, "to nobody")
    await world.meetings.admission.admit(anna, meeting, waiting)
    own = await world.sit(karin, meeting)
    await until(page, "participant.joined")
    await until(host, "participant.joined")
    for wrong in ("", "x" * 6001, 7, None):
        await say(host, wrong)
    await say(host, "from the home")
    assert await until(page, "encryption") == {"event": "encryption", "from": seat.identity, "body": "from the home"}
    await say(page, "from Karin")
    assert await until(host, "encryption") == {"event": "encryption", "from": own.identity, "body": "from Karin"}
    # Out again, and out of the exchange.
    await world.meetings.admission.leave(karin, meeting)
    await until(page, "participant.left")
    await say(page, "from outside")
    await say(host, "to nobody")
    await world.meetings.hosting.end(anna, meeting)
    heard = []
    async for message in host:
        if message.type is WSMsgType.TEXT:
            heard.append(message.json()["event"])
    assert "encryption" not in heard


async def test_one_who_came_by_a_code_hears_of_keys_only_what_names_their_own_seat(
    house: House, client: Client
) -> None:
    world = house.world
    anna, meeting, token = await started(world)
    anna = await stored(house, anna)
    await world.sit(anna, meeting, home=True)
    session = await stored(house, await tomas(world, token))
    await world.meetings.admission.admit(anna, meeting, await world.wait(session, meeting))
    seat = await world.sit(session, meeting)
    page = await open_socket(house, client, session, meeting)
    host = await open_socket(house, client, anna, meeting)
    for body in ("seat-of-karin", f"ask {seat.identity}"):
        await host.send_json({"type": "encryption", "body": body})
    assert (await until(page, "encryption"))["body"] == f"ask {seat.identity}"
    await world.meetings.sight.recognise(anna, meeting, seat.participant)
    await until(page, "participant.recognised")
    await host.send_json({"type": "encryption", "body": "seat-of-karin"})
    assert (await until(page, "encryption"))["body"] == "seat-of-karin"
