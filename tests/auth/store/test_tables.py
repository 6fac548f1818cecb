"""A database of the release before is brought up with its staff, their units and who is logged in."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store import People, SessionRows
from auth.vault import Vault
from db.engine import connect, migrations, upgrade

ROWS = """
INSERT INTO organisations VALUES ('nordvik', 'Nordviks kommun', 'kommun', '0980-31 92 10');
INSERT INTO people VALUES ('p', 'Anna', 'Sjödin', 'Anna Sjödin', '1:aa', x'00'),
    ('q', 'Per', 'Ek', 'Per Ek', '1:bb', x'00');
INSERT INTO staff VALUES ('a', 'p', 'nordvik', 'Chef', 'Kansliet', '["host"]'),
    ('b', 'q', 'nordvik', 'Chef', 'Kansliet', '[]');
INSERT INTO sessions VALUES ('s', 'h', 'p', 'a', NULL, 'bankid', 3, '2026-11-24 09:00', '2026-11-24 09:30', 'sv')
"""


async def test_staff_of_the_release_before(tmp_path: Path, vault: Vault) -> None:
    engine: AsyncEngine = connect(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")

    def old(connection: sa.Connection) -> None:
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "0003_rooms")
        for statement in ROWS.strip().split(";"):
            connection.exec_driver_sql(statement)

    async with engine.begin() as connection:
        await connection.run_sync(old)
    await upgrade(engine)
    people = People(engine, vault)
    staff = await people.staff_in("nordvik")
    assert [(one.id, one.unit, one.valid_to) for one in staff] == [("b", "Kansliet", None), ("a", "Kansliet", None)]
    assert [unit.name for unit in await people.units("nordvik")] == ["Kansliet"]
    found = await SessionRows(engine).find(session="s")
    assert found is not None
    assert found[0].staff == staff[1]
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar() == 1
    await engine.dispose()
