"""Opening Chromium full screen on the kiosk page: the travel laptop's only window."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

CANDIDATES = ("chromium", "chromium-browser", "google-chrome")


class NoBrowser(Exception):
    """For the technician: Chromium is not installed."""


def find_browser(path: str | None = None) -> str:
    """The full path of Chromium, or of the program named; raises NoBrowser."""
    for name in (path,) if path else CANDIDATES:
        if name and (found := shutil.which(name)):
            return found
    raise NoBrowser(f"found no {path or 'Chromium'}: install the package chromium, or name it with --browser")


def command(browser: str, page: str, profile: Path, *, extra: Sequence[str] = ()) -> list[str]:
    """Chromium's command line. page: the kiosk page's address; profile: an empty folder, best on tmpfs.

    Managed policy (deploy/kiosk/policy.json) grants camera and microphone: a flag would grant them to every page.
    """
    arguments = [
        browser,
        "--kiosk",
        "--start-fullscreen",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-pinch",
        "--overscroll-history-navigation=0",
        "--disable-features=Translate,MediaRouter",
        "--disable-session-crashed-bubble",
        "--autoplay-policy=no-user-gesture-required",
        "--password-store=basic",
        *extra,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses to start as root with its sandbox
    return [*arguments, page]
