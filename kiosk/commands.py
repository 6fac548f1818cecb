"""``hemmaplan kiosk run``: the travel laptop's screen."""

import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import click

from kiosk.browser import NoBrowser, command, find_browser


@click.group()
def kiosk() -> None:
    """The travel laptop."""


@kiosk.command()
@click.option("--url", default="http://localhost:8080", show_default=True, help="The service's address.")
@click.option("--browser", default=None, help="Chromium's name or path.")
@click.argument("extra", nargs=-1)
def run(url: str, browser: str | None, extra: tuple[str, ...]) -> None:
    """Open Chromium full screen on the kiosk page; the profile is wiped when it closes. EXTRA is passed to Chromium."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.BadParameter("give the service's address, for example https://mote.example.se", param_hint="--url")
    try:
        program = find_browser(browser)
    except NoBrowser as error:
        raise click.ClickException(str(error)) from None
    # The profile holds the session cookie: it goes when the browser goes.
    with tempfile.TemporaryDirectory(prefix="hemmaplan-kiosk-") as profile:
        page = f"{parts.scheme}://{parts.netloc}/kiosk"
        ended = subprocess.run(command(program, page, Path(profile), extra=extra), check=False)  # noqa: S603 - our own list
    raise SystemExit(ended.returncode)
