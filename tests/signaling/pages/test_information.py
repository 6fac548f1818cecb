"""Pages anyone may read, with and without a login."""

import pytest

from signaling.cookies import FLOW_SECONDS, METHOD_SECONDS
from signaling.i18n import YEAR_SECONDS
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


async def test_each_cookie_is_named_with_its_time(site: Site) -> None:
    page = await site.get("/privacy")
    assert f"en som i {FLOW_SECONDS // 86_400} dagar" in page
    assert METHOD_SECONDS == YEAR_SECONDS == 365 * 86_400
    assert "två som i ett år minns ditt språk och hur du legitimerade dig senast" in page


async def test_the_page_about_us_names_nobodys_region(site: Site) -> None:
    assert "Höga Kusten" not in await site.get("/about")


async def test_a_page_tells_its_address_to_our_own_alone(site: Site) -> None:
    assert (await site.client.get("/help")).headers["Referrer-Policy"] == "strict-origin"
