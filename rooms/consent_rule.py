"""Whose yes a meeting about a child or a represented person needs before it may start. Pure.

The guardians decide for a child (FB 6:11), two of them together (FB 6:13), with weight given to the child's own will as
it grows (FB 6:11, patientlagen 4:3). A god man for a child who came alone stands in the guardians' place (lag
2005:429). The sources leave much to judge, so each organisation sets its rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from rooms.meeting import Invitation, Meeting, Representation

EVERY = "every"
"""Stands for every meeting type for which an organisation has set nothing of its own."""
AGES = (15, 16, 17, 18)
OF_AGE = 18


class Demand(StrEnum):
    """NONE: nobody's beyond what the planner wrote down. ONE_GUARDIAN: one's, while no other has said no.
    ALL_GUARDIANS: everybody's, and there must be two of them unless the planner states that there is one.
    REPRESENTATIVE: that of each god man and trustee who is invited.
    """

    NONE = "none"
    ONE_GUARDIAN = "one_guardian"
    ALL_GUARDIANS = "all_guardians"
    REPRESENTATIVE = "representative"


CHILD_DEMANDS = (Demand.NONE, Demand.ONE_GUARDIAN, Demand.ALL_GUARDIANS)
ADULT_DEMANDS = (Demand.NONE, Demand.REPRESENTATIVE)


@dataclass(frozen=True, slots=True)
class Rule:
    """child: one of CHILD_DEMANDS, for a person younger than `decides_from` years. represented: one of ADULT_DEMANDS,
    for an older one for whom a god man or trustee is invited. otherwise: a leader may register a yes that was given on
    paper or by word of mouth.
    """

    child: Demand
    represented: Demand
    decides_from: int
    otherwise: bool


@dataclass(frozen=True, slots=True)
class OwnRule:
    """What an organisation has set for one meeting type; None: as for every type."""

    child: Demand | None = None
    represented: Demand | None = None
    decides_from: int | None = None
    otherwise: bool | None = None


DEFAULT = Rule(Demand.ALL_GUARDIANS, Demand.NONE, OF_AGE, otherwise=True)
"""What holds until an organisation decides otherwise: what FB 6:13 says. A god man has no say over a grown person's
care by law, and that person's own yes is asked for when the meeting is planned."""


def rule_of(own: Mapping[str, OwnRule], meeting_type: str) -> Rule:
    """The rule for a type: field by field its own, else the one for every type, else the default."""
    kind, every = own.get(meeting_type, OwnRule()), own.get(EVERY, OwnRule())
    return Rule(
        kind.child or every.child or DEFAULT.child,
        kind.represented or every.represented or DEFAULT.represented,
        kind.decides_from or every.decides_from or DEFAULT.decides_from,
        otherwise=next(
            (one for one in (kind.otherwise, every.otherwise) if one is not None),
            DEFAULT.otherwise,
        ),
    )


class Said(StrEnum):
    """REGISTERED: a leader wrote down that they have said yes in another way."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands of one invited person's consent; earlier answers are in the log alone.

    organisations: those it was given for, as they were written then. person: who answered, or registered it.
    grounds: of a registered one, in the leader's words.
    """

    invitation: str
    meeting: str
    said: Said
    organisations: tuple[str, ...]
    person: str
    at: datetime
    grounds: str = field(default="", repr=False)


class Why(StrEnum):
    """Why a consent is missing. OUTDATED: given before another organisation was invited. NOBODY: no guardian is
    invited. ANOTHER: one guardian is, and nobody has stated that there is only one.
    """

    UNANSWERED = "unanswered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"
    NOBODY = "nobody"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class Missing:
    """invitation, name: whose it is; empty where nobody is invited. organisations: of OUTDATED, the new ones."""

    why: Why
    invitation: str = ""
    name: str = ""
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needed:
    """What a meeting needs now. speakers: those whose consent it is, by invitation, with what they have answered."""

    rule: Rule
    demand: Demand
    organisations: tuple[str, ...]
    speakers: tuple[tuple[Invitation, Answer | None], ...]
    missing: tuple[Missing, ...]

    def of(self, person: str) -> tuple[Invitation, Answer | None] | None:
        """The person's own invitation and answer, where their consent is asked for."""
        return next((item for item in self.speakers if item[0].person == person), None)


