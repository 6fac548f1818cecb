"""Importing staff from a file: what it would change, shown first; then all of it or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth.directory import Administrator, Directory, Entry
from auth.errors import LastAdministrator, NotOperator, Refusal
from auth.fields import InvalidFields
from auth.people import Staff
from auth.staff_csv import BadRow, parse, stands_already


@dataclass(frozen=True, slots=True)
class Preview:
    """entries: row number to what it would store. bad: why the file cannot be imported; empty where it can."""

    entries: dict[int, Entry]
    bad: tuple[BadRow, ...]

    @property
    def added(self) -> list[Staff]:
        return [entry.staff for entry in self.entries.values() if entry.before is None]

    @property
    def changed(self) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.before is not None and entry.changed]

    @property
    def unchanged(self) -> int:
        return sum(not entry.changed for entry in self.entries.values())


class StaffImport:
    def __init__(self, directory: Directory, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._clock = clock

    async def preview(self, who: Administrator, organisation: str, content: bytes) -> Preview:
        """The dry run: nothing is stored, and that it was made is in the log before it is shown. Raises UnknownHere
        for another organisation, AuditUnavailable."""
        found = await self._read(who, organisation, content)
        bad = len({one.row for one in found.bad})
        await self._directory.tried(who, organisation, rows=len(found.entries), bad=bad)
        return found

    async def _read(self, who: Administrator, organisation: str, content: bytes) -> Preview:
        present = await self._directory.staff_in(who, organisation, ended=True)
        place = await self._directory.organisation(who, organisation)
        parsed = parse(content, self._clock())
        entries: dict[int, Entry] = {}
        bad = list(parsed.bad)
        for at, row in parsed.rows.items():
            try:
                entry = await self._directory.entry(who, place, row, present)
            except InvalidFields as invalid:
                bad += [BadRow(at, "hsa-id", one.swedish, one.english) for one in invalid.problems]
                continue
            entries[at] = _same_person(entry, entries)
            if self._directory.oversteps(who, entries[at]):
                bad.append(_of(NotOperator(), at, "behörigheter"))
        told = {one.row for one in bad}
        bad += [one for one in _twice(entries) if one.row not in told]
        if not bad:
            bad += await self._refused(who, organisation, entries)
        return Preview(entries, tuple(sorted(bad, key=lambda one: one.row)))

    async def store(self, who: Administrator, organisation: str, content: bytes) -> Preview:
        """What `preview` shows, done where nothing is bad; the same answer. Raises AuditUnavailable, TakenAlready."""
        preview = await self._read(who, organisation, content)
        if not preview.bad:
            await self._directory.store(who, organisation, list(preview.entries.values()))
        return preview

    async def _refused(self, who: Administrator, organisation: str, entries: dict[int, Entry]) -> list[BadRow]:
        """What the file as a whole may not do."""
        try:
            await self._directory.refuse(who, organisation, list(entries.values()))
        except LastAdministrator as refusal:
            return [_of(refusal)]
        return []


def _of(refusal: Refusal, row: int = 0, column: str = "") -> BadRow:
    return BadRow(row, column, refusal.text("sv"), refusal.text("en"))


def _twice(entries: dict[int, Entry]) -> list[BadRow]:
    """One person's same commission in two rows, though one names them by number and the other by HSA-id."""
    seen: dict[tuple[str, str, str], int] = {}
    bad = []
    for at, entry in entries.items():
        staff = entry.staff
        first = seen.setdefault((staff.person.id, staff.title, staff.unit), at)
        if first != at:
            bad.append(stands_already(at, first))
    return bad


def _same_person(entry: Entry, entries: dict[int, Entry]) -> Entry:
    """Two rows of somebody new are one person with two commissions."""
    checked = entry.checked
    for other in entries.values():
        if checked is None or other.checked is None or entry.before is not None:
            continue
        same = checked.number is not None and checked.number == other.checked.number
        same |= checked.hsa_id is not None and checked.hsa_id == other.checked.hsa_id
        if same and other.staff.person.id != entry.staff.person.id:
            return entry.of(other.staff.person)
    return entry
