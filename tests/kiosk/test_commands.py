"""``hemmaplan kiosk run`` starts the browser on the kiosk page, and wipes the profile after it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.commands import kiosk


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A program in Chromium's place that writes down how it was called and leaves something in the profile."""
    program = tmp_path / "chromium"
    program.write_text(
        f'#!/bin/sh\nfor a in "$@"; do echo "$a" >> {tmp_path}/called; '
        'case "$a" in --user-data-dir=*) touch "${a#--user-data-dir=}/Cookies";; esac; done\nexit 3\n'
    )
    program.chmod(0o755)
    return program


def test_the_profile_is_gone_when_the_browser_ends(browser: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(kiosk, ["run", "--url", "https://mote.example.se/x", "--browser", str(browser)])
    assert result.exit_code == 3
    called = (tmp_path / "called").read_text().splitlines()
    assert called[-1] == "https://mote.example.se/kiosk"
    profile = next(Path(line.partition("=")[2]) for line in called if line.startswith("--user-data-dir="))
    assert not profile.exists()


@pytest.mark.parametrize("url", ["mote.example.se", "ftp://mote.example.se", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    result = CliRunner().invoke(kiosk, ["run", "--url", url])
    assert result.exit_code == 2
    assert "address" in result.output


def test_a_missing_browser_is_told() -> None:
    result = CliRunner().invoke(kiosk, ["run", "--browser", "no-such-browser"])
    assert result.exit_code == 1
    assert "no-such-browser" in result.output
