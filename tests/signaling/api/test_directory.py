"""Organisations, units, staff and commissions over HTTP: one's own, recorded, and never a number given back."""

from collections.abc import AsyncIterator

import pytest

from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import World
from tests.signaling.office import HEADER, Office

PLACE = "/organisations/nordvik"
SVEN = {
    "given_name": "Sven",
    "surname": "Lund",
    "identity_number": "189001079806",
    "hsa_id": "SE2120009911-7",
    "title": "Undersköterska",
    "unit": "Hemtjänsten norra",
    "permissions": ["host"],
}


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    office = await Office(world).open()
    yield office
    await office.client.close()


async def test_a_commission_from_first_to_last(office: Office) -> None:
    await office.log_in("Britta Holm")
    made = await office.call("POST", f"{PLACE}/staff", SVEN, status=201)
    assert made["permissions"] == ["host"]
    listed = await office.call("GET", f"{PLACE}/staff")
    assert made in listed["staff"]
    assert "189001079806" not in str(listed)
    change = {"title": "Samordnare", "unit": "Ny enhet", "permissions": ["planner"], "valid_to": "2026-12-31"}
    changed = await office.call("PUT", f"{PLACE}/staff/{made['id']}", change)
    assert (changed["unit"], changed["valid_to"]) == ("Ny enhet", "2026-12-31T23:00:00Z")
    assert changed["hsa_id"] == SVEN["hsa_id"]
    await office.call("DELETE", f"{PLACE}/staff/{made['id']}", status=204)
    assert len((await office.call("GET", f"{PLACE}/staff"))["staff"]) == len(listed["staff"]) - 1
    assert len((await office.call("GET", f"{PLACE}/staff?ended=1"))["staff"]) == len(listed["staff"])
    assert [kind for kind in await office.events() if kind.startswith("staff.")] == [
        "staff.added",
        "staff.changed",
        "staff.ended",
    ]


async def test_faults_name_their_fields(office: Office) -> None:
    await office.log_in("Britta Holm")
    wrong = {**SVEN, "identity_number": "１８９００１０７９８０６", "permissions": ["king"], "title": " "}
    problem = await office.call("POST", f"{PLACE}/staff", wrong, status=422)
    assert [fault["field"] for fault in problem["errors"]] == ["identity_number", "title", "permissions"]
    missing = await office.call("POST", f"{PLACE}/staff", {}, status=422)
    assert "surname" in [fault["field"] for fault in missing["errors"]]
    await office.call("POST", f"{PLACE}/staff", {**SVEN, "permissions": ["x"] * 21}, status=422)
    await office.call("POST", f"{PLACE}/staff", ["no object"], status=400)


async def test_another_organisations_are_not_there(office: Office) -> None:
    await office.log_in("Britta Holm")
    there = "/organisations/region-hoga-kusten"
    for method, path, body in (
        ("GET", there, None),
        ("PATCH", there, {"phone": "1"}),
        ("GET", f"{there}/staff", None),
        ("POST", f"{there}/staff", SVEN),
        ("POST", f"{there}/units", {"name": "Ny"}),
        ("PUT", f"{there}/staff/region-hoga-kusten-leila", {"title": "x", "unit": "y"}),
        ("PUT", f"{PLACE}/staff/region-hoga-kusten-leila", {"title": "x", "unit": "y"}),
        ("DELETE", f"{there}/staff/region-hoga-kusten-leila", None),
    ):
        await office.call(method, path, body, status=404)
    assert [one["id"] for one in (await office.call("GET", "/organisations"))["organisations"]] == ["nordvik"]
    new = {"id": "ny", "name": "Ny kommun", "kind": "kommun", "phone": "0980-31 92 90"}
    await office.call("POST", "/organisations", new, status=403)
    for name in ("Anna Sjödin", "Rut Söderlind"):
        await office.log_in(name)
        await office.call("GET", f"{PLACE}/staff", status=403)
    office.session = None
    await office.call("GET", f"{PLACE}/staff", status=401)


async def test_an_operator_adds_an_organisation_and_its_first_administrator(office: Office) -> None:
    await office.log_in("Eva Strand")
    new = {"id": "ny", "name": "Ny kommun", "kind": "kommun", "phone": "0980-31 92 90", "number": "2120009986"}
    assert (await office.call("POST", "/organisations", new, status=201))["number"] == "212000-9986"
    await office.call("POST", "/organisations", new, status=409)
    await office.call("POST", "/organisations", {**new, "id": "NY", "kind": "stat", "number": "1"}, status=422)
    admin = {**SVEN, "hsa_id": "", "permissions": ["admin"]}
    await office.call("POST", "/organisations/ny/staff", {**admin, "permissions": []}, status=403)
    await office.call("POST", "/organisations/ny/staff", admin, status=201)
    await office.call("POST", "/organisations/ny/staff", {**admin, "title": "En till"}, status=403)
    await office.call("GET", "/organisations/ny/staff", status=404)
    changed = await office.call("PATCH", "/organisations/ny", {"phone": "0980-31 92 91"})
    assert (changed["phone"], changed["name"]) == ("0980-31 92 91", "Ny kommun")


async def test_units(office: Office) -> None:
    await office.log_in("Britta Holm")
    unit = await office.call("POST", f"{PLACE}/units", {"name": "Skolan"}, status=201)
    await office.call("POST", f"{PLACE}/units", {"name": "Skolan"}, status=409)
    await office.call("PATCH", f"{PLACE}/units/{unit['id']}", {"name": "Norra skolan"})
    names = [one["name"] for one in (await office.call("GET", f"{PLACE}/units"))["units"]]
    assert "Norra skolan" in names
    await office.call("DELETE", f"{PLACE}/units/{unit['id']}", status=204)
    await office.call("DELETE", f"{PLACE}/units/{unit['id']}", status=404)


async def test_a_file_is_tried_and_imported(office: Office) -> None:
    await office.log_in("Britta Holm")
    good = f"{HEADER}\n189001079806;;Sven;Lund;Undersköterska;Hemtjänsten;värd;\n"
    path, sent = f"{PLACE}/staff/import", {"Content-Type": "text/csv"}
    tried = await office.call("POST", f"{path}?dry_run=1", data=good.encode(), headers=sent)
    assert (len(tried["added"]), tried["bad"], tried["stored"]) == (1, [], False)
    bad = await office.call("POST", path, data=(good + "x;;Ove;;;;;\n").encode(), headers=sent)
    assert bad["stored"] is False
    assert [(one["row"], one["column"]) for one in bad["bad"]][:2] == [(3, "personnummer"), (3, "efternamn")]
    done = await office.call("POST", path, data=good.encode(), headers=sent)
    assert done["stored"]
    assert (await office.call("POST", path, data=good.encode(), headers=sent))["unchanged"] == 1
    assert "189001079806" not in str(done)


async def test_commissions(office: Office) -> None:
    await office.log_in("Kerstin Öberg", chosen=False)
    held = (await office.call("GET", "/commissions"))["commissions"]
    assert [(one["organisation"], one["chosen"]) for one in held] == [
        ("region-hoga-kusten", False),
        ("sorvik", False),
    ]
    await office.call("POST", f"/commissions/{held[1]['id']}")
    assert [one["chosen"] for one in (await office.call("GET", "/commissions"))["commissions"]] == [False, True]
    await office.call("POST", "/commissions/nordvik-anna", status=404)
    assert "commission.chosen" in await office.events()
