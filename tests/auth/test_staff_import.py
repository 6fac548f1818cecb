"""Importing: a dry run that changes nothing, all or nothing, and one person in two rows is one."""

from collections.abc import Sequence

import pytest

from audit.log import AuditUnavailable
from auth.commissions import Commissions
from auth.directory import Administrator, Directory
from auth.identity_number import IdentityNumber
from auth.staff_draft import StaffDraft, check_staff
from auth.staff_import import StaffImport
from auth.store import SessionRows
from tests.auth.conftest import House

ROOT = Administrator.command_line("root")
HEADER = "personnummer;hsa-id;förnamn;efternamn;titel;enhet;behörigheter;sista dag"
PER = "199510112395;;Per;Wiklund;Handläggare;Äldreomsorgen;planerare;"


def rows(*lines: str) -> bytes:
    return "\n".join((HEADER, *lines)).encode()


@pytest.fixture
def directory(house: House) -> Directory:
    commissions = Commissions(house.people, SessionRows(house.engine), house.sessions, house.log)
    return Directory(house.people, house.log, commissions, house.clock)


@pytest.fixture
def importing(directory: Directory, house: House) -> StaffImport:
    return StaffImport(directory, house.clock)


async def names(house: House) -> Sequence[tuple[str, str]]:
    return [(staff.person.name, staff.title) for staff in await house.people.staff_in("nordvik")]


async def test_shown_then_done(importing: StaffImport, house: House) -> None:
    file = rows(PER, ";SE2120009911-1;Siv;Ek;Kurator;Skolan;värd;", ";se2120009911-1;Siv;Ek;Chef;Skolan;;")
    shown = await importing.preview(ROOT, "nordvik", file)
    assert (len(shown.added), shown.changed, shown.unchanged, shown.bad) == (3, [], 0, ())
    assert await names(house) == [("Anna Sjödin", "Distriktssköterska")]
    assert [(event.type, event.organisation, dict(event.details)) for event in house.log.events] == [
        ("staff.file_tried", "nordvik", {"rows": 3, "bad": 0})
    ]
    house.log.events.clear()
    await importing.store(ROOT, "nordvik", file)
    staff = await house.people.staff_in("nordvik")
    assert len({one.person.id for one in staff}) == 3
    assert len(staff) == 4
    assert [event.type for event in house.log.events] == ["staff.added"] * 3
    again = await importing.store(ROOT, "nordvik", rows(PER, PER.replace("Handläggare", "Chef")))
    assert (len(again.added), again.changed, again.unchanged) == (1, [], 1)
    changed = await importing.store(ROOT, "nordvik", rows(PER.replace("planerare", "granskare")))
    assert [entry.staff.title for entry in changed.changed] == ["Handläggare"]


async def test_one_bad_row_and_nothing_is_imported(importing: StaffImport, house: House) -> None:
    preview = await importing.store(ROOT, "nordvik", rows(PER, PER.replace("199510112395", "199510112396")))
    assert [bad.row for bad in preview.bad] == [3]
    assert len(preview.added) == 1
    assert await names(house) == [("Anna Sjödin", "Distriktssköterska")]
    assert house.log.events == []


async def test_what_the_directory_refuses_is_told_as_rows(
    importing: StaffImport, directory: Directory, house: House
) -> None:
    admin = StaffDraft("Britta", "Holm", "Chef", "Kansliet", ("admin",), "189001069815", "SE2120009911-9")
    await directory.add_staff(ROOT, "nordvik", check_staff(admin, house.clock()))
    stolen = await importing.store(ROOT, "nordvik", rows(PER.replace(";;", ";SE2120009911-9;", 1)))
    assert [(bad.row, bad.column) for bad in stolen.bad] == [(2, "hsa-id")]
    last = await importing.store(ROOT, "nordvik", rows("189001069815;;Britta;Holm;Chef;Kansliet;;"))
    assert [bad.row for bad in last.bad] == [0]
    britta = Administrator(ROOT.actor, "nordvik")
    grab = await importing.store(britta, "nordvik", rows(PER.replace("planerare", "drift")))
    assert [(bad.row, bad.column) for bad in grab.bad] == [(2, "behörigheter")]


async def test_a_dry_run_tells_no_name_that_was_not_written_or_known(importing: StaffImport, house: House) -> None:
    number = IdentityNumber.parse("199510112395")
    per = await house.people.save_named(number, given_name="Per", surname="Wiklund", name="Per Wiklund")
    file = rows(PER.replace("Per;Wiklund", "Någon;Annan"))
    for take in (importing.preview, importing.store):
        found = await take(ROOT, "nordvik", file)
        assert [(one.person.id, one.person.name) for one in found.added] == [(per.id, "Någon Annan")]
    assert ("Per Wiklund", "Handläggare") in await names(house)
    again = await importing.preview(ROOT, "nordvik", rows(PER.replace("Per;Wiklund;H", "Någon;Annan;Biståndsh")))
    assert [one.person.name for one in again.added] == ["Per Wiklund"], "who works here is known here"


async def test_the_log_is_down(importing: StaffImport, house: House) -> None:
    house.log.down = True
    with pytest.raises(AuditUnavailable):
        await importing.preview(ROOT, "nordvik", rows(PER))
    with pytest.raises(AuditUnavailable):
        await importing.store(ROOT, "nordvik", rows(PER))
    assert await names(house) == [("Anna Sjödin", "Distriktssköterska")]


async def test_what_only_operators_may_give_stands_at_its_row(importing: StaffImport, house: House) -> None:
    anna = Administrator(ROOT.actor, "nordvik")
    file = rows(PER, ";SE2120009911-1;Siv;Ek;Kurator;Skolan;drift;")
    (bad,) = (await importing.store(anna, "nordvik", file)).bad
    assert (bad.row, bad.column) == (3, "behörigheter")
    assert "drift" in bad.swedish
    assert await names(house) == [("Anna Sjödin", "Distriktssköterska")]


async def test_one_person_by_number_and_by_hsa_id_is_no_two_commissions(importing: StaffImport, house: House) -> None:
    both = PER.replace(";;", ";SE2120009911-1;", 1)
    await importing.store(ROOT, "nordvik", rows(both))
    by_hsa_id = both.replace("199510112395", "").replace("Handläggare", "Chef")
    twice = rows(PER.replace("Handläggare", "Chef"), by_hsa_id)
    (bad,) = (await importing.store(ROOT, "nordvik", twice)).bad
    assert bad.row == 3
    assert "rad 2" in bad.swedish
    assert len(await names(house)) == 2
