"""The rows of the assurance policy."""

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity import AssuranceLevel, Method
from rooms.assurance_rule import Audience, Rule
from rooms.assurance_store import AssuranceRows
from tests.rooms.world import World

ONE = Rule(frozenset({Method.SITHS}), AssuranceLevel.HIGH_4)
TWO = Rule(frozenset({Method.BANKID, Method.FREJA}), AssuranceLevel.SUBSTANTIAL)


async def test_a_table_takes_the_place_of_the_one_before(engine: AsyncEngine) -> None:
    rows = AssuranceRows(engine)
    await rows.set_rules("nordvik", {("planning", Audience.STAFF): ONE, ("practice", Audience.VISITOR): TWO})
    await rows.set_rules("region", {("planning", Audience.STAFF): TWO})
    assert await rows.rules("nordvik") == {("planning", Audience.STAFF): ONE, ("practice", Audience.VISITOR): TWO}
    await rows.set_rules("nordvik", {})
    assert await rows.rules("nordvik") == {}
    assert await rows.rules("region") == {("planning", Audience.STAFF): TWO}


async def test_a_meeting_keeps_its_own(world: World) -> None:
    meeting = (await world.plan(await world.anna())).gathering.meeting.id
    rows = AssuranceRows(world.engine)
    await rows.set_raised(meeting, {Audience.STAFF: ONE, Audience.VISITOR: TWO})
    await rows.set_raised(meeting, {Audience.STAFF: ONE})
    assert await rows.raised(meeting) == {Audience.STAFF: ONE}
