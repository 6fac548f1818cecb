"""CSV as Swedish Excel writes it; every bad row with its number, column and reason."""

from datetime import UTC, datetime

import pytest

from auth.people import Permission
from auth.staff_csv import COLUMNS, LARGEST, MOST_ROWS, TEMPLATE, Parsed, parse

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HEADER = "personnummer;hsa-id;förnamn;efternamn;titel;enhet;behörigheter;sista dag"
PER = "19951011-2395;;Per;Wiklund;Handläggare;Äldreomsorgen;värd, planerare;2027-06-30"
SIV = ";SE2120009911-1;Siv;Ek;Kurator;Skolan;;"


def read(*lines: str, encoding: str = "utf-8", end: str = "\r\n") -> Parsed:
    return parse((end.join(lines) + end).encode(encoding), NOW)


def told(parsed: Parsed) -> list[tuple[int, str]]:
    return [(bad.row, bad.column) for bad in parsed.bad]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_as_excel_writes_it(encoding: str, end: str) -> None:
    parsed = read(HEADER, PER, ";;;;;;;", SIV, encoding=encoding, end=end)
    assert parsed.bad == ()
    assert list(parsed.rows) == [2, 4]
    assert parsed.rows[2].permissions == {Permission.HOST, Permission.PLANNER}
    assert parsed.rows[4].hsa_id is not None
    assert parsed.rows[4].permissions == frozenset()


def test_commas_quotes_and_another_order() -> None:
    parsed = read(
        "Titel,Enhet,Behörigheter,Personnummer,HSA-id,Förnamn,Efternamn,Kommentar",
        '"Chef, vikarie","Enhet ""Norra""",GRANSKARE+Administratör,199510112395,,Per,Wiklund,bra',
    )
    assert parsed.bad == ()
    row = parsed.rows[2]
    assert (row.title, row.unit) == ("Chef, vikarie", 'Enhet "Norra"')
    assert row.permissions == {Permission.AUDITOR, Permission.ADMIN}


def test_the_template_is_read_and_has_every_column() -> None:
    parsed = parse((TEMPLATE + PER + "\r\n").encode(), NOW)
    assert parsed.bad == ()
    assert TEMPLATE.strip("\ufeff\r\n").split(";") == list(COLUMNS)


def test_every_bad_row_is_told() -> None:
    parsed = read(
        HEADER,
        "１９９５１０１１２３９５;;Per;Wiklund;Chef;Kansliet;värd;",
        "199510112395;SE2120009912-1;Per;;Chef;Kansliet;kung;2020-01-01",
        "199510112395;;Per;Wiklund;Chef;Kansliet;värd;;;extra",
        PER,
        PER.replace("19951011-2395", "199510112395"),
        "199503282387;;Rut;Söderlind;Chef",
    )
    assert told(parsed) == [
        (2, "personnummer"),
        (3, "hsa-id"),
        (3, "efternamn"),
        (3, "sista dag"),
        (3, "behörigheter"),
        (4, ""),
        (7, "enhet"),
        (6, ""),
    ]
    for bad in parsed.bad:
        assert "1995" not in bad.swedish + bad.english
        assert bad.swedish.endswith((".", "?"))
        assert bad.message("en") == bad.english != bad.message("sv")
    assert "rad 5" in parsed.bad[-1].swedish


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe" + HEADER.encode("utf-16-le"),
        (HEADER + "\r\n" + PER).encode("cp1252"),
        HEADER.encode(),
        f"{HEADER}\r\n;;;\r\n".encode(),
        f"{HEADER}\r\n{PER}".replace("Per;", '"Per;').encode(),
        HEADER.replace("titel;", "").encode() + b"\r\n",
        (HEADER + ";titel\r\n").encode(),
        b"PK\x03\x04 a spreadsheet",
        (HEADER + "\r\n" + (SIV + "\r\n") * (MOST_ROWS + 1)).encode(),
        b"x" * (LARGEST + 1),
        b"a;b\r\n" * 10,
        b"\x00" * 10,
    ],
)
def test_files_that_cannot_be_read(content: bytes) -> None:
    parsed = parse(content, NOW)
    assert parsed.rows == {}
    assert len(parsed.bad) == 1
    assert parsed.bad[0].row in (0, 1, 2)


def test_a_quotation_mark_without_an_end_names_its_row() -> None:
    assert told(read(HEADER, PER, '199503282387;;"Rut;Söderlind;Chef;Kansliet;;', SIV)) == [(3, "")]
