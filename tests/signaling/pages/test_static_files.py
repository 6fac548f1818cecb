"""Built files: kept for long, zipped, and nothing else from the disk."""

import pytest

from signaling.pages.static_files import TYPES
from signaling.pages.templates import STATIC, static
from tests.signaling.pages.site import Site


async def test_a_file_is_kept_for_a_year_and_sent_zipped(site: Site) -> None:
    answer = await site.client.get(static("base.css"), headers={"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"


async def test_every_file_says_what_it_is(site: Site) -> None:
    """nosniff makes browsers take us at our word (OWASP ASVS 5.0, 4.1.1)."""
    kinds = {}
    for path in STATIC.iterdir():
        if path.suffix not in (".json", ".gz"):
            answer = await site.client.get(f"/static/{path.name}")
            kinds[path.suffix] = answer.headers["Content-Type"]
    assert kinds == TYPES


@pytest.mark.parametrize(
    "name", ["manifest.json", "icons.json", "..%2Fbuild.mjs", ".hidden", "none.js", "x" * 3000, "%2e%2e%2fpackage.json"]
)
async def test_nothing_else_is_given(site: Site, name: str) -> None:
    answer = await site.client.get(f"/static/{name}")
    assert answer.status == 404


async def test_the_mark_is_found_by_browsers(site: Site) -> None:
    assert await site.location("/favicon.ico") == static("icon.svg")
