"""What every identification provider returns: who the person is, and how surely that is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from auth.hsa_id import HsaId
from auth.identity_number import IdentityNumber


class Method(StrEnum):
    """How a person was identified; the badge on the tile and the log name it."""

    BANKID = "bankid"
    SITHS = "siths"
    FREJA = "freja"
    SMS = "sms"


class AssuranceLevel(IntEnum):
    """Tillitsnivå of the Swedish framework for e-legitimation (DIGG); 1 stands for a code by SMS."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH_3 = 3
    HIGH_4 = 4


STAFF_LEVEL = AssuranceLevel.HIGH_3
"""What it takes to work in a commission, whatever meetings ask: staff reach the data of others."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A finished identification. The name is the e-ID's own and is never edited.

    Staff may be known by number, by HSA-id or by both; one at least is there. number: None where a card tells none.
    """

    number: IdentityNumber | None
    given_name: str
    surname: str
    name: str
    method: Method
    assurance_level: AssuranceLevel
    authenticated_at: datetime
    hsa_id: HsaId | None = None
