"""The kiosk's command line: full screen, its own profile, no camera for foreign pages."""

from pathlib import Path

import pytest

from kiosk.browser import NoBrowser, command, find_browser


def test_a_missing_browser_is_named() -> None:
    with pytest.raises(NoBrowser, match="no-such-browser"):
        find_browser("no-such-browser")


def test_the_page_opens_full_screen_in_a_profile_of_its_own() -> None:
    arguments = command("/usr/bin/chromium", "https://mote.example.se/kiosk", Path("profile"))
    assert arguments[0] == "/usr/bin/chromium"
    assert arguments[-1] == "https://mote.example.se/kiosk"
    assert {"--kiosk", "--user-data-dir=profile"} <= set(arguments)
    assert not any("use-fake-ui" in argument for argument in arguments)
