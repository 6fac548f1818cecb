"""What stays of an emptied meeting is what is listed; every other table with its rows loses them."""

from datetime import timedelta

import sqlalchemy as sa

from rooms.retention_store import KEPT, RetentionRows
from rooms.store import attendance, invitations, meetings
from tests.rooms.world import World


def test_what_is_kept_are_columns_there_are() -> None:
    for table, names in KEPT.items():
        assert set(names) <= set(table.columns.keys()), table.name


async def test_emptied_once_and_then_removed_whole(world: World) -> None:
    anna, meeting, _ = await world.started()
    await world.meetings.hosting.end(anna, meeting)
    rows = RetentionRows(world.engine)
    before, now = world.clock() + timedelta(days=1), world.clock()
    assert await rows.due(world.clock() - timedelta(days=1)) == []
    assert await rows.due(before) == [meeting]
    assert await rows.remove(before) == 0, "what is not emptied is not removed"
    assert await rows.empty(meeting, before, now)
    assert not await rows.empty(meeting, before, now)
    async with world.engine.connect() as connection:
        assert (await connection.execute(sa.select(attendance))).all() == []
        kept = (await connection.execute(sa.select(invitations))).all()
        assert kept
        assert {(row.name, row.number_hash, row.token_hash) for row in kept} == {("", "", None)}
    assert (await rows.due(before), await rows.count(before)) == ([], 0)
    assert await rows.remove(before) == 1
    async with world.engine.connect() as connection:
        assert (await connection.execute(sa.select(meetings))).all() == []
        assert (await connection.execute(sa.select(invitations))).all() == []
