"""The whole as one object: starting at once, signs of life, and what pages ask."""

from datetime import timedelta

import pytest

from rooms.errors import MediaFull, MeetingUnknown
from rooms.meeting import MeetingStatus
from tests.rooms.world import KARIN, World


async def test_a_meeting_begins_at_once_and_links_are_given(world: World) -> None:
    planned = await world.meetings.plan(await world.anna(), world.draft(start_now=True, starts_at=None, ends_at=None))
    assert planned.gathering.meeting.status is MeetingStatus.OPEN
    assert len(planned.links) == 3


async def test_it_begins_though_the_media_server_is_away_for_a_moment(world: World) -> None:
    world.media.down = True
    anna = await world.anna()
    planned = await world.meetings.plan(anna, world.draft(start_now=True))
    assert planned.gathering.meeting.status is MeetingStatus.OPEN
    world.media.down = False
    await world.sit(anna, planned.gathering.meeting.id, home=True)


async def test_nothing_new_begins_on_a_full_media_server_and_what_is_under_way_goes_on(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    world.media.full = True
    with pytest.raises(MediaFull):
        await world.meetings.plan(anna, world.draft(start_now=True))
    assert len(await world.meetings.summaries_for(anna, world.clock(), world.clock() + timedelta(days=1))) == 1
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    await world.sit(karin, meeting)
    await world.meetings.hosting.start(anna, meeting)  # a shaking hand on the open one
    later = await world.meetings.plan(anna, world.draft())
    with pytest.raises(MediaFull):
        await world.meetings.hosting.start(anna, later.gathering.meeting.id)
    assert (await world.gathering(later.gathering.meeting.id)).meeting.status is MeetingStatus.PLANNED
    world.media.full = False
    await world.meetings.hosting.start(anna, later.gathering.meeting.id)


async def test_a_sign_of_life_is_of_the_newest_device(world: World) -> None:
    anna, meeting, planned = await world.started()
    old = await world.by_link(planned, "Karin Edlund", KARIN)
    assert not await world.meetings.seen(old, meeting), "has not come yet"
    assert not await world.meetings.seen(old, "no such meeting")
    await world.wait(old, meeting)
    new = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    await world.wait(new, meeting)
    assert not await world.meetings.seen(old, meeting)
    assert await world.meetings.seen(new, meeting)
    assert await world.meetings.seen(anna, meeting)


async def test_pages_get_the_gathering_and_strangers_nothing(world: World) -> None:
    anna, meeting, planned = await world.started()
    assert (await world.meetings.gathering(anna, meeting)).meeting.id == meeting
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(MeetingUnknown):
        await world.meetings.gathering(karin, "there-is-none")
