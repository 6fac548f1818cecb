"""The rows of consent come back as they were put in, each organisation's and each meeting's for itself."""

from dataclasses import replace
from datetime import timedelta

from rooms.consent_rule import EVERY, Answer, Demand, OwnRule, Said
from rooms.consent_store import ConsentRows
from rooms.retention_store import RetentionRows
from tests.rooms.world import KARIN, World, invitation


async def test_an_organisations_rules(world: World) -> None:
    rows = ConsentRows(world.engine)
    rules = {
        EVERY: OwnRule(Demand.ONE_GUARDIAN, Demand.REPRESENTATIVE, 15, otherwise=False),
        "planning": OwnRule(otherwise=True),
    }
    await rows.set_rules("nordvik", rules)
    assert await rows.rules("nordvik") == rules
    assert await rows.rules("region") == {}
    await rows.set_rules("nordvik", {"planning": OwnRule(child=Demand.NONE)})
    assert await rows.rules("nordvik") == {"planning": OwnRule(child=Demand.NONE)}


async def test_the_newest_answer_of_an_invitation(world: World) -> None:
    planned = await world.plan(await world.anna(), invitations=(invitation("Karin Edlund", KARIN, party="home"),))
    meeting, one = planned.gathering.meeting.id, planned.gathering.invitations[-1].id
    rows = ConsentRows(world.engine)
    given = Answer(one, meeting, Said.GIVEN, ("Nordviks kommun", "Region"), "karin", world.clock())
    await rows.put(given)
    assert await rows.answers(meeting) == {one: given}
    assert await rows.answers("another") == {}
    registered = replace(given, said=Said.REGISTERED, organisations=(), person="anna", grounds="På papper.")
    await rows.put(registered)
    assert await rows.answers(meeting) == {one: registered}
    await world.meetings.hosting.end(await world.anna(), meeting)
    assert await RetentionRows(world.engine).empty(meeting, world.clock() + timedelta(days=1), world.clock())
    assert await rows.answers(meeting) == {}  # gone with the meeting's personal data
