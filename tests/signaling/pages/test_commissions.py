"""Choosing a commission: one's own, and on to where one was going."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.rooms.world import World
from tests.signaling.office import Office


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    office = await Office(world).open()
    yield office
    await office.client.close()


async def test_chosen_and_led_on(office: Office) -> None:
    await office.log_in("Kerstin Öberg", chosen=False)
    page = await office.page("/commissions?next=/kiosk")
    assert "Socialpsykiatrin" in page
    assert page.count('<form method="post"><input type="hidden" name="staff"') == 2  # each to this address
    mine = {"staff": "sorvik-kerstin"}
    assert await office.page("/commissions?next=/kiosk", mine, status=303) == "/kiosk"
    assert "Valt nu" in await office.page("/commissions")
    for elsewhere in ("https://evil.example", "//evil.example", "/logout", "/kiosk%0A", ""):
        assert await office.page(f"/commissions?next={elsewhere}", mine, status=303) == "/today"
    await office.page("/commissions", {"staff": "nordvik-anna"}, status=404)
    await office.page("/commissions", {}, status=404)


async def test_nothing_on_the_travel_laptop_leads_to_the_days_list(office: Office) -> None:
    """Before the choice, after it, and where it is refused."""
    wanted = "/commissions?next=/kiosk"
    await office.log_in("Kerstin Öberg", chosen=False)
    shown = [await office.page(wanted), await office.page(wanted, {"staff": "nordvik-anna"}, status=404)]
    await office.page(wanted, {"staff": "sorvik-kerstin"}, status=303)
    shown.append(await office.page(wanted))
    for page in shown:
        assert 'href="?next=%2Fkiosk&amp;lang=en"' in page
        assert 'action="/logout?next=/kiosk"' in page
        assert 'action="/logout"' not in page
        assert 'data-leave="/login?ended&amp;next=%2Fkiosk"' in page
        assert 'class="brand" href="/kiosk"' in page
        assert 'href="/"' not in page
        assert 'href="/today"' not in page
    assert await office.page(f"{wanted}&lang=en", status=303) == "/commissions?next=%2Fkiosk"
    office.session = None
    assert await office.page(wanted, status=303) == "/login?next=/kiosk"
    assert await office.page(wanted, {"staff": "sorvik-kerstin"}, status=303) == "/login?next=/kiosk"


async def test_not_for_visitors(office: Office) -> None:
    staff = await office.log_in("Anna Sjödin")
    await office.page("/commissions")
    gone = replace(staff, valid_to=office.world.clock())
    assert await office.world.people.save_staff([(gone, None)])
    await office.page("/commissions", status=403)
