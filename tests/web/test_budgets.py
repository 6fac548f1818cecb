"""What a page costs the visitor, all included: measured on the build, not in time."""

import gzip
import re
from pathlib import Path

import pytest

from signaling.pages.templates import STATIC, manifest
from tests.signaling.pages.conftest import _built, site, world
from tests.signaling.pages.site import Site

__all__ = ["_built", "site", "world"]

PAGE = 60_000
ROOM_SCRIPT = 220_000


def zipped(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def weight(page: str) -> int:
    """gzipped bytes of the page and everything it names; of a picture's two sources the larger counts.

    What is fetched ahead for the page after it comes when this one has all it needs, and costs it nothing.
    """
    page = re.sub(r'<link rel="modulepreload" fetchpriority="low"[^>]*>', "", page)
    names = set(re.findall(r'/static/([^"\s)]+)', page))
    coasts = {name for name in names if name.startswith("kusten")}
    files = (names - coasts) | {max(coasts, key=lambda name: (STATIC / name).stat().st_size, default="")} - {""}
    return zipped(page.encode()) + sum(
        (STATIC / name).stat().st_size if name.endswith(".woff2") else zipped((STATIC / name).read_bytes())
        for name in files
    )


@pytest.mark.parametrize("path", ["/login", "/help", "/privacy", "/simulator", "/nothing"])
async def test_public_pages_are_light(site: Site, path: str) -> None:
    assert weight(await site.get(path, status=404 if path == "/nothing" else 200)) <= PAGE


async def test_the_pages_of_a_meeting_are_light(site: Site) -> None:
    planned = await site.planned()
    meeting = f"/meetings/{planned.gathering.meeting.id}"
    for path in ("/today", "/meetings", "/meetings/new", "/kiosk", meeting):
        assert weight(await site.get(path)) <= PAGE, path
    await site.karin(planned)
    assert weight(await site.get(meeting)) <= PAGE
    await site.auditor()
    assert weight(await site.get("/audit")) <= PAGE


def test_the_rooms_script_is_within_its_budget() -> None:
    files = manifest()["files"]
    parts = [files["room.js"], *manifest()["preload"]["room.js"], files["encryption_worker.js"]]
    assert sum(zipped((STATIC / part).read_bytes()) for part in parts) <= ROOM_SCRIPT


def test_everything_that_is_sent_as_text_has_a_zipped_twin() -> None:
    texts = [path for path in Path(STATIC).iterdir() if path.suffix in (".js", ".css", ".svg")]
    assert [path.name for path in texts if not path.with_name(f"{path.name}.gz").exists()] == []
