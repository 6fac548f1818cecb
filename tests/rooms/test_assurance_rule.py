"""The values of the assurance policy: what is enough, and that two rules add up to the stricter."""

from itertools import product

import pytest

from auth.identity import AssuranceLevel, Method
from rooms.assurance_rule import CHOICES, DEFAULT, LEVELS, Audience, Rule, audience_of, levels_for
from rooms.meeting import Authority, Party
from tests.rooms.values import invitation

E_ID = (Method.SITHS, Method.BANKID, Method.FREJA)
ENOUGH = {
    Audience.LEADER: {Method.SITHS, Method.BANKID, Method.FREJA},
    Audience.STAFF: {Method.SITHS, Method.BANKID, Method.FREJA},
    Audience.VISITOR: {Method.BANKID, Method.FREJA},
}


@pytest.mark.parametrize(("audience", "method", "level"), list(product(Audience, Method, AssuranceLevel)))
def test_every_cell_of_the_default(audience: Audience, method: Method, level: AssuranceLevel) -> None:
    expected = method in ENOUGH[audience] and level >= AssuranceLevel.HIGH_3
    assert DEFAULT[audience].enough(method, level) == expected


RULES = [
    Rule(frozenset(methods), level)
    for methods in ((), (Method.BANKID,), (Method.FREJA, Method.BANKID), (*E_ID, Method.SMS))
    for level in LEVELS
]


@pytest.mark.parametrize(("floor", "raised"), list(product(RULES, RULES)))
def test_raising_never_lets_in_more(floor: Rule, raised: Rule) -> None:
    both = floor.raised(raised)
    for method, level in product(Method, AssuranceLevel):
        assert both.enough(method, level) == (floor.enough(method, level) and raised.enough(method, level))


def test_a_code_by_sms_is_enough_only_where_it_is_named() -> None:
    assert not any(rule.enough(Method.SMS, AssuranceLevel.LOW) for rule in DEFAULT.values())
    named = Rule(frozenset({Method.BANKID, Method.SMS}), AssuranceLevel.HIGH_3)
    assert named.enough(Method.SMS, AssuranceLevel.LOW)
    assert not named.enough(Method.BANKID, AssuranceLevel.LOW)


def test_whom_a_rule_is_for() -> None:
    assert audience_of(invitation("a", Authority.HOST)) is Audience.LEADER
    assert audience_of(invitation("a", Authority.CO_HOST, party=Party.HOME)) is Audience.LEADER
    assert audience_of(invitation("a", Authority.GUEST, party=Party.REGION)) is Audience.STAFF
    assert audience_of(invitation("a", Authority.GUEST, party=Party.OTHER)) is Audience.VISITOR


def test_staff_never_go_below_level_three() -> None:
    assert min(levels_for(Audience.LEADER)) == min(levels_for(Audience.STAFF)) == AssuranceLevel.HIGH_3
    assert min(levels_for(Audience.VISITOR)) == AssuranceLevel.SUBSTANTIAL
    assert all(DEFAULT[audience].methods <= set(CHOICES[audience]) for audience in Audience)
