"""Shapes of JSON bodies: every fault of shape is named by its path."""

import pytest

from auth.fields import InvalidFields
from rooms.bodies import HomeBody, JoinBody, MeetingBody, RangeQuery, shaped


def test_missing_fields_are_named() -> None:
    with pytest.raises(InvalidFields) as refused:
        shaped(MeetingBody, {"person": {}})
    fields = {item["field"] for item in refused.value.fields("sv")}
    assert {"type", "person.given_name", "person.identity_number", "place", "purpose"} <= fields


def test_unknown_fields_are_let_pass() -> None:
    assert shaped(JoinBody, {"home": True, "later": 1}).home


def test_the_home_is_a_list_of_people() -> None:
    assert shaped(HomeBody, {"people": [{"name": "Gunnar"}]}).named()[0].relation == ""
    with pytest.raises(InvalidFields):
        shaped(HomeBody, {"people": [{"name": "x"}] * 201})


def test_a_range_needs_time_zones() -> None:
    with pytest.raises(InvalidFields):
        shaped(RangeQuery, {"from": "2026-11-24T10:00"})


@pytest.mark.parametrize("text", ["9999-12-31T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_range_stays_off_the_ends_of_the_calendar(text: str) -> None:
    for end in ("from", "to"):
        with pytest.raises(InvalidFields):
            shaped(RangeQuery, {end: text})


def test_identity_numbers_do_not_show_in_reprs() -> None:
    body = shaped(
        MeetingBody,
        {
            "type": "planning",
            "person": {"given_name": "G", "surname": "E", "identity_number": "194105032380"},
            "place": "x",
            "purpose": "y",
        },
    )
    assert "194105032380" not in repr(body) + repr(body.draft())
