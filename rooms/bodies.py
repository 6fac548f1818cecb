"""Meetings written as JSON, for the HTTP interface and the command line: shapes here, meaning in `drafts`."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from auth.fields import FieldError, InvalidFields
from rooms.drafts import InvitationDraft, MeetingChange, MeetingDraft
from rooms.meeting import HomePerson

# Far above every real limit, which `rooms.drafts` names in words: this only bounds the work of looking.
Text = Annotated[str, StringConstraints(max_length=20_000)]
MOST_ITEMS = 200
# Far from the ends of the calendar, so that a zone or a day can be added to any time that passes.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _written(value: Any) -> Any:
    # pydantic would also read 0.5 and "0.5" as seconds since 1970.
    if isinstance(value, str) and "-" not in value[1:]:
        raise PydanticCustomError("datetime_parsing", "not a date and time")
    if isinstance(value, int | float):
        raise PydanticCustomError("datetime_type", "not a date and time")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


class Body(BaseModel):
    """Unknown fields are let pass, so that a program made for a later version still works."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class InvitationBody(Body):
    """One person to call or invite. phone: where a code is sent to one who has no e-legitimation; sms_reason: why.
    representation: `rooms.meeting.Representation`, for one who speaks for the person or interprets.
    """

    name: Text
    identity_number: Text = Field(repr=False)
    kind: Text = "invited"
    role: Text = ""
    organisation: Text = ""
    party: Text = "other"
    relation: Text = ""
    co_host: bool = False
    host: bool = False
    phone: Text = Field("", repr=False)
    sms_reason: Text = ""
    representation: Text = "none"

    def draft(self) -> InvitationDraft:
        return InvitationDraft(**self.model_dump())


class PersonBody(Body):
    """The person the meeting is about."""

    given_name: Text
    surname: Text
    identity_number: Text = Field(repr=False)


class MeetingBody(Body):
    """A meeting to plan; with start_now the times may be left out. sole_guardian: its child has one alone."""

    type: Text
    person: PersonBody
    place: Text
    purpose: Text
    consent: Text | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    invitations: list[InvitationBody] = Field([], max_length=MOST_ITEMS)
    start_now: bool = False
    sole_guardian: bool = False

    def draft(self) -> MeetingDraft:
        return MeetingDraft(
            type=self.type,
            given_name=self.person.given_name,
            surname=self.person.surname,
            identity_number=self.person.identity_number,
            place=self.place,
            purpose=self.purpose,
            consent=self.consent,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            invitations=tuple(item.draft() for item in self.invitations),
            start_now=self.start_now,
            sole_guardian=self.sole_guardian,
        )


class ChangeBody(Body):
    """New values of a planned meeting; what is left out stays."""

    type: Text | None = None
    place: Text | None = None
    purpose: Text | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    sole_guardian: bool | None = None

    def change(self) -> MeetingChange:
        return MeetingChange(**self.model_dump())


class JoinBody(Body):
    """home: take the seat of the patient's home. key: the browser's public key for end-to-end encryption (P-256,
    uncompressed, base64url); none: it cannot. unencrypted: one who leads goes in all the same.
    """

    home: bool = False
    key: Annotated[str, StringConstraints(max_length=100)] | None = None
    unencrypted: bool = False


class AdmitBody(Body):
    """unencrypted: also where the person's browser cannot encrypt end to end."""

    unencrypted: bool = False


class ReadyBody(Body):
    ready: bool = True


class NetworkBody(Body):
    """weak: too weak for pictures."""

    weak: bool


class DenyBody(Body):
    """final: out of the lobby; otherwise "Inte än", and the person keeps waiting."""

    final: bool = False


class ConsentBody(Body):
    """yes: the caller consents; false: they do not, or no longer."""

    yes: bool


class ConsentRegisterBody(Body):
    """reason: how the yes was given, and where it is kept."""

    reason: Text


class CoHostBody(Body):
    co_host: bool = True


class HomePersonBody(Body):
    name: Text
    relation: Text = ""


class HomeBody(Body):
    """Who sits in the patient's home."""

    people: list[HomePersonBody] = Field(max_length=MOST_ITEMS)

    def named(self) -> list[HomePerson]:
        return [HomePerson(person.name, person.relation) for person in self.people]


class RangeQuery(Body):
    """``from`` and ``to`` of a list of meetings."""

    since: Moment | None = Field(None, alias="from", ge=EARLIEST, le=LATEST)
    until: Moment | None = Field(None, alias="to", ge=EARLIEST, le=LATEST)


BodyType = TypeVar("BodyType", bound=Body)


def shaped(kind: type[BodyType], content: dict[str, Any]) -> BodyType:
    """Raises InvalidFields."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise InvalidFields([_named(problem["loc"], problem["type"]) for problem in problems]) from None


def _named(place: tuple[int | str, ...], kind: str) -> FieldError:
    field = ".".join(str(part) for part in place)
    if kind == "missing":
        return FieldError(field, "Fyll i det här.", "Fill this in.")
    if kind.startswith(("datetime", "timezone")):
        return FieldError(
            field,
            "Skriv datum och klockslag med tidszon, till exempel 2026-11-24T10:00+01:00.",
            "Write date and time with its zone, for example 2026-11-24T10:00+01:00.",
        )
    if kind in ("string_too_long", "too_long"):
        return FieldError(field, "Det är för långt. Korta det.", "This is too long. Shorten it.")
    return FieldError(
        field, "Det här går inte att läsa. Skriv det på nytt.", "This cannot be read. Write it once more."
    )
