"""A file is looked at, then read in once, by the one who sent it; its numbers stand on no page."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import FormData

from tests.rooms.world import World
from tests.signaling.office import HEADER, Office

PLACE = "/organisations/nordvik/import"
SVEN = "189001079806;;Sven;Lund;Undersköterska;Hemtjänsten;värd;"


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    office = await Office(world).open()
    await office.log_in("Britta Holm")
    yield office
    await office.client.close()


def file(*rows: str, name: str = "p.csv") -> Any:
    form = FormData()
    form.add_field("file", "\r\n".join((HEADER, *rows)).encode("utf-8-sig"), filename=name, content_type="text/csv")
    return form


def waiting(page: str) -> str:
    return page.partition(f'action="{PLACE}/')[2].partition('"')[0]


async def names(office: Office) -> list[str]:
    return [one.person.name for one in await office.world.people.staff_in("nordvik")]


async def test_looked_at_then_read_in_once(office: Office) -> None:
    shown = await office.page(PLACE, file(SVEN))
    assert "Inget är inläst än." in shown
    assert "18900107" not in shown
    assert "Sven Lund" not in await names(office)
    done = await office.page(f"{PLACE}/{waiting(shown)}", {})
    assert "Filen är inläst." in done
    assert "Sven Lund" in await names(office)
    await office.page(f"{PLACE}/{waiting(shown)}", {}, status=404)
    assert "Filen ändrar ingenting." in await office.page(PLACE, file(SVEN))


async def test_bad_rows_are_told_and_nothing_waits(office: Office) -> None:
    page = await office.page(PLACE, file(SVEN, SVEN, "1;;;;;;;"), status=422)
    assert "Samma person, titel och enhet står redan på rad 2." in page
    assert waiting(page) == ""
    assert "Välj en fil först." in await office.page(PLACE, {}, status=422)
    assert "Välj en fil först." in await office.page(PLACE, {"file": "text"}, status=422)


async def test_it_waits_for_its_sender_and_not_for_long(office: Office) -> None:
    first = waiting(await office.page(PLACE, file(SVEN)))
    second = waiting(await office.page(PLACE, file(SVEN)))
    await office.page(f"{PLACE}/{first}", {}, status=404)
    await office.log_in("Eva Strand")
    await office.page(f"{PLACE}/{second}", {}, status=404)
    gone = await office.page(f"/organisations/region-hoga-kusten/import/{second}", {}, status=404)
    assert 'href="/organisations/region-hoga-kusten/import?lang=en"' in gone
    assert 'next=%2Forganisations%2Fregion-hoga-kusten%2Fimport"' in gone
    await office.log_in("Britta Holm")
    office.world.clock.advance(seconds=15 * 60)
    await office.page(f"{PLACE}/{second}", {}, status=404)
    assert "Sven Lund" not in await names(office)


async def test_the_template(office: Office) -> None:
    assert (await office.page("/organisations/template.csv")).strip("\ufeff\r\n") == HEADER
    await office.log_in("Anna Sjödin")
    await office.page("/organisations/template.csv", status=403)


async def test_a_file_that_calls_itself_something_else_is_not_read(office: Office) -> None:
    for name in ("p.xlsx", "p.csv.exe", "p"):
        assert "Det där är ingen CSV-fil." in await office.page(PLACE, file(SVEN, name=name), status=422)
    assert "Inget är inläst än." in await office.page(PLACE, file(SVEN, name="PERSONAL.CSV"))
