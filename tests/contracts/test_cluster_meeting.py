"""A meeting on a real livekit-server: the demo changed by its settings alone, with a nurse and a relative in it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from audit.events import EventType
from rooms.room_names import RoomNames
from tests.browser.program import Problem, Program
from tests.browser.sdk_person import SdkPerson
from tests.livekit_installation import Installation, installation
from tests.sfu.sdk_client import eventually

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path) as made:
        yield made


async def until(check: Callable[[], Awaitable[bool]], *, seconds: float = 45, what: str) -> None:
    for _ in range(int(seconds / 0.1)):
        if await check():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not in {seconds} s: {what}")


async def test_a_meeting_on_a_livekit_cluster(here: Installation) -> None:
    service, media = here.service, here.media
    async with SdkPerson(service.url, "Anna Sjödin") as anna, SdkPerson(service.url, "Karin Edlund") as karin:
        await anna.program.identify("Anna Sjödin")
        planned = await anna.program.plan("Karin Edlund")
        meeting = f"/api/v1/meetings/{planned.id}"
        await anna.come_in(planned.id, home=True)
        assert anna.media.host.url == media.client_url, "clients are led to the cluster"
        (room,) = await media.list_rooms()
        assert RoomNames(service.url).is_ours(room)

        # The relative knocks, is let in, and each sees and hears the other.
        await karin.program.identify("Karin Edlund", planned.links["Karin Edlund"])
        entering = asyncio.create_task(karin.come_in(planned.id))  # noqa: TID251 - awaited below

        async def knocks() -> bool:
            return await anna.program.participant(planned.id, "Karin Edlund") is not None

        await until(knocks, what="the knock")
        one = await anna.program.participant(planned.id, "Karin Edlund")
        await anna.program.call("POST", f"{meeting}/lobby/{one['id']}/admit")
        token = await entering
        await eventually(lambda: karin.frames("Gunnar") > 5 and karin.loudest("Gunnar") > 5000, what="home is seen")
        await eventually(lambda: anna.frames("Karin") > 5 and anna.loudest("Karin") > 5000, what="Karin is seen")

        async def in_room() -> bool:
            found = await anna.program.participant(planned.id, "Karin Edlund")
            return bool(found["state"] == "in_room")

        await until(in_room, what="the webhook told that she joined")

        # Muted by the host, and told so.
        await anna.program.call("POST", f"{meeting}/participants/{one['id']}/mute")
        await eventually(lambda: any("track_muted" in event for event in anna.media.events), what="muted")

        # Removed: out at once; LiveKit lets the old token in again, and the meeting puts it out again.
        await anna.program.call("POST", f"{meeting}/participants/{one['id']}/remove")
        await eventually(lambda: gone(karin), what="out")
        with pytest.raises(Problem, match="removed"):
            await karin.program.join(planned.id)
        identity = karin.media.room.local_participant.identity
        back = SdkPerson(service.url, "Karin Edlund")
        async with back:
            back.client = type(karin.media)(karin.media.host, "Karin Edlund")
            await back.client.connect(token)
            await eventually(lambda: gone(back), what="out again")

        async def alone() -> bool:
            return identity not in {item.identity for item in await media.list_participants(room)}

        await until(alone, what="she is not in the room")
        assert (await anna.program.participant(planned.id, "Karin Edlund") or {"state": "removed"})[
            "state"
        ] == "removed"

        # Ended for all: the room is gone, and whoever was in it.
        await anna.program.call("POST", f"{meeting}/end")
        await eventually(lambda: gone(anna), what="the end")
        assert await media.list_rooms() == []
        async with Program(service.url) as reviewer:
            await reviewer.identify("Rut Söderlind")
            records = await reviewer.call("POST", "/api/v1/audit/events", {"meeting": planned.id, "reason": "review"})
            told = [record["type"] for record in records["events"]]
            assert told.count(EventType.PARTICIPANT_JOINED.value) == 2


async def test_a_room_of_ours_that_no_meeting_knows_is_ended(here: Installation) -> None:
    media = here.media
    stray, other = RoomNames(here.service.url).new(), RoomNames("https://another.example").new()
    for room in (stray, other):
        await media.create_room(room, max_participants=2, empty_timeout=timedelta(minutes=5))

    async def tidied() -> bool:
        return list(await media.list_rooms()) == [other]

    await until(tidied, what="the stray room ended, the other installation's left alone")


def gone(person: SdkPerson) -> bool:
    return any(event.startswith("disconnected") for event in person.media.events)
