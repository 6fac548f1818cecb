"""The page on which one shows who one is: the ways there are, the one chosen, and what the last try ended with."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from auth.errors import REFUSALS
from auth.identity import Method
from tests.rooms.world import World
from tests.signaling.pages.site import Site

ALL = frozenset({Method.BANKID, Method.SITHS, Method.FREJA})


def chosen(page: str) -> str:
    return page.partition('aria-current="true">')[2].partition("<")[0]


def ways(page: str) -> list[str]:
    found = page.partition('class="ways"')[2].partition("</nav>")[0]
    return [part.partition("</a>")[0].rpartition(">")[2] for part in found.split("<li>")[1:]]


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    made = Site(world, methods=ALL)
    async with TestClient(TestServer(made.application())) as client:
        made.client = client
        yield made


@pytest.fixture
async def links(site: Site) -> dict[str, str]:
    planned = await site.planned()
    site.viewer = None
    return {link.name: link.url.partition(".example")[2] for link in planned.links}


async def test_staff_are_offered_siths_first(site: Site, links: dict[str, str]) -> None:
    for path in ("/login", links["Leila Haddad"]):
        page = await site.get(path)
        assert ways(page) == ["SITHS eID", "BankID", "Freja"]
        assert chosen(page) == "SITHS eID"
    assert 'href="/auth/oidc/siths/start?next=%2Fmeetings%2Fnew"' in await site.get("/login?next=/meetings/new")


async def test_an_invited_person_who_comes_to_the_login_of_staff_is_told_of_the_link(
    site: Site, links: dict[str, str]
) -> None:
    """Where a telephone loads the page anew after the login has ended: we do not know who asks."""
    told = "Är du inbjuden till ett möte? Öppna i stället länken i din inbjudan."
    assert told in await site.get("/login?next=/meetings/m&with=bankid")
    assert told not in await site.get("/login?next=/kiosk")
    assert told not in await site.get(links["Karin Edlund"])


async def test_relatives_are_offered_bankid_and_freja(site: Site, links: dict[str, str]) -> None:
    link = links["Karin Edlund"]
    page = await site.get(link)
    assert (ways(page), chosen(page)) == (["BankID", "Freja"], "BankID")
    freja = await site.get(f"{link}?with=freja")
    assert chosen(freja) == "Freja"
    assert f'href="/auth/oidc/freja/start?invitation={link.removeprefix("/i/")}"' in freja
    assert "identify-" not in freja  # BankID's script has nothing to do there
    assert chosen(await site.get(f"{link}?with=siths")) == "BankID"
    assert "Fortsätt" not in await site.get(f"{link}?with=freja", english=True)


async def test_the_travel_laptop_shows_a_code(site: Site) -> None:
    assert chosen(await site.get("/login?next=/kiosk")) == "BankID"
    assert 'href="?next=%2Fkiosk&amp;with=siths"' in await site.get("/login?next=/kiosk")


async def test_the_login_knows_where_it_leads_in_either_language_and_after_a_no(site: Site) -> None:
    wanted = "/login?next=/kiosk&with=freja&problem=assurance-too-low"
    assert 'href="?next=%2Fkiosk&amp;with=freja&amp;problem=assurance-too-low&amp;lang=en"' in await site.get(wanted)
    assert await site.location(f"{wanted}&lang=en") == "/login?next=%2Fkiosk&with=freja&problem=assurance-too-low"
    site.viewer = await site.world.anna()
    for begun in ("problem=assurance-too-low", "transaction=t"):  # also who identifies anew while logged in
        assert '"next":"/kiosk"' in await site.get(f"/login?next=/kiosk&with=bankid&{begun}")
        assert 'href="/kiosk"' in await site.get(f"/login?next=/kiosk&{begun}")


async def test_the_last_choice_is_remembered_unless_it_was_not_enough(site: Site, links: dict[str, str]) -> None:
    site.client.session.cookie_jar.update_cookies({"hemmaplan-method": "freja"})
    link = links["Karin Edlund"]
    assert chosen(await site.get(link)) == "Freja"
    assert chosen(await site.get(f"{link}?problem=assurance-too-low")) == "BankID"


@pytest.mark.parametrize("kind", REFUSALS)
async def test_every_no_is_told_with_the_ways_beside_it(site: Site, kind: type) -> None:
    page = await site.get(f"/login?problem={kind.code}")  # type: ignore[attr-defined]
    assert 'role="alert"' in page
    assert kind.swedish in page  # type: ignore[attr-defined]
    assert ways(page)


async def test_nobody_elses_words_are_shown(site: Site) -> None:
    assert 'role="alert"' not in await site.get("/login?problem=<b>call%200900</b>")


async def test_who_is_logged_in_can_identify_anew(site: Site) -> None:
    site.viewer = await site.auditor()
    assert await site.location("/login?next=/kiosk") == "/kiosk"
    assert chosen(await site.get("/login?next=/kiosk&with=freja")) == "Freja"
