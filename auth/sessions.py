"""Opaque sessions kept by the server: the browser holds a random cookie, the database only its hash."""

from dataclasses import dataclass
from datetime import datetime

from auth.identity import AssuranceLevel, Method
from auth.people import Person, Staff


@dataclass(frozen=True, slots=True)
class Session:
    """One identification in one browser.

    id: public and opaque, not the cookie. secret_hash: SHA-256 of the cookie's value, hex.
    staff: the post this login works in, None for invited people. invitation: the id of the one this login was for.
    language: "sv" or "en".
    """

    id: str
    secret_hash: str
    person: Person
    method: Method
    assurance_level: AssuranceLevel
    authenticated_at: datetime
    staff: Staff | None
    invitation: str | None
    language: str
