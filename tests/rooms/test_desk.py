"""The order of an act, and what a bus or a media server that fails does to it."""

import asyncio
from typing import Any

from rooms.desk import actor_in, contact, invitation_actor, viewer_actor
from rooms.meeting import Authority
from tests.rooms.test_policy import viewer
from tests.rooms.values import gathering, invitation, meeting
from tests.rooms.world import KARIN, KEY, World


async def test_a_bus_that_fails_undoes_nothing(world: World) -> None:
    async def broken(meeting: str, event: dict[str, Any]) -> None:
        raise ConnectionError

    anna, meeting_id, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    world.meetings._desk._publish = broken
    waiting = await world.wait(karin, meeting_id)
    await world.meetings.admission.admit(anna, meeting_id, waiting)
    assert (await world.participant(karin, meeting_id)).inside


async def test_acts_on_one_meeting_stand_in_a_row(world: World) -> None:
    anna, meeting_id, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    phone = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    joins = [
        world.meetings.admission.join(one, meeting_id, home=False, binding=None, key=KEY) for one in (karin, phone) * 5
    ]
    waiting = {answer.participant for answer in await asyncio.gather(*joins)}  # type: ignore[union-attr]  # all wait
    assert len(waiting) == 1
    assert world.heard().count("lobby.entered") == 1
    answers = await asyncio.gather(
        *(world.meetings.admission.admit(anna, meeting_id, next(iter(waiting))) for _ in range(5)),
        return_exceptions=True,
    )
    assert answers.count(None) == 1


async def test_locks_are_forgotten_when_nobody_holds_them(world: World) -> None:
    desk = world.meetings._desk
    async with desk.lock("m"):
        assert len(desk._locks) == 1
    assert len(desk._locks) == 0


def test_the_log_knows_people_by_their_place_in_the_meeting_else_by_their_post() -> None:
    house = gathering(("anna", Authority.HOST, None))
    assert actor_in(house, viewer("anna")).role == "Arbetsterapeut"
    assert viewer_actor(viewer("siv", "nordvik")).role == "Titel"
    assert viewer_actor(viewer("karin")).organisation == ""
    assert invitation_actor(invitation("karin")).person == "karin"
    assert contact(meeting()) == {"organisation": "Nordviks kommun", "phone": "0980-31 92 10"}
