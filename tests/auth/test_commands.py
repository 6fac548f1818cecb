"""The command line: the number is asked for, never an argument, and never repeated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auth.commands import operator, organisation, staff, unit
from auth.commissions import Commissions
from auth.directory import Directory
from auth.identity_number import IdentityNumber
from auth.people import Permission
from auth.sessions import Sessions
from auth.store import People, SessionRows
from auth.vault import Vault
from db.engine import connect, upgrade
from signaling.foundation import utc_now
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
    async def __call__(self) -> AsyncIterator[Directory]:
        engine = connect(self.url)
        await upgrade(engine)
        people, rows = People(engine, self.vault), SessionRows(engine)
        sessions = Sessions(rows, self.log, utc_now)
        try:
            yield Directory(people, self.log, Commissions(people, rows, sessions, self.log), utc_now)
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
    assert opened.log.types() == ["organisation.added", "staff.added"]
    assert opened.log.events[-1].actor is not None
    assert opened.log.events[-1].actor.name == operator()


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
    assert (unknown.exit_code, "does not exist" in unknown.output) == (1, True)
    run(opened, organisation, ORGANISATION)
    assert run(opened, organisation, ORGANISATION).exit_code == 1
    opened.log.down = True
    down = run(opened, staff, NAMED, f"{NUMBER}\n")
    assert (down.exit_code, "nothing was changed" in down.output) == (1, True)
    assert CliRunner().invoke(staff, NAMED, input=f"{NUMBER}\n").exit_code == 2


def test_lists_units_and_an_end(opened: Opened) -> None:
    run(opened, organisation, [*ORGANISATION, "--number", "2120009911"])
    assert run(opened, organisation, ["list"]).output == "nordvik\tkommun\t212000-9911\tNordviks kommun\n"
    assert run(opened, organisation, [*ORGANISATION, "--number", "2120009912"]).exit_code == 2
    assert run(opened, unit, ["add", "--organisation", "nordvik", "--name", "Kansliet"]).exit_code == 0
    assert run(opened, unit, ["list", "--organisation", "nordvik"]).output == "Kansliet\n"
    added = run(opened, staff, [*NAMED, "--hsa-id", "SE2120009911-1", "--valid-to", "2096-12-31"], "\n")
    assert added.exit_code == 1  # too far ahead
    assert run(opened, staff, [*NAMED, "--hsa-id", "SE2120009911-1"], "\n").exit_code == 0
    listed = run(opened, staff, ["list", "--organisation", "nordvik"]).output
    assert "\tPer Wiklund\tBiståndshandläggare\tÄldreomsorgen\t-\t-" in listed
    ended = run(opened, staff, ["end", "--organisation", "nordvik", "--id", listed.partition("\t")[0]])
    assert ended.exit_code == 0
    assert run(opened, staff, ["list", "--organisation", "nordvik"]).output == ""
    assert run(opened, staff, ["list", "--organisation", "nordvik", "--ended"]).output.startswith(listed[:22])


def test_a_file_is_tried_then_imported(opened: Opened, tmp_path: Path) -> None:
    run(opened, organisation, ORGANISATION)
    file = tmp_path / "staff.csv"
    assert run(opened, staff, ["template", str(file)]).exit_code == 0
    with file.open("a", encoding="utf-8") as open_file:
        open_file.write(f"{NUMBER};;Per;Wiklund;Handläggare;Äldreomsorgen;värd;\r\n")
    take = ["import", "--organisation", "nordvik", str(file)]
    assert run(opened, staff, [*take, "--dry-run"]).output == "1 would be added, 0 would be changed, 0 as before.\n"
    assert asyncio.run(opened.posts()) == []
    assert run(opened, staff, take).output == "1 added, 0 changed, 0 as before.\n"
    assert asyncio.run(opened.posts()) == [frozenset({Permission.HOST})]
    with file.open("a", encoding="utf-8") as open_file:
        open_file.write("199510112390;;Per;;Chef;Skolan;kung;\r\n")
    bad = run(opened, staff, take)
    assert bad.exit_code == 1
    for words in ("row 3, personnummer: ", "row 3, efternamn: ", "row 3, behörigheter: ", "nothing was imported"):
        assert words in bad.output
    assert "199510112390" not in bad.output


def test_the_operator_has_a_name() -> None:
    assert operator()
