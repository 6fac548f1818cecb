"""Staff in a CSV file: read, with every bad row told, and the template to fill in. Pure.

What Swedish Excel writes is taken: UTF-8 with or without a byte order mark, semicolons or commas between the columns,
quotes around what holds them, any line ends.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auth.fields import InvalidFields
from auth.people import Permission
from auth.staff_draft import CheckedStaff, StaffDraft, check_staff

LARGEST = 60 * 1024
"""Bytes of one file; the server takes no larger body."""
MOST_ROWS = 500

COLUMNS = {
    "personnummer": "identity_number",
    "hsa-id": "hsa_id",
    "förnamn": "given_name",
    "efternamn": "surname",
    "titel": "title",
    "enhet": "unit",
    "behörigheter": "permissions",
    "sista dag": "valid_to",
}
"""Header to field. All but the last may not be left out of the header; order and case do not count."""
PERMISSIONS = {
    "värd": Permission.HOST,
    "planerare": Permission.PLANNER,
    "granskare": Permission.AUDITOR,
    "administratör": Permission.ADMIN,
    "drift": Permission.OPERATOR,
}
_HEADERS = {field: header for header, field in COLUMNS.items()}
TEMPLATE = "\ufeff" + ";".join(COLUMNS) + "\r\n"
"""With the mark by which Excel knows UTF-8."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """row: as the spreadsheet numbers it, the header is 1; 0: the whole file. column: its header, or empty."""

    row: int
    column: str
    swedish: str
    english: str

    def message(self, language: str) -> str:
        return self.english if language == "en" else self.swedish


@dataclass(frozen=True, slots=True)
class Parsed:
    """rows: row number to what it asks for; bad: everything that is wrong, in order. Both may have something."""

    rows: Mapping[int, CheckedStaff]
    bad: tuple[BadRow, ...]


def parse(content: bytes, now: datetime) -> Parsed:
    """Every row checked by itself; what rows mean together is `auth.staff_import`'s."""
    text, wrong = _text(content)
    if wrong is not None:
        return Parsed({}, (wrong,))
    lines: list[list[str]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True):
            lines.append(cells)
    except csv.Error:
        return Parsed({}, (_quotes(len(lines) + 1),))
    header = [cell.strip().casefold() for cell in lines[0]] if lines else []
    if (wrong := _header(header)) is not None:
        return Parsed({}, (wrong,))
    filled = [(at, cells) for at, cells in enumerate(lines[1:], 2) if any(cell.strip() for cell in cells)]
    if not filled:
        return Parsed({}, (BadRow(0, "", "Filen har inga rader.", "The file has no rows."),))
    if len(filled) > MOST_ROWS:
        swedish = f"Filen har {len(filled)} rader. Dela den i delar om högst {MOST_ROWS}."
        english = f"The file has {len(filled)} rows. Split it into parts of {MOST_ROWS} at most."
        return Parsed({}, (BadRow(0, "", swedish, english),))
    rows: dict[int, CheckedStaff] = {}
    bad: list[BadRow] = []
    for at, cells in filled:
        found = _row(at, header, cells, now)
        if isinstance(found, CheckedStaff):
            rows[at] = found
        else:
            bad += found
    return Parsed(rows, (*bad, *_twice(rows)))


def _text(content: bytes) -> tuple[str, BadRow | None]:
    if len(content) > LARGEST:
        swedish = f"Filen är för stor. Dela den i delar om högst {LARGEST // 1024} kB."
        english = f"The file is too large. Split it into parts of {LARGEST // 1024} kB at most."
        return "", BadRow(0, "", swedish, english)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        swedish = "Filen går inte att läsa. Spara den i Excel som CSV UTF-8 (kommaavgränsad) och försök igen."
        english = "The file cannot be read. Save it in Excel as CSV UTF-8 (comma delimited) and try again."
        return "", BadRow(0, "", swedish, english)
    return text, None


def _separator(text: str) -> str:
    header = text.partition("\n")[0]
    return ";" if ";" in header else ","


def _quotes(row: int) -> BadRow:
    swedish = "Raden har ett citattecken som inte har någon ände, eller text efter det. Rätta det och försök igen."
    english = "The row has a quotation mark that is never closed, or text after it. Correct it and try again."
    return BadRow(row, "", swedish, english)


def _header(header: list[str]) -> BadRow | None:
    needed = [name for name, field in COLUMNS.items() if field != "valid_to"]
    if missing := [name for name in needed if name not in header]:
        names = ", ".join(missing)
        swedish = f"Kolumner saknas på första raden: {names}. Hämta mallen och använd dess rubriker."
        english = f"Columns are missing on the first row: {names}. Fetch the template and use its headings."
        return BadRow(1, "", swedish, english)
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        names = ", ".join(twice)
        return BadRow(1, "", f"Kolumner finns två gånger: {names}.", f"Columns stand twice: {names}.")
    return None


def _row(at: int, header: list[str], cells: list[str], now: datetime) -> CheckedStaff | list[BadRow]:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        swedish = "Raden har fler kolumner än rubriken. Står det ett semikolon eller komma i en ruta?"
        english = "The row has more columns than the heading. Is there a semicolon or comma in a cell?"
        return [BadRow(at, "", swedish, english)]
    values = dict.fromkeys(COLUMNS.values(), "")
    for name, cell in zip(header, cells, strict=False):
        if name in COLUMNS:
            values[COLUMNS[name]] = cell.strip()
    given, unknown = _permissions(values.pop("permissions"))
    bad = []
    if unknown:
        swedish = f"Det finns ingen sådan behörighet. Välj bland {', '.join(PERMISSIONS)}."
        english = f"There is no such permission. Choose among {', '.join(PERMISSIONS)}."
        bad.append(BadRow(at, "behörigheter", swedish, english))
    try:
        checked = check_staff(StaffDraft(**values, permissions=given), now)
    except InvalidFields as invalid:
        faults = zip(invalid.problems, invalid.fields("sv"), invalid.fields("en"), strict=True)
        bad = [BadRow(at, _HEADERS[one.field], sv["message"], en["message"]) for one, sv, en in faults] + bad
    return bad or checked


def _permissions(text: str) -> tuple[list[str], bool]:
    words = text.casefold().replace(",", " ").replace("+", " ").split()
    return [PERMISSIONS[word].value for word in words if word in PERMISSIONS], any(
        word not in PERMISSIONS for word in words
    )


def _twice(rows: Mapping[int, CheckedStaff]) -> list[BadRow]:
    seen: dict[object, int] = {}
    bad = []
    for at, row in rows.items():
        for key in (row.number, row.hsa_id):
            if key is None:
                continue
            first = seen.setdefault((key, row.title, row.unit), at)
            if first != at:
                bad.append(stands_already(at, first))
                break
    return bad


def stands_already(row: int, first: int) -> BadRow:
    """A commission that an earlier row asks for as well."""
    swedish = f"Samma person, titel och enhet står redan på rad {first}."
    english = f"The same person, title and unit stand on row {first} already."
    return BadRow(row, "", swedish, english)
