"""The command line: the number is asked for, never an argument, and never repeated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auth.commands import operator, organisation, staff
from auth.directory import Directory
from auth.identity_number import IdentityNumber
from auth.people import Permission
from auth.store import People
from auth.vault import Vault
from db.engine import connect, upgrade
from tests.auth.conftest import MemoryLog
from tests.conftest import FrozenClock

NUMBER = "199510112395"
ORGANISATION = ["add", "--id", "nordvik", "--name", "Nordviks kommun", "--kind", "kommun", "--phone", "0980-31 92 10"]
STAFF = ["add", "--organisation", "nordvik", "--title", "Biståndshandläggare", "--unit", "Äldreomsorgen"]
NAMED = [*STAFF, "--given-name", "Per", "--surname", "Wiklund"]


class Opened:
    """Opens the same database for each command, as the program does."""

    def __init__(self, url: str, vault: Vault, log: MemoryLog) -> None:
        self.url, self.vault, self.log = url, vault, log

    @asynccontextmanager
    async def __call__(self, who: str) -> AsyncIterator[Directory]:
        engine = connect(self.url)
        await upgrade(engine)
        try:
            yield Directory(People(engine, self.vault), self.log, operator=who)
        finally:
            await engine.dispose()

    async def posts(self) -> list[frozenset[Permission]]:
        engine = connect(self.url)
        people = People(engine, self.vault)
        person = await people.person_by_number(IdentityNumber.parse(NUMBER))
        posts = await people.staff_of(person.id) if person is not None else []
        await engine.dispose()
        return [post.permissions for post in posts]


@pytest.fixture
def opened(tmp_path: Path, vault: Vault, clock: FrozenClock) -> Opened:
    return Opened(f"sqlite+aiosqlite:///{tmp_path / 'commands.db'}", vault, MemoryLog(clock))


def run(opened: Opened, command: object, arguments: list[str], typed: str = "") -> Result:
    return CliRunner().invoke(command, arguments, input=typed, obj=opened)  # type: ignore[arg-type]  # a click group


def test_add_an_organisation_and_staff(opened: Opened) -> None:
    assert run(opened, organisation, ORGANISATION).exit_code == 0
    added = run(opened, staff, [*NAMED, "--permission", "host", "--permission", "planner"], f"{NUMBER}\n")
    assert added.exit_code == 0, added.output
    assert NUMBER not in added.output
    assert asyncio.run(opened.posts()) == [frozenset({Permission.HOST, Permission.PLANNER})]
    assert opened.log.types() == ["staff.added"]


def test_names_are_asked_for_too(opened: Opened) -> None:
    run(opened, organisation, ORGANISATION)
    assert run(opened, staff, STAFF, f"Per\nWiklund\n{NUMBER}\n").exit_code == 0


def test_a_wrong_number_is_refused_and_not_repeated(opened: Opened) -> None:
    run(opened, organisation, ORGANISATION)
    refused = run(opened, staff, NAMED, "199510112390\n")
    assert refused.exit_code == 1
    assert "199510112390" not in refused.output
    assert asyncio.run(opened.posts()) == []


def test_there_is_no_argument_for_the_number(opened: Opened) -> None:
    assert run(opened, staff, [*NAMED, "--number", NUMBER]).exit_code == 2


@pytest.mark.parametrize(
    "change",
    [["--id", "Nordvik!"], ["--id", ""], ["--name", " "], ["--name", "x" * 201], ["--name", "a\x1bb"], ["--kind", "x"]],
)
def test_bad_values_are_told(opened: Opened, change: list[str]) -> None:
    assert run(opened, organisation, [*ORGANISATION, *change]).exit_code == 2


def test_errors_end_with_a_line_and_not_a_trace(opened: Opened) -> None:
    unknown = run(opened, staff, NAMED, f"{NUMBER}\n")
    assert (unknown.exit_code, "no organisation" in unknown.output) == (1, True)
    run(opened, organisation, ORGANISATION)
    assert run(opened, organisation, ORGANISATION).exit_code == 1
    opened.log.down = True
    down = run(opened, staff, NAMED, f"{NUMBER}\n")
    assert (down.exit_code, "nothing was added" in down.output) == (1, True)
    assert CliRunner().invoke(staff, NAMED, input=f"{NUMBER}\n").exit_code == 2


def test_the_operator_has_a_name() -> None:
    assert operator()
