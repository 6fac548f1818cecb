"""Pages anyone may read, with and without a login."""

import pytest

from signaling.pages.information import PAGES
from tests.signaling.pages.site import Site


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_whole_in_both_languages(site: Site, path: str) -> None:
    swedish, english = await site.get(path), await site.get(path, english=True)
    assert '<html lang="sv"' in swedish
    assert '<html lang="en"' in english
    assert swedish.count("<h1") == english.count("<h1") == 1
    assert "Hoppa till innehållet" not in english
    site.viewer = await site.world.anna()
    assert "Logga ut" in await site.get(path)


async def test_the_statement_names_its_law_and_its_authority(site: Site) -> None:
    page = await site.get("/accessibility")
    assert "EN 301 549" in page
    assert "digg.se" in page
