"""The form of a planned meeting: four steps, all of it carried along in the form, so nothing is lost on an error.

Field names are those of the JSON body (`person.given_name`, `invitations.0.name`), so `rooms.drafts` names them in its
faults. Pure: form values in, a draft and the step's errors out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from auth.fields import InvalidFields
from auth.randomness import new_id
from rooms.consent_rule import OF_AGE, under
from rooms.drafts import USUAL_LENGTH, InvitationDraft, MeetingDraft, check_meeting
from signaling.i18n import ZONE

STEPS = 4
MOST_PEOPLE = 20
YEARS = range(2000, 2200)
LONGEST_VALUE = 2_000

STEP_FIELDS: dict[int, tuple[str, ...]] = {
    1: ("person.identity_number", "person.given_name", "person.surname", "type", "consent", "purpose"),
    2: ("invitations", "sole_guardian"),
    3: ("date", "starts", "ends", "place"),
}
PERSON_FIELDS = (
    "name",
    "identity_number",
    "party",
    "role",
    "organisation",
    "task",
    "representation",
    "phone",
    "sms_reason",
)
PRINCIPALS = ("kommun", "region")

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_PERSON = re.compile(r"invitations\.(\d{1,2})\.(\w+)")


@dataclass
class Form:
    """Values and errors of a form by field name, as `web/templates/_fields.html` asks for them."""

    values: dict[str, str] = field(repr=False, default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        return self.errors.get(name, "")


@dataclass
class PlanForm(Form):
    """step: 1..4. now: start at once, so the third step asks only for the place. id: of this form through all its
    steps, so that it makes one meeting however often it is sent."""

    step: int = 1
    now: bool = False
    id: str = field(default_factory=new_id)

    @property
    def people(self) -> range:
        """Indexes of the people invited so far; always at least one row."""
        found = [int(match[1]) for name in self.values if (match := _PERSON.fullmatch(name))]
        return range(min(max(found, default=0) + 1, MOST_PEOPLE))

    @property
    def young(self) -> bool:
        """Whether the form asks about guardians: where the identity number tells of somebody not of age."""
        number = digits(self.value("person.identity_number"))
        return bool(re.fullmatch(r"\d{12}", number, re.ASCII) and under(number, OF_AGE, date.today()))  # noqa: DTZ011

    def add_person(self) -> None:
        at = len(self.people)
        if at < MOST_PEOPLE:
            self.values[f"invitations.{at}.name"] = ""

    def remove_person(self, gone: int) -> None:
        kept = [at for at in self.people if at != gone]
        rows = [{name: self.value(f"invitations.{at}.{name}") for name in PERSON_FIELDS} for at in kept]
        self.values = {name: value for name, value in self.values.items() if not _PERSON.fullmatch(name)}
        for at, row in enumerate(rows):
            self.values.update({f"invitations.{at}.{name}": value for name, value in row.items()})

    def hidden(self) -> dict[str, str]:
        """What the other steps hold, to be carried along."""
        shown = STEP_FIELDS.get(self.step, ())
        return {name: value for name, value in self.values.items() if not name.startswith(shown)}


def read(values: Mapping[str, object]) -> PlanForm:
    """The form as it was sent; unknown fields are dropped and values are cut at LONGEST_VALUE characters."""
    known = {name for names in STEP_FIELDS.values() for name in names}
    kept = {
        name: value[:LONGEST_VALUE]
        for name, value in values.items()
        if isinstance(value, str)
        and (name in known or ((found := _PERSON.fullmatch(name)) and found[2] in PERSON_FIELDS))
    }
    step = str(values.get("step", "1"))
    form = PlanForm(values=kept, step=int(step) if step in "1234" and len(step) == 1 else 1, now="now" in values)
    if _ID.fullmatch(told := str(values.get("form", ""))):
        form.id = told
    return form


def begun(now: datetime, *, at_once: bool) -> PlanForm:
    """An empty form: the next whole half hour, 45 minutes long."""
    local = now.astimezone(ZONE)
    start = local.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=30 * (local.minute // 30 + 1))
    values = {
        "date": start.strftime("%Y-%m-%d"),
        "starts": start.strftime("%H:%M"),
        "ends": (start + USUAL_LENGTH).strftime("%H:%M"),
        "type": "planning",
    }
    return PlanForm(values=values, now=at_once)


def draft_of(form: PlanForm) -> MeetingDraft:
    """The draft the form describes; rows without a name, number and telephone are left out."""
    return MeetingDraft(
        type=form.value("type"),
        given_name=form.value("person.given_name"),
        surname=form.value("person.surname"),
        identity_number=digits(form.value("person.identity_number")),
        place=form.value("place"),
        purpose=form.value("purpose"),
        consent=form.value("consent") or None,
        starts_at=None if form.now else moment(form.value("date"), form.value("starts")),
        ends_at=None if form.now else moment(form.value("date"), form.value("ends")),
        invitations=tuple(invitation_of(form, f"invitations.{at}.") for at in filled_rows(form)),
        start_now=form.now,
        sole_guardian=form.value("sole_guardian") == "1",
    )


def filled_rows(form: PlanForm) -> list[int]:
    return [
        at
        for at in form.people
        if any(form.value(f"invitations.{at}.{name}").strip() for name in ("name", "identity_number", "phone"))
    ]


def invitation_of(form: Form, prefix: str = "") -> InvitationDraft:
    """One row. A principal's staff are called, others invited (LUS 4:3); a relative has a relation, not a role."""
    party = form.value(f"{prefix}party") or "other"
    role = form.value(f"{prefix}role")
    task = form.value(f"{prefix}task")
    return InvitationDraft(
        name=form.value(f"{prefix}name"),
        identity_number=digits(form.value(f"{prefix}identity_number")),
        kind="called" if party in PRINCIPALS else "invited",
        role="" if party == "home" else role,
        organisation="" if party == "home" else form.value(f"{prefix}organisation"),
        party=party,
        relation=role if party == "home" else "",
        co_host=task == "co_host",
        host=task == "host",
        phone=form.value(f"{prefix}phone"),
        sms_reason=form.value(f"{prefix}sms_reason"),
        representation=form.value(f"{prefix}representation") or "none",
    )


