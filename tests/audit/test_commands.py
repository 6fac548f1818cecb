"""`hemmaplan audit verify|export|erase` as a person runs them: the words and the exit code."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.commands import audit
from audit.log import open_log
from audit.signer import load_signer, public_path
from db.engine import connect, upgrade
from tests.audit.support import ORIGIN, entered
from tests.conftest import FrozenClock


@dataclass
class Installation:
    database: Path
    url: str
    signing_key: Path
    public_key: Path
    checkpoint: Path


@pytest.fixture
async def installed(tmp_path: Path, clock: FrozenClock) -> Installation:
    database, key = tmp_path / "hemmaplan.db", tmp_path / "audit.pem"
    url = f"sqlite+aiosqlite:///{database}"
    signer = load_signer(key, ORIGIN, may_create=True)
    engine = connect(url)
    await upgrade(engine)
    log = await open_log(engine, signer, clock)
    for number in range(4):
        await log.append(entered(f"p{number}", meeting=f"m{number % 2}"))
    checkpoint = tmp_path / "kept"
    checkpoint.write_text(await log.checkpoint(), encoding="utf-8")
    await log.close()
    await engine.dispose()
    return Installation(database, url, key, public_path(key), checkpoint)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(audit, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def spoil(installed: Installation, statement: str) -> None:
    with closing(sqlite3.connect(installed.database)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_whole_database(installed: Installation) -> None:
    done = run("verify", "--database-url", installed.url, "--key", installed.public_key)
    assert done.exit_code == 0, done.output
    assert "The log is whole." in done.output
    assert "4 entries read" in done.output


def test_a_database_that_is_not_whole_names_the_entry(installed: Installation) -> None:
    spoil(installed, "UPDATE audit_entries SET salt = zeroblob(32) WHERE seq = 2")
    done = run("verify", "--database-url", installed.url, "--key", installed.public_key)
    assert done.exit_code == 1
    assert "not whole" in done.output
    assert "The contents of entry 2 have been altered." in done.output


def test_an_export_is_logged_private_and_verifies(installed: Installation, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    arguments = ["export", file, "--database-url", installed.url, "--signing-key", installed.signing_key]
    done = run(*arguments, "--reason", "Granskning")
    assert done.exit_code == 0, done.output
    assert "5 entries written" in done.output  # the export's own record too
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "audit.exported" in file.read_text(encoding="utf-8")
    done = run("verify", file, "--key", installed.public_key, "--checkpoint", installed.checkpoint)
    assert done.exit_code == 0, done.output
    assert run(*arguments).exit_code == 2


def test_an_export_of_one_meeting(installed: Installation, tmp_path: Path) -> None:
    file = tmp_path / "m1.jsonl"
    key = ["--signing-key", installed.signing_key, "--origin", ORIGIN]
    done = run("export", file, "--database-url", installed.url, *key, "--meeting", "m1")
    assert done.exit_code == 0, done.output
    assert run("verify", file, "--key", installed.public_key).exit_code == 0
    file.write_text(file.read_text(encoding="utf-8").replace("Karin", "Maria"), encoding="utf-8")
    assert run("verify", file, "--key", installed.public_key).exit_code == 1


def test_a_log_cut_since_a_kept_checkpoint(installed: Installation) -> None:
    for statement in (
        "DELETE FROM audit_entries WHERE seq >= 2",
        "DELETE FROM audit_checkpoints WHERE size > 2",
        "DELETE FROM audit_nodes WHERE position >= 2 OR level > 1 OR (level = 1 AND position = 1)",
        "UPDATE audit_head SET note = (SELECT note FROM audit_checkpoints WHERE size = 2)",
    ):
        spoil(installed, statement)
    arguments = ["verify", "--database-url", installed.url, "--key", installed.public_key]
    assert run(*arguments).exit_code == 0
    done = run(*arguments, "--checkpoint", installed.checkpoint)
    assert done.exit_code == 1
    assert "ends after 2 entries" in done.output


def test_what_cannot_be_told_is_neither_whole_nor_broken(installed: Installation, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("nonsense")
    key = ["--key", installed.public_key]
    for arguments in (
        ["verify", *key],
        ["verify", "--database-url", installed.url],
        ["verify", "--database-url", installed.url, "--key", nonsense],
        ["verify", "--database-url", f"sqlite+aiosqlite:///{tmp_path / 'none.db'}", *key],
        ["verify", "--database-url", f"sqlite+aiosqlite:///{nonsense}", *key],
        ["verify", "--database-url", "mysql://somewhere", *key],
        ["verify", "--database-url", "not a url", *key],
        ["verify", nonsense, *key],
        ["verify", "--database-url", installed.url, *key, "--checkpoint", nonsense],
        ["export", tmp_path / "out", "--signing-key", installed.signing_key],
        ["export", tmp_path / "out", "--database-url", installed.url, "--signing-key", nonsense],
        ["export", tmp_path / "no" / "out", "--database-url", installed.url, "--signing-key", installed.signing_key],
    ):
        done = run(*arguments)
        assert done.exit_code == 2, (arguments, done.output)
        assert "Traceback" not in done.output
    assert not (tmp_path / "none.db").exists()


def test_a_check_from_another_folder_says_where_it_looked(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = Path("elsewhere")
    done = run("verify", "--data-directory", elsewhere)
    assert done.exit_code == 2
    assert f"there is no file {tmp_path / elsewhere}" in done.output
    done = run("verify", "--data-directory", elsewhere, "--key", public_path(installed.signing_key))
    assert done.exit_code == 2
    assert f"there is no database file at {tmp_path / elsewhere}" in done.output


async def test_old_contents_are_told_of_before_they_are_erased(installed: Installation) -> None:
    engine = connect(installed.url)
    old = datetime(2020, 3, 1, tzinfo=UTC)
    log = await open_log(engine, load_signer(installed.signing_key, ORIGIN, may_create=False), lambda: old)
    await log.append(entered("p9"))
    await log.close()
    await engine.dispose()
    where = ["--database-url", installed.url, "--signing-key", installed.signing_key]

    async def erase(*arguments: str) -> Result:
        return await asyncio.to_thread(run, "erase", *where, *arguments)

    done = await erase("--before", "2021-01-01")
    assert "1 entries made before 2021-01-01 would be erased." in done.output
    done = await erase("--before", "2021-01-01", "--yes")
    assert "1 entries made before 2021-01-01 are erased." in done.output
    assert "0 entries" in (await erase("--yes")).output
    assert (await erase("--before", str(datetime.now(UTC).date()), "--yes")).exit_code == 2
    done = await asyncio.to_thread(run, "verify", "--database-url", installed.url, "--key", installed.public_key)
    assert done.exit_code == 0, done.output
    assert "The contents of 1 entries are erased" in done.output
