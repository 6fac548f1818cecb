"""What an identification in a browser is made of: who asks, what is stored, what is answered, what the app shows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from auth.bankid import Order
from auth.identity import Identity
from auth.people import Person
from auth.sessions import Session

RETURN_PATH = "/auth/bankid/return"


class Greeting(Protocol):
    """What may be told of a link before anyone has identified: the name of the organisation that asks."""

    @property
    def organisation(self) -> str: ...


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
    """Who asks. flow: the value of the flow cookie, a secret of this browser. language: sv or en."""

    flow: str = field(repr=False)
    address: str = field(repr=False)
    user_agent: str = field(repr=False)
    language: str


class StoredOrder(BaseModel):
    """An order under way as it is ciphered into the database. answered_at: when BankID answered; the QR's second 0."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    order: Order
    answered_at: datetime
    address: str
    language: str
    same_device: bool
    link: str | None = None
    next: str | None = None

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


def visible_text(organisation: str | None, language: str, *, kiosk: bool = False) -> str:
    """What the app shows, in BankID's simple markdown: who asks and for what, so that a person led here by a
    swindler's code sees it. organisation: the inviting one; None for staff logging in. kiosk: on the travel laptop."""
    # Marks that would be formatting in a name are left out.
    name = "".join(sign for sign in organisation or "" if sign.isalnum() or sign in " .,&-()")[:120]
    if language == "en":
        staff = "You are logging in as staff on the travel laptop." if kiosk else "You are logging in as staff."
        what = f"You are joining a video meeting with {name}." if name else staff
        warning = "Has someone phoned and asked you to do this? Cancel and hang up."
    else:
        staff = "Du loggar in som personal på resedatorn." if kiosk else "Du loggar in som personal."
        what = f"Du ska till ett videomöte hos {name}." if name else staff
        warning = "Har någon ringt och bett dig göra det här? Avbryt och lägg på."
    return f"# Hemmaplan\n{what}\n\n{warning}"


def return_url(origin: str, transaction: str, nonce: str, user_agent: str) -> str:
    """Where the BankID app on the same device leads back to. On iOS it opens Safari unless another browser's own
    scheme is used (integration guide, "Autostart")."""
    url = f"{origin}{RETURN_PATH}?transaction={quote(transaction, safe='')}&nonce={nonce}"
    if "CriOS/" in user_agent and url.startswith("https://"):
        return "googlechromes://" + url.removeprefix("https://")
    if "FxiOS/" in user_agent:
        return "firefox://open-url?url=" + quote(url, safe="")
    return url