def check(form: PlanForm, now: datetime, language: str, *, whole: bool = False) -> bool:
    """Puts the faults of this step (or of all) in `form.errors`; True where there are none."""
    form.errors = {}
    try:
        check_meeting(draft_of(form), now)
    except InvalidFields as invalid:
        shown = ("",) if whole else STEP_FIELDS.get(form.step, ("",))
        form.errors = {
            name: text for name, text in faults_of(form, invalid, language).items() if name.startswith(shown)
        }
    return not form.errors


def faults_of(form: PlanForm, invalid: InvalidFields, language: str) -> dict[str, str]:
    """Each fault of the draft by the form's own field, in the order of the page; the first of a field counts."""
    rows, found = filled_rows(form), dict[str, str]()
    for fault in invalid.fields(language):
        found.setdefault(_as_in_form(fault["field"], rows), fault["message"])
    return dict(sorted(found.items(), key=lambda item: _place_in_form(item[0])))


def step_of(errors: Mapping[str, str]) -> int:
    """The first step that has an error."""
    return min(
        (step for step, names in STEP_FIELDS.items() for name in errors if name.startswith(names)), default=STEPS
    )


def _place_in_form(name: str) -> int:
    """The summary lists errors in the order of the page; people keep the order they were found in."""
    order = [field for names in STEP_FIELDS.values() for field in names]
    return next((at for at, field in enumerate(order) if name.startswith(field)), len(order))


def _as_in_form(place: str, rows: list[int]) -> str:
    """The form's field for a draft's: times are written as date and clock, rows without text are not in the draft."""
    if place in ("starts_at", "ends_at"):
        return {"starts_at": "starts", "ends_at": "ends"}[place]
    if (found := _PERSON.fullmatch(place)) and int(found[1]) < len(rows):
        name = {"relation": "role", "kind": "party"}.get(found[2], found[2])
        return f"invitations.{rows[int(found[1])]}.{name}"
    return "invitations.0.name" if place == "invitations" else place


def digits(text: str) -> str:
    """An identity number as people write it, without the hyphen or spaces between its parts."""
    return re.sub(r"(?<=\d)[ -](?=\d)", "", text.strip())


def moment(date: str, clock: str) -> datetime | None:
    """`2026-11-24` and `10:00` (or `10.00`) in Swedish time, as UTC; None where they cannot be read, or lie so far off
    that a day and a zone cannot be added (a year half written is 0002)."""
    found = re.fullmatch(r"(\d{1,2})[.:]?(\d{2})", clock.strip(), re.ASCII)
    try:
        day = datetime.strptime(date.strip(), "%Y-%m-%d")  # noqa: DTZ007 - the zone is added below
        if found is None or day.year not in YEARS:
            return None
        return day.replace(hour=int(found[1]), minute=int(found[2]), tzinfo=ZONE).astimezone(UTC)
    except ValueError:
        return None
