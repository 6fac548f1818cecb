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
    assert 'value="/kiosk"' in page
    mine = "sorvik-kerstin"
    assert await office.page("/commissions", {"staff": mine, "next": "/kiosk"}, status=303) == "/kiosk"
    assert "Valt nu" in await office.page("/commissions")
    for elsewhere in ("https://evil.example", "//evil.example", "/logout", "/kiosk\n", ""):
        assert await office.page("/commissions", {"staff": mine, "next": elsewhere}, status=303) == "/today"
    await office.page("/commissions", {"staff": "nordvik-anna"}, status=404)
    await office.page("/commissions", {}, status=404)


async def test_not_for_visitors(office: Office) -> None:
    staff = await office.log_in("Anna Sjödin")
    await office.page("/commissions")
    gone = replace(staff, valid_to=office.world.clock())
    assert await office.world.people.save_staff([(gone, None)])
    await office.page("/commissions", status=403)
