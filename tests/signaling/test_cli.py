"""The command line as an operator meets it: one line of what is wrong, and commands that find each other's data."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auth.demo import ANNA, KARIN, NORDVIK
from auth.oidc_provider import load_client_key
from signaling.cli import main
from signaling.settings import BadSettings, Settings


@pytest.fixture(autouse=True)
def _demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMMAPLAN_DEMO", "true")
    monkeypatch.setenv("HEMMAPLAN_DATA_DIRECTORY", str(tmp_path / "data"))


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=given)


def test_a_bad_setting_ends_with_a_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMMAPLAN_DEMO", "false")
    done = run("serve")
    assert done.exit_code == 2
    assert "public_url" in done.output.lower()
    assert "Traceback" not in done.output


def test_a_database_that_is_not_spoken_ends_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMMAPLAN_DATABASE_URL", "mysql+aiomysql://somewhere/name")
    done = run("db", "upgrade")
    assert done.exit_code == 1
    assert "mysql+aiomysql" in done.output


def test_a_client_key_that_is_none_ends_with_a_line_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "freja.pem"
    key.write_text("not a key")

    async def begin(settings: Settings) -> None:
        load_client_key(key)

    monkeypatch.setattr("signaling.app.run", begin)
    done = run("serve")
    assert done.exit_code == 1, done.output
    assert str(key) in done.output
    assert "Traceback" not in done.output


def test_a_setting_found_bad_as_it_starts_ends_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(settings: Settings) -> None:
        raise BadSettings("HEMMAPLAN_BANKID_ROOT: holds no usable certificate (PEM)")

    monkeypatch.setattr("signaling.app.run", begin)
    done = run("serve")
    assert (done.exit_code, "Traceback" in done.output) == (1, False)
    assert "HEMMAPLAN_BANKID_ROOT" in done.output


def test_settings_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("HEMMAPLAN_PORT=nonsense\n")
    done = run("--settings", str(file), "db", "upgrade")
    assert done.exit_code == 2
    assert "HEMMAPLAN_PORT" in done.output


def _add_anna() -> None:
    added = run(
        "organisation", "add", "--id", NORDVIK.id, "--name", NORDVIK.name, "--kind", "kommun", "--phone", NORDVIK.phone
    )
    assert added.exit_code == 0, added.output
    answers = "\n".join((ANNA.person.given_name, ANNA.person.surname, ANNA.person.number)) + "\n"
    permissions = ("--permission", "host", "--permission", "planner")
    added = run(
        "staff", "add", "--organisation", NORDVIK.id, "--title", ANNA.title, "--unit", ANNA.unit, *permissions,
        given=answers,
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    assert ANNA.person.number not in added.output


def test_staff_are_added_and_the_log_holds_it() -> None:
    assert run("db", "upgrade").exit_code == 0
    _add_anna()
    verified = run("audit", "verify")
    assert verified.exit_code == 0, verified.output
    assert "The log is whole" in verified.output


def test_a_meeting_that_cannot_be_planned_says_why(tmp_path: Path) -> None:
    _add_anna()
    file = tmp_path / "meeting.json"
    file.write_text(json.dumps({"type": "planning", "person": {"given_name": "x", "surname": "y"}}))
    done = run("meeting", "create", "--organisation", NORDVIK.id, "--host", ANNA.id, str(file))
    assert done.exit_code == 1
    assert "identity_number" in done.output


def test_a_log_that_is_not_there_cannot_be_verified() -> None:
    done = run("audit", "verify")
    assert done.exit_code == 2
    assert KARIN.number not in done.output


@pytest.mark.parametrize("command", ["serve", "demo", "db", "staff", "meeting", "audit", "kiosk", "media"])
def test_every_command_says_what_it_does(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert len(done.output.splitlines()) > 3
