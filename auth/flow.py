"""What an identification in a browser is made of: who asks, what is stored, what is answered, what the app shows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from auth.bankid import Order
from auth.identity import Identity
from auth.people import Person
from auth.sessions import Session

_ZONE = ZoneInfo("Europe/Stockholm")
_DAYS = {
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "sv": ("jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def start_page(link: str | None, next_path: str | None) -> str:
    """The page on which an identification is begun, and begun anew: of the personal link with that token, else the
    staff's login, which still knows where it leads."""
    if link is not None:
        return f"/i/{link}"
    return f"/login?{urlencode({'next': next_path})}" if next_path is not None else "/login"


class Greeting(Protocol):
    """What may be told of a link before anyone has identified: the organisation that asks, and when the meeting is."""

    @property
    def organisation(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...


class Invited(Protocol):
    """What a link opens for the right person. next: the path of the meeting's page."""

    @property
    def invitation(self) -> str: ...
    @property
    def meeting(self) -> str: ...
    @property
    def next(self) -> str: ...


class Invitations(Protocol):
    """The check that the right person identified (`rooms.invitations`). Both raise `auth.errors.InvitationRefused`."""

    async def greeting(self, token: str) -> Greeting: ...
    async def identify(self, token: str, identity: Identity, person: Person) -> Invited:
        """Records a refusal itself, since it knows the meeting."""
        ...


@dataclass(frozen=True, slots=True)
class Browser:
    """Who asks. flow: the value of the flow cookie, a secret of this browser. language: sv or en.

    touch: the page counted several touch points (`browsers.device_of`).
    """

    flow: str = field(repr=False)
    address: str = field(repr=False)
    user_agent: str = field(repr=False)
    language: str
    touch: bool = False


class StoredOrder(BaseModel):
    """An order under way as it is ciphered into the database. answered_at: when BankID answered; the QR's second 0.

    device: what the page was opened on (`browsers.Device`); can_return: whether the app leads back with our nonce.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    order: Order
    answered_at: datetime
    address: str
    language: str
    same_device: bool
    link: str | None = None
    next: str | None = None
    device: str = ""
    can_return: bool = False

    def __repr__(self) -> str:
        return "StoredOrder(********)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Started:
    """Answer to a start. qr: content of the code at second 0."""

    transaction: str
    auto_start_token: str = field(repr=False)
    qr: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """How an identification stands. status: pending, complete or failed.

    problem: code of the refusal (`auth.errors`) where one ended it. qr: while the app has not been started.
    cookie: the value of the new session's cookie, told to the browser that started and nobody else.
    """

    status: str
    hint: str
    message: str
    qr: str | None = field(default=None, repr=False)
    next: str | None = None
    problem: str | None = None
    cookie: str | None = field(default=None, repr=False)
    session: Session | None = None


def visible_text(greeting: Greeting | None, language: str, *, kiosk: bool = False) -> str:
    """What the app shows, in BankID's simple markdown: what for, with whom and when, so that a person led here by a
    swindler's code sees it. Never whom the meeting is about. greeting: of a personal link; None for staff logging in.
    kiosk: on the travel laptop."""
    # Marks that would be formatting in a name are left out.
    name = (
        "".join(sign for sign in greeting.organisation if sign.isalnum() or sign in " .,&-()")[:120] if greeting else ""
    )
    when = _day(greeting.starts_at, language) if greeting else ""
    if language == "en":
        staff = "You are logging in as staff on the travel laptop." if kiosk else "You are logging in as staff."
        what = f"You are joining a video meeting with {name} on {when}." if greeting else staff
        warning = "Has someone phoned and asked you to do this? Cancel and hang up."
    else:
        staff = "Du loggar in som personal på resedatorn." if kiosk else "Du loggar in som personal."
        what = f"Du ska till ett videomöte med {name} {when}." if greeting else staff
        warning = "Har någon ringt och bett dig göra det här? Avbryt och lägg på."
    return f"# Hemmaplan\n{what}\n\n{warning}"


def _day(moment: datetime, language: str) -> str:
    there = moment.astimezone(_ZONE)
    names = "en" if language == "en" else "sv"
    day = f"{_DAYS[names][there.weekday()]} {there.day} {_MONTHS[names][there.month - 1]}"
    return f"{day} at {there:%H.%M}" if names == "en" else f"{day} kl. {there:%H.%M}"
