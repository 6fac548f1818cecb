"""What identification is enough for whom: the values of the assurance policy, and how two of them add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from auth.identity import AssuranceLevel, Method
from rooms.meeting import Invitation, Party


class Audience(StrEnum):
    """LEADER: host and co-hosts. STAFF: others of the region and the municipalities. VISITOR: the person, relatives,
    and everyone else."""

    LEADER = "leader"
    STAFF = "staff"
    VISITOR = "visitor"


def audience_of(invitation: Invitation) -> Audience:
    if invitation.leads:
        return Audience.LEADER
    return Audience.STAFF if invitation.party in (Party.KOMMUN, Party.REGION) else Audience.VISITOR


@dataclass(frozen=True, slots=True)
class Rule:
    """methods: those that are enough; without any, nobody comes in. level: the least level of an e-legitimation.

    A code by SMS is none, so it has no level: it is enough where `Method.SMS` is among the methods.
    """

    methods: frozenset[Method]
    level: AssuranceLevel

    def enough(self, method: Method, level: AssuranceLevel) -> bool:
        return method in self.methods and (method is Method.SMS or level >= self.level)

    def raised(self, by: "Rule") -> "Rule":
        """What is enough for both: never more than for either."""
        return Rule(self.methods & by.methods, max(self.level, by.level))


_WORK = frozenset({Method.SITHS, Method.BANKID, Method.FREJA})
DEFAULT: Mapping[Audience, Rule] = MappingProxyType(
    {
        Audience.LEADER: Rule(_WORK, AssuranceLevel.HIGH_3),
        Audience.STAFF: Rule(_WORK, AssuranceLevel.HIGH_3),
        Audience.VISITOR: Rule(frozenset({Method.BANKID, Method.FREJA}), AssuranceLevel.HIGH_3),
    }
)
"""What holds for every meeting type until an organisation decides otherwise."""
CHOICES: Mapping[Audience, tuple[Method, ...]] = MappingProxyType(
    {
        Audience.LEADER: (Method.SITHS, Method.BANKID, Method.FREJA),
        Audience.STAFF: (Method.SITHS, Method.BANKID, Method.FREJA),
        Audience.VISITOR: (Method.BANKID, Method.FREJA, Method.SMS),
    }
)
"""What an organisation may choose among, in the order it is shown. SITHS eID is for work alone.

SMS is an addition for whoever the planner names with a telephone and a reason: never the only way, never for staff.
"""
LEVELS = (AssuranceLevel.SUBSTANTIAL, AssuranceLevel.HIGH_3, AssuranceLevel.HIGH_4)
STAFF_LEAST = AssuranceLevel.HIGH_3
"""Below which no organisation may go for those who lead and for staff; visitors: the lowest of `LEVELS`."""


def levels_for(audience: Audience) -> tuple[AssuranceLevel, ...]:
    """What an organisation may choose for them."""
    return LEVELS if audience is Audience.VISITOR else tuple(level for level in LEVELS if level >= STAFF_LEAST)
