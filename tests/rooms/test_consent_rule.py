"""Whose yes is needed, told from the invitations, the answers and the organisation's rule."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from rooms.consent_rule import (
    ADULT_DEMANDS,
    CHILD_DEMANDS,
    DEFAULT,
    EVERY,
    Answer,
    Demand,
    Missing,
    Needed,
    OwnRule,
    Rule,
    Said,
    Why,
    needed,
    rule_of,
    under,
)
from rooms.meeting import Invitation, Party, Representation
from tests.rooms.values import NOW, invitation, meeting

ALL = Rule(Demand.ALL_GUARDIANS, Demand.REPRESENTATIVE, 18, otherwise=True)
ONE = replace(ALL, child=Demand.ONE_GUARDIAN)
NURSE = invitation("nurse")
SHARING = ("Nordviks kommun",)


def guardian(name: str, kind: Representation = Representation.GUARDIAN, **values: Any) -> Invitation:
    return invitation(name, party=Party.HOME, organisation="", representation=kind, **values)


def said(name: str, what: Said = Said.GIVEN, organisations: tuple[str, ...] = SHARING) -> Answer:
    return Answer(f"i-{name}", "m", what, organisations, name, NOW)


def need(
    invited: list[Invitation],
    *answers: Answer,
    rule: Rule = ALL,
    young: bool | None = True,
    sole: bool = False,
) -> Needed:
    held = {answer.invitation: answer for answer in answers}
    return needed(meeting(sole_guardian=sole), [NURSE, *invited], held, rule, young=young)


def whys(found: Needed) -> list[tuple[str, str]]:
    return [(one.name.split(" ")[0], one.why.value) for one in found.missing]


MIA, BO = guardian("mia"), guardian("bo")


def test_two_guardians_decide_together() -> None:
    assert whys(need([MIA, BO])) == [("Mia", "unanswered"), ("Bo", "unanswered")]
    assert whys(need([MIA, BO], said("mia"))) == [("Bo", "unanswered")]
    assert whys(need([MIA, BO], said("mia"), said("bo", Said.REFUSED))) == [("Bo", "refused")]
    assert whys(need([MIA, BO], said("mia", Said.WITHDRAWN), said("bo"))) == [("Mia", "withdrawn")]
    assert need([MIA, BO], said("mia"), said("bo")).missing == ()
    assert need([MIA, BO], said("mia"), said("bo", Said.REGISTERED)).missing == ()


def test_one_guardian_alone_is_asked_about() -> None:
    assert whys(need([MIA], said("mia"))) == [("", "another")]
    assert need([MIA], said("mia"), sole=True).missing == ()
    assert whys(need([MIA], sole=True)) == [("Mia", "unanswered")]
    assert whys(need([], sole=True)) == [("", "nobody")]
    # Said to be the only one, and then another is invited all the same: both are asked.
    assert whys(need([MIA, BO], said("mia"), sole=True)) == [("Bo", "unanswered")]


def test_one_of_them_is_enough_where_the_organisation_says_so_unless_another_says_no() -> None:
    assert need([MIA, BO], said("mia"), rule=ONE).missing == ()
    assert whys(need([MIA, BO], rule=ONE)) == [("Mia", "unanswered"), ("Bo", "unanswered")]
    assert whys(need([MIA, BO], said("mia"), said("bo", Said.REFUSED), rule=ONE)) == [("Bo", "refused")]
    assert need([MIA], said("mia"), rule=ONE).missing == ()
    assert whys(need([], rule=ONE)) == [("", "nobody")]


def test_an_invitation_taken_back_counts_for_nothing_and_demands_no_less() -> None:
    gone = replace(BO, revoked_at=NOW)
    assert whys(need([MIA, gone], said("mia"), said("bo"))) == [("", "another")]
    assert whys(need([MIA, gone], said("mia"), said("bo", Said.REFUSED))) == [("", "another")]
    assert need([MIA, gone], said("mia"), said("bo", Said.REFUSED), rule=ONE).missing == ()
    assert whys(need([gone], said("bo"), rule=ONE)) == [("", "nobody")]


def test_a_yes_is_for_the_organisations_it_was_given_for() -> None:
    school = invitation("teacher", organisation="Norrskolan", party=Party.OTHER)
    assert need([MIA, school], said("mia"), sole=True).missing == (
        Missing(Why.OUTDATED, "i-mia", "Mia Lund", ("Norrskolan",)),
    )
    both = said("mia", organisations=("nordviks kommun", "Norrskolan"))
    assert need([MIA, school], both, sole=True).missing == ()
    assert need([MIA, replace(school, revoked_at=NOW)], said("mia"), sole=True).missing == ()
    interpreter = guardian("tor", Representation.INTERPRETER)
    interpreter = replace(interpreter, organisation="Tolkförmedlingen", party=Party.OTHER)
    assert need([MIA, interpreter], said("mia"), sole=True).missing == ()  # shares nothing
    assert need([MIA, school], sole=True).organisations == ("Nordviks kommun", "Norrskolan")


def test_a_god_man_stands_in_the_place_of_a_childs_guardians() -> None:
    god_man = guardian("eli", Representation.GOD_MAN)
    assert whys(need([god_man])) == [("Eli", "unanswered")]
    assert need([god_man], said("eli")).missing == ()
    # A trustee is for grown people alone (FB 11:7).
    assert whys(need([guardian("ada", Representation.TRUSTEE)])) == [("", "nobody")]


def test_a_grown_persons_representatives() -> None:
    god_man, trustee = guardian("eli", Representation.GOD_MAN), guardian("ada", Representation.TRUSTEE)
    assert whys(need([god_man, trustee], said("eli"), young=False)) == [("Ada", "unanswered")]
    assert need([god_man, trustee], said("eli"), said("ada"), young=False).missing == ()
    nobody = need([MIA], young=False)
    assert (nobody.demand, nobody.missing, nobody.speakers) == (Demand.NONE, (), ())
    asked_of_none = need([god_man], rule=DEFAULT, young=False)
    assert (asked_of_none.demand, asked_of_none.speakers) == (Demand.NONE, ())


def test_where_the_number_does_not_tell_a_guardian_does() -> None:
    assert need([MIA], young=None).demand is Demand.ALL_GUARDIANS
    assert need([], young=None).demand is Demand.NONE
    assert need([guardian("eli", Representation.GOD_MAN)], young=None).demand is Demand.REPRESENTATIVE


def test_who_is_asked() -> None:
    found = need([MIA, BO], said("bo"))
    assert found.of("bo") == (BO, said("bo"))
    assert found.of("mia") == (MIA, None)
    assert found.of("nurse") is None
    off = need([MIA, BO], rule=replace(ALL, child=Demand.NONE))
    assert off.of("mia") is None
    assert off.missing == ()


@pytest.mark.parametrize(
    ("number", "day", "age", "is_under"),
    [
        ("201006150000", date(2026, 11, 24), 18, True),
        ("200811250000", date(2026, 11, 24), 18, True),  # tomorrow
        ("200811240000", date(2026, 11, 24), 18, False),  # today
        ("201006150000", date(2026, 11, 24), 16, False),
        ("200802290000", date(2026, 2, 28), 18, True),
        ("200802290000", date(2026, 3, 1), 18, False),
        ("200811850000", date(2026, 11, 24), 18, True),  # samordningsnummer, the 25th
        ("200800600000", date(2026, 11, 24), 18, True),  # month and day unknown: as late as can be
        ("194105030000", date(2026, 11, 24), 18, False),
        ("22100615AB11", date(2026, 11, 24), 18, None),
    ],
)
def test_the_number_tells_whom_to_ask(number: str, day: date, age: int, *, is_under: bool | None) -> None:
    assert under(number, age, day) is is_under


def test_a_types_own_rule_goes_before_the_one_for_every_type() -> None:
    own = {
        EVERY: OwnRule(child=Demand.ONE_GUARDIAN, otherwise=False, decides_from=16),
        "follow_up": OwnRule(represented=Demand.REPRESENTATIVE, otherwise=True),
        "practice": OwnRule(child=Demand.NONE),
    }
    assert rule_of({}, "planning") == DEFAULT
    assert rule_of(own, "planning") == Rule(Demand.ONE_GUARDIAN, Demand.NONE, 16, otherwise=False)
    assert rule_of(own, "follow_up") == Rule(Demand.ONE_GUARDIAN, Demand.REPRESENTATIVE, 16, otherwise=True)
    assert rule_of(own, "practice").child is Demand.NONE


def test_a_yes_more_never_makes_more_missing() -> None:
    """Over every rule and every pair of answers: turning one of them into a yes takes away its fault, adds none."""
    answers = [None, *(lambda name, kind=kind: said(name, kind) for kind in Said)]
    for child, adult, young in product(CHILD_DEMANDS, ADULT_DEMANDS, (True, False, None)):
        rule = Rule(child, adult, 18, otherwise=True)
        for first, second in product(answers, answers):
            held = [make(name) for make, name in ((first, "mia"), (second, "bo")) if make is not None]
            before = need([MIA, BO], *held, rule=rule, young=young)
            after = need(
                [MIA, BO], *[one for one in held if one.invitation != "i-mia"], said("mia"), rule=rule, young=young
            )
            assert {one.name for one in after.missing} <= {one.name for one in before.missing} - {"Mia Lund"}
