"""Bounds of what a planner writes; the HTTP tests go through the faults one by one."""

from datetime import timedelta
from typing import Any

import pytest

from auth.fields import InvalidFields
from rooms.drafts import InvitationDraft, MeetingDraft, check_home, check_invitation, check_meeting
from rooms.meeting import HomePerson, Kind, Party, Representation
from tests.rooms.values import NOW
from tests.rooms.world import GUNNAR, KARIN, PER


def draft(**values: Any) -> MeetingDraft:
    usual: dict[str, Any] = {
        "type": "planning",
        "given_name": " Gunnar ",
        "surname": "Edlund",
        "identity_number": GUNNAR,
        "place": "Norrfällsviken",
        "purpose": "Rad ett\nrad två",
        "consent": "oral",
        "starts_at": NOW,
        "ends_at": NOW + timedelta(minutes=45),
    }
    return MeetingDraft(**{**usual, **values})


def faults(**values: Any) -> list[str]:
    with pytest.raises(InvalidFields) as refused:
        check_meeting(draft(**values), NOW)
    return [item["field"] for item in refused.value.fields("sv")]


def test_good_values_are_trimmed_and_typed() -> None:
    item = InvitationDraft("Karin Edlund", KARIN, party="home", relation="Dotter")
    checked = check_meeting(draft(invitations=(item,)), NOW)
    assert checked.given_name == "Gunnar"
    assert checked.purpose == "Rad ett\nrad två"
    assert (checked.invitations[0].party, checked.invitations[0].kind) == (Party.HOME, Kind.INVITED)


@pytest.mark.parametrize("held", list(Representation))
def test_who_speaks_for_the_person_is_typed(held: Representation) -> None:
    checked = check_invitation(InvitationDraft("Karin Edlund", KARIN, representation=held.value))
    assert checked.representation is held


@pytest.mark.parametrize("held", ["", "Guardian", "vårdnadshavare", "none "])
def test_other_words_for_who_speaks_are_refused_with_the_field(held: str) -> None:
    assert faults(invitations=(InvitationDraft("Karin Edlund", KARIN, representation=held),)) == [
        "invitations.0.representation"
    ]


def test_started_now_times_may_be_left_out() -> None:
    checked = check_meeting(draft(start_now=True, starts_at=None, ends_at=None), NOW)
    assert (checked.starts_at, checked.ends_at) == (NOW, NOW + timedelta(minutes=45))
    assert faults(starts_at=None) == ["starts_at"]
    assert faults(ends_at=None) == ["ends_at"]


def test_every_fault_is_told_at_once() -> None:
    assert faults(type="x", given_name="", identity_number="1", consent=None) == [
        "type",
        "person.given_name",
        "person.identity_number",
        "consent",
    ]


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\x00b", "a\x1bb", "\ud800", "a\u2028b", "\u202eb", "a\u2066b"])
def test_names_hold_no_control_characters(text: str) -> None:
    assert faults(given_name=text) == ["person.given_name"]


@pytest.mark.parametrize("text", ["\u200b", "\ufeff", "\u200d \u200d"])
def test_a_name_has_something_to_read(text: str) -> None:
    assert faults(given_name=text) == ["person.given_name"]


def test_two_hosts_are_one_too_many() -> None:
    two = (InvitationDraft("K", KARIN, host=True), InvitationDraft("P", PER, host=True))
    assert faults(invitations=two) == ["invitations"]


def test_one_more_invitation_names_bare_fields() -> None:
    with pytest.raises(InvalidFields) as refused:
        check_invitation(InvitationDraft("x" * 10_000, "1"))
    assert [item["field"] for item in refused.value.fields("sv")] == ["name", "identity_number"]
    assert "högst 100 tecken" in refused.value.fields("sv")[0]["message"]


def test_the_home_holds_ten() -> None:
    assert check_home([HomePerson(" Gunnar ")]) == (HomePerson("Gunnar"),)
    with pytest.raises(InvalidFields):
        check_home([HomePerson("x")] * 11)
    with pytest.raises(InvalidFields):
        check_home([HomePerson("")])


def test_numbers_do_not_show() -> None:
    assert GUNNAR not in repr(draft(invitations=(InvitationDraft("G", GUNNAR),)))
