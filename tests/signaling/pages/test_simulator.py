"""The demo's simulator page."""

from tests.signaling.pages.site import Site


async def test_it_says_that_it_is_no_real_app(site: Site) -> None:
    page = await site.get("/simulator")
    assert "ingen riktig BankID-app" in page
    assert "simulator-" in page
