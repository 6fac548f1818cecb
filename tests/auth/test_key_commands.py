"""``hemmaplan keys`` on a real installation; no secret is printed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from signaling.cli import main


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    environment = {"HEMMAPLAN_DEMO": "1", "HEMMAPLAN_DATA_DIRECTORY": str(tmp_path)}

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env=environment)

    return call


def test_listed_rotated_and_not_retired_too_soon(run: Callable[..., Result], tmp_path: Path) -> None:
    first = run("keys", "list")
    assert first.exit_code == 0, first.output
    assert "current" in first.output
    rotated = run("keys", "rotate", "vault")
    assert rotated.exit_code == 0, rotated.output
    assert "vault key 2" in rotated.output
    again = run("keys", "rotate", "vault")
    assert again.exit_code == 1
    assert "on its way" in again.output
    listed = run("keys", "list")
    assert "coming" in listed.output
    assert run("keys", "retire", "1").exit_code == 1
    assert "under the current key" in run("keys", "rekey").output
    signed = run("keys", "rotate", "audit")
    assert signed.exit_code == 0, signed.output
    assert "before:" in run("keys", "list").output
    secrets = [entry["secret"] for entry in json.loads((tmp_path / "keys.json").read_text())["keys"]]
    everything = "".join(result.output for result in (first, rotated, again, listed, signed))
    assert not any(secret in everything for secret in secrets)
