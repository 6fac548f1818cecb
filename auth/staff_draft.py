"""What an administrator may write of a commission: bounds and rules of the fields, each fault named in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from auth.fields import Faults
from auth.hsa_id import HsaId, InvalidHsaId
from auth.identity_number import IdentityNumber
from auth.people import Permission

NAME = 100
LINE = 200
FURTHEST = timedelta(days=50 * 366)
STOCKHOLM = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class StaffDraft:
    """One commission as it was written; text until checked. valid_to: the last day, "2027-06-30", or empty."""

    given_name: str
    surname: str
    title: str
    unit: str
    permissions: Sequence[str] = ()
    identity_number: str = field(default="", repr=False)
    hsa_id: str = field(default="", repr=False)
    valid_to: str = ""


@dataclass(frozen=True, slots=True)
class CheckedStaff:
    """The same with every field found good: a number, an HSA-id or both."""

    given_name: str
    surname: str
    title: str
    unit: str
    permissions: frozenset[Permission]
    number: IdentityNumber | None
    hsa_id: HsaId | None
    valid_to: datetime | None

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"


class StaffFaults(Faults):
    """What can be wrong with a commission."""

    def permissions(self, name: str, given: Sequence[str]) -> frozenset[Permission]:
        known = {permission.value for permission in Permission}
        if any(permission not in known for permission in given):
            self.add(name, "Det finns ingen sådan behörighet.", "There is no such permission.")
        return frozenset(Permission(permission) for permission in given if permission in known)

    def last_day(self, name: str, text: str, now: datetime) -> datetime | None:
        """The end of that day in Sweden."""
        if not text.strip():
            return None
        try:
            day = date.fromisoformat(text.strip())
        except ValueError:
            self.add(
                name,
                "Skriv dagen som år, månad och dag, till exempel 2027-06-30.",
                "Write the day as year, month and day, for example 2027-06-30.",
            )
            return None
        if not now.astimezone(STOCKHOLM).date() <= day <= (now + FURTHEST).date():
            self.add(
                name,
                "Dagen har varit, eller ligger för långt fram. Ska uppdraget sluta nu, avsluta det i stället.",
                "The day has been, or is too far ahead. If the assignment is to end now, end it instead.",
            )
            return None
        return datetime.combine(day + timedelta(days=1), time(), STOCKHOLM)


def check_staff(draft: StaffDraft, now: datetime, *, known: bool = False) -> CheckedStaff:
    """known: a commission that exists is changed, so who it is does not have to be said. Raises InvalidFields with
    every fault."""
    faults = StaffFaults()
    number, hsa_id = _identity(faults, draft, known=known)
    checked = CheckedStaff(
        draft.given_name if known else faults.line("given_name", draft.given_name, NAME),
        draft.surname if known else faults.line("surname", draft.surname, NAME),
        faults.line("title", draft.title, LINE),
        faults.line("unit", draft.unit, LINE),
        faults.permissions("permissions", draft.permissions),
        number,
        hsa_id,
        faults.last_day("valid_to", draft.valid_to, now),
    )
    faults.stop()
    return checked


def _identity(faults: StaffFaults, draft: StaffDraft, *, known: bool) -> tuple[IdentityNumber | None, HsaId | None]:
    number = hsa_id = None
    if draft.identity_number.strip():
        number = faults.number("identity_number", draft.identity_number)
    if draft.hsa_id.strip():
        try:
            hsa_id = HsaId.parse(draft.hsa_id.strip(" "))
        except InvalidHsaId:
            faults.add(
                "hsa_id",
                "Det är inget HSA-id. Det börjar med SE och organisationens tio siffror, sedan ett bindestreck.",
                "This is not an HSA-id. It begins with SE and the organisation's ten digits, then a hyphen.",
            )
    if not known and not draft.identity_number.strip() and not draft.hsa_id.strip():
        faults.add(
            "identity_number",
            "Skriv personnummer eller HSA-id. Annars kan personen inte logga in.",
            "Write an identity number or an HSA-id. Otherwise the person cannot log in.",
        )
    return number, hsa_id
