"""``hemmaplan meeting``."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.log import open_log
from audit.signer import Signer
from auth import demo
from auth.store import People
from auth.vault import Vault
from db.engine import connect, upgrade
from rooms.commands import OpenPlanner, Planner, meeting
from rooms.retention_store import RetentionRows
from rooms.store import Store
from tests.rooms.world import GUNNAR, KARIN, ORIGIN

SIGNER = Signer("test/log", Ed25519PrivateKey.generate())


def opener(database: Path) -> OpenPlanner:
    @asynccontextmanager
    async def open_planner() -> AsyncIterator[Planner]:
        engine = connect(f"sqlite+aiosqlite:///{database}")
        await upgrade(engine)
        vault = Vault({"1": "a test secret of thirty-two characters"}, current="1")
        people = People(engine, vault)
        await demo.seed(people)
        log = await open_log(engine, SIGNER, lambda: datetime.now(UTC))
        yield Planner(
            Store(engine),
            RetentionRows(engine),
            audit=log,
            people=people,
            vault=vault,
            origin=ORIGIN,
            clock=lambda: datetime.now(UTC),
        )
        await log.close()
        await engine.dispose()

    return open_planner


def content(**values: Any) -> str:
    starts_at = datetime.now(UTC) + timedelta(hours=2)
    usual = {
        "type": "planning",
        "person": {"given_name": "Gunnar", "surname": "Edlund", "identity_number": GUNNAR},
        "place": "Norrfällsviken",
        "purpose": "Hur det ska fungera hemma.",
        "consent": "written",
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(minutes=45)).isoformat(),
        "invitations": [{"name": "Karin Edlund", "identity_number": KARIN, "party": "home", "relation": "Dotter"}],
    }
    return json.dumps({**usual, **values})


def run(tmp_path: Path, text: str, *, host: str = "nordvik-anna") -> tuple[int, str]:
    arguments = ["create", "--organisation", "nordvik", "--host", host, "-"]
    result = CliRunner().invoke(meeting, arguments, input=text, obj=opener(tmp_path / "x.db"))
    return result.exit_code, result.output


def test_the_links_are_printed_and_the_number_is_not(tmp_path: Path) -> None:
    code, output = run(tmp_path, content())
    assert code == 0, output
    assert f"Karin Edlund: {ORIGIN}/i/" in output
    assert KARIN not in output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("x" * 70_000, "not a JSON object"),
        (content(place=""), "place: Fill this in."),
        (content(person=None), "person: "),
        (content(start_now=True), "start_now"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    code, output = run(tmp_path, text)
    assert code == 1
    assert said in output
    assert GUNNAR not in output


def test_a_post_that_may_not_lead_is_refused(tmp_path: Path) -> None:
    for host in ("nordvik-per", "nobody"):
        code, output = run(tmp_path, content(), host=host)
        assert code == 1
        assert "no such post" in output


def test_old_meetings_are_told_of_before_they_are_erased(tmp_path: Path) -> None:
    code, said = run(tmp_path, content())
    assert code == 0, said
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("update meetings set ends_at = '2024-01-01 10:00:00.000000'")
        connection.commit()

    def erase(*arguments: str) -> str:
        result = CliRunner().invoke(meeting, ["erase", *arguments], obj=opener(tmp_path / "x.db"))
        return f"{result.exit_code} {result.output}"

    assert erase("--older-than", "90").startswith("0 1 meetings would be erased.")
    assert erase("--older-than", "90", "--yes") == "0 1 meetings erased.\n"
    assert erase("--older-than", "90", "--yes") == "0 0 meetings erased.\n"
    assert erase("--older-than", "29", "--yes").startswith("2 ")