def under(number: str, age: int, day: date) -> bool | None:
    """Whether somebody with this identity number (12 characters) is younger than `age` years on that day.

    None where the number does not tell (reservid). The number is no certain birth date; here it decides only whether to
    ask, and whoever it is wrong about has the organisation's other way (`Rule.otherwise`).
    """
    if not number.isdigit():
        return None
    year, month, born = int(number[:4]), int(number[4:6]), int(number[6:8])
    # A samordningsnummer has 60 added to the day, and zeros for what is not known (SKV 707): then as late as can be.
    born = born - 60 if born >= 60 else born
    return (year + age, month or 12, born or 31) > (day.year, day.month, day.day)


def needed(
    meeting: Meeting,
    invitations: Iterable[Invitation],
    answers: Mapping[str, Answer],
    rule: Rule,
    *,
    young: bool | None,
) -> Needed:
    """young: whether the person is under `rule.decides_from`; None, not known: yes where a guardian is invited.

    An invitation that was taken back counts for nothing, neither its yes nor its no: whoever plans may have asked the
    wrong person. What is demanded does not shrink by it, and the log keeps what was answered and who took it back.
    """
    standing = [item for item in invitations if item.revoked_at is None]
    guardians = [item for item in standing if item.representation is Representation.GUARDIAN]
    in_place = [item for item in standing if item.representation is Representation.GOD_MAN]
    trustees = [item for item in standing if item.representation is Representation.TRUSTEE]
    child = young if young is not None else bool(guardians)
    speakers = [*guardians, *in_place] if child else [*in_place, *trustees]
    demand = rule.child if child else rule.represented
    if demand is Demand.NONE or (demand is Demand.REPRESENTATIVE and not speakers):
        return Needed(rule, Demand.NONE, (), (), ())
    organisations = _organisations(meeting, standing)
    answered = tuple((item, answers.get(item.id)) for item in speakers)
    faults = [(item, answer, _fault(item, answer, organisations)) for item, answer in answered]
    missing = [fault for _, _, fault in faults if fault is not None]
    if demand is Demand.ONE_GUARDIAN and any(fault is None for _, _, fault in faults):
        missing = [fault for fault in missing if fault.why in (Why.REFUSED, Why.WITHDRAWN)]
    if not speakers:
        missing.append(Missing(Why.NOBODY))
    elif demand is Demand.ALL_GUARDIANS and len(guardians) == 1 and not in_place and not meeting.sole_guardian:
        missing.append(Missing(Why.ANOTHER))
    return Needed(rule, demand, organisations, answered, tuple(missing))


def _fault(invitation: Invitation, answer: Answer | None, organisations: Sequence[str]) -> Missing | None:
    if answer is None:
        return Missing(Why.UNANSWERED, invitation.id, invitation.name)
    if answer.said in (Said.REFUSED, Said.WITHDRAWN):
        return Missing(Why(answer.said.value), invitation.id, invitation.name)
    known = {name.casefold() for name in answer.organisations}
    new = tuple(name for name in organisations if name.casefold() not in known)
    return Missing(Why.OUTDATED, invitation.id, invitation.name, new) if new else None


def _organisations(meeting: Meeting, standing: Iterable[Invitation]) -> tuple[str, ...]:
    """Who would share: the owner, and each that somebody is invited for. An interpreter's shares nothing."""
    found = {meeting.organisation_name.strip().casefold(): meeting.organisation_name.strip()}
    for item in standing:
        name = item.organisation.strip()
        if name and item.representation is Representation.NONE:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())
