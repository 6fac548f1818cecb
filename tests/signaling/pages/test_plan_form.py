"""The form of a planned meeting, without a browser."""

from datetime import UTC, datetime

import pytest

from signaling.pages import plan_form
from tests.conftest import FrozenClock
from tests.rooms.world import GUNNAR, KARIN


def whole(clock: FrozenClock) -> plan_form.PlanForm:
    form = plan_form.begun(clock(), at_once=False)
    form.values |= {
        "person.identity_number": f"{GUNNAR[:8]}-{GUNNAR[8:]}",
        "person.given_name": "Gunnar",
        "person.surname": "Edlund",
        "consent": "oral",
        "purpose": "Hemma",
        "place": "Docksta",
        "invitations.1.name": "Karin Edlund",
        "invitations.1.identity_number": KARIN,
        "invitations.1.party": "home",
        "invitations.1.role": "Dotter",
        "invitations.1.task": "co_host",
        "invitations.1.representation": "god_man",
    }
    return form


def test_a_whole_form_is_a_draft(clock: FrozenClock) -> None:
    form = whole(clock)
    assert plan_form.check(form, clock(), "sv", whole=True)
    draft = plan_form.draft_of(form)
    assert draft.identity_number == GUNNAR
    assert draft.starts_at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    (karin,) = draft.invitations
    assert (karin.relation, karin.role, karin.kind, karin.co_host) == ("Dotter", "", "invited", True)
    assert karin.representation == "god_man"


@pytest.mark.parametrize("year", ["0001", "0002", "9999"])
def test_a_year_far_off_is_no_moment_and_is_said(clock: FrozenClock, year: str) -> None:
    assert plan_form.moment(f"{year}-01-01", "0:00") is None
    assert plan_form.moment(f"{year}-12-31", "23:59") is None
    form = whole(clock)
    form.values["date"] = f"{year}-01-01"
    assert not plan_form.check(form, clock(), "sv", whole=True)
    assert set(form.errors) & {"starts", "date"}


def test_only_the_steps_own_errors_are_shown(clock: FrozenClock) -> None:
    form = plan_form.PlanForm(step=1)
    assert not plan_form.check(form, clock(), "sv")
    assert set(form.errors) <= set(plan_form.STEP_FIELDS[1])
    form.step = 2
    assert plan_form.check(form, clock(), "sv")
    form.step = 3
    assert not plan_form.check(form, clock(), "sv")
    assert set(form.errors) == {"starts", "place"}
    assert plan_form.step_of({"place": "x", "consent": "y"}) == 1


def test_a_row_is_taken_away_and_the_rest_move_up(clock: FrozenClock) -> None:
    form = whole(clock)
    form.remove_person(0)
    assert form.value("invitations.0.name") == "Karin Edlund"
    assert list(form.people) == [0]


def test_foreign_fields_and_endless_values_are_dropped() -> None:
    form = plan_form.read({"admin": "1", "purpose": "x" * 9000, "invitations.99.name": "a", "invitations.0.evil": "b"})
    assert "admin" not in form.values
    assert "invitations.0.evil" not in form.values
    assert len(form.value("purpose")) == plan_form.LONGEST_VALUE
    assert len(form.people) == plan_form.MOST_PEOPLE
    assert plan_form.read({"step": "9"}).step == 1


@pytest.mark.parametrize(
    ("date", "clock_text", "expected"),
    [
        ("2026-11-24", "10:00", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("2026-07-01", "10.00", datetime(2026, 7, 1, 8, 0, tzinfo=UTC)),
        ("24/11", "10:00", None),
        ("2026-11-24", "25:00", None),
        ("2026-11-24", "", None),
    ],
)
def test_times_are_swedish(date: str, clock_text: str, expected: datetime | None) -> None:
    assert plan_form.moment(date, clock_text) == expected
