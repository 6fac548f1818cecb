"""The administrator's pages: what they show, what they refuse, and that a number is never sent back."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.rooms.world import World
from tests.signaling.office import Office

PLACE = "/organisations/nordvik"
SVEN = {
    "given_name": "Sven",
    "surname": "Lund",
    "identity_number": "18900107-9806",
    "title": "Undersköterska",
    "unit": "Hemtjänsten norra",
    "permissions": "host",
}


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    office = await Office(world).open()
    yield office
    await office.client.close()


async def test_an_administrators_day(office: Office) -> None:
    await office.log_in("Britta Holm")
    assert await office.page("/organisations", status=303) == PLACE
    assert "Anna Sjödin" in await office.page(PLACE)
    found = await office.page(PLACE, {"words": "HEMTJÄNST maja"})
    assert "Maja Lindgren" in found
    assert "Anna Sjödin" not in found
    assert "Ingen passar" in await office.page(PLACE, {"words": "nobody"})
    assert await office.page(f"{PLACE}/new", SVEN, status=303) == PLACE
    staff = next(one for one in await office.world.people.staff_in("nordvik") if one.person.name == "Sven Lund")
    form = await office.page(f"{PLACE}/staff/{staff.id}")
    assert "9806" not in form
    change = {"title": "Samordnare", "unit": "Hemtjänsten norra", "permissions": "planner", "valid_to": "2026-12-31"}
    assert await office.page(f"{PLACE}/staff/{staff.id}", change, status=303) == PLACE
    assert 'value="2026-12-31"' in await office.page(f"{PLACE}/staff/{staff.id}")
    assert await office.page(f"{PLACE}/staff/{staff.id}/end", {}, status=303) == PLACE
    assert "Sven Lund" not in await office.page(PLACE)
    assert "Avslutat" in await office.page(PLACE, {"words": "sven", "ended": "1"})
    assert "Uppdraget är avslutat" in await office.page(f"{PLACE}/staff/{staff.id}")


async def test_faults_stand_at_their_fields_and_the_number_does_not_come_back(office: Office) -> None:
    await office.log_in("Britta Holm")
    page = await office.page(f"{PLACE}/new", {**SVEN, "identity_number": "189001079807", "title": ""}, status=422)
    assert "18900107" not in page
    assert "Personnumret stämmer inte" in page
    assert 'value="Sven"' in page
    staff = f"{PLACE}/staff/nordvik-anna"
    assert "Fyll i det här" in await office.page(staff, {"title": "", "unit": "Skolan"}, status=422)
    # Half a form and values of another kind are faults too, not crashes.
    await office.page(f"{PLACE}/new", {"permissions": "x" * 400}, status=422)


async def test_no_permission_that_is_not_hers_to_give(office: Office) -> None:
    await office.log_in("Britta Holm")
    assert "Sköter driften" not in await office.page(f"{PLACE}/new")
    await office.page(f"{PLACE}/new", {**SVEN, "permissions": "operator"}, status=403)
    page = await office.page(f"{PLACE}/staff/nordvik-britta/end", {}, status=409)
    assert "utan administratör" in page


async def test_units(office: Office) -> None:
    await office.log_in("Britta Holm")
    assert await office.page(f"{PLACE}/units", {"go": "add", "name": "Skolan"}, status=303) == f"{PLACE}/units"
    unit = next(one for one in await office.world.people.units("nordvik") if one.name == "Skolan")
    await office.page(f"{PLACE}/units", {"go": f"rename-{unit.id}", f"name-{unit.id}": " "}, status=422)
    renamed = {"go": f"rename-{unit.id}", f"name-{unit.id}": "Norra skolan"}
    await office.page(f"{PLACE}/units", renamed, status=303)
    assert "Norra skolan" in await office.page(f"{PLACE}/units")
    await office.page(f"{PLACE}/units", {"go": f"remove-{unit.id}"}, status=303)
    assert "Norra skolan" not in await office.page(f"{PLACE}/units")


async def test_others_do_not_come_here(office: Office) -> None:
    await office.log_in("Britta Holm")
    for path in ("", "/new", "/units", "/import", "/staff/region-hoga-kusten-leila"):
        await office.page(f"/organisations/region-hoga-kusten{path}", status=404)
    await office.page(f"{PLACE}/staff/region-hoga-kusten-leila", status=404)
    for name in ("Anna Sjödin", "Rut Söderlind"):
        await office.log_in(name)
        await office.page(PLACE, status=403)


async def test_the_operator_sees_organisations_and_not_their_staff(office: Office) -> None:
    await office.log_in("Eva Strand")
    assert "Saknar administratör" in await office.page("/organisations")
    assert "Anna Sjödin" not in await office.page(PLACE)
    new = {"id": "ny", "name": "Ny kommun", "kind": "kommun", "phone": "0980-31 92 90", "number": ""}
    assert await office.page("/organisations", new, status=303) == "/organisations/ny"
    assert "Lägg till administratör" in await office.page("/organisations/ny")
    await office.page("/organisations/ny/new", {**SVEN, "permissions": "admin"}, status=303)
    assert "sköter sin egen personal" in await office.page("/organisations/ny")
    assert "inget organisationsnummer" in await office.page("/organisations", {**new, "number": "1"}, status=422)


async def test_an_organisations_telephone_is_its_administrators_its_name_the_operators(office: Office) -> None:
    await office.log_in("Britta Holm")
    form = await office.page(f"{PLACE}/edit")
    assert 'name="phone"' in form
    assert 'name="name"' not in form
    assert 'name="number"' not in form
    assert 'href="/assurance"' in form
    before = await office.world.people.organisation("nordvik")
    new = {"name": "Nordviks nya kommun", "phone": "0980-31 92 11", "number": "", "id": "sorvik", "kind": "region"}
    assert await office.page(f"{PLACE}/edit", new, status=303) == PLACE
    changed = await office.world.people.organisation("nordvik")
    assert before is not None
    assert changed == replace(before, phone="0980-31 92 11")
    await office.page("/organisations/sorvik/edit", new, status=404)
    await office.log_in("Eva Strand")
    form = await office.page(f"{PLACE}/edit")
    assert 'value="Nordviks kommun"' in form
    assert 'href="/assurance"' not in form.split("<main")[1]
    page = await office.page(f"{PLACE}/edit", {**new, "name": "", "number": "1"}, status=422)
    assert page.count("nhsuk-error-message") == 2
    page = await office.page(f"{PLACE}/edit", {**new, "name": "Sörviks  KOMMUN"}, status=422)
    assert "Det finns redan" in page
    assert await office.page(f"{PLACE}/edit", new, status=303) == PLACE
    await office.log_in("Anna Sjödin")
    await office.page(f"{PLACE}/edit", status=403)
    assert (await office.events()).count("organisation.changed") == 2


async def test_a_member_of_staff_is_logged_out_and_the_page_says_so(office: Office) -> None:
    anna = await office.log_in("Anna Sjödin")
    of_anna = office.session
    assert of_anna is not None
    await office.log_in("Britta Holm")
    page = f"{PLACE}/staff/{anna.id}"
    assert f'action="{page}/logout"' in await office.page(page)
    where = await office.page(f"{page}/logout", {}, status=303)
    assert await office.sessions.living([of_anna.id]) == frozenset()
    assert "Personen är utloggad." in await office.page(where)
    assert "Personen var inte inloggad." in await office.page(await office.page(f"{page}/logout", {}, status=303))
    await office.page("/organisations/region-hoga-kusten/staff/region-hoga-kusten-leila/logout", {}, status=403)
