"""Names, titles, and finding one's way in a gathering."""

from dataclasses import replace

import pytest

from rooms.meeting import MEETING_TYPES, Authority, ParticipantStatus, Patient, initials
from tests.rooms.values import NOW, gathering, invitation, meeting, participant

W, I_ = ParticipantStatus.WAITING, ParticipantStatus.IN_ROOM
H, C, G = Authority.HOST, Authority.CO_HOST, Authority.GUEST


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Gunnar Edlund", "GE"), ("Anna Maria af Sjö", "AS"), ("Cher", "C"), ("  ", ""), ("åsa ö", "ÅÖ")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("given", "title"),
    [("Gunnar", "Gunnars planeringsmöte"), ("Lars", "Lars planeringsmöte"), ("Max", "Max planeringsmöte")],
)
def test_titles_are_good_swedish(given: str, title: str) -> None:
    one = meeting(patient=Patient(given, "Edlund", "", b""))
    assert one.title == title
    assert one.home_title == f"Hemma hos {given}"


def test_the_types_of_meeting_are_the_five_of_the_field() -> None:
    assert [kind.swedish for kind in MEETING_TYPES.values()] == [
        "Planeringsmöte vid utskrivning",
        "Planeringsmöte",
        "Uppföljning",
        "Vårdplanering",
        "Övningsmöte",
    ]


def test_numbers_and_tokens_do_not_show() -> None:
    text = repr(invitation("a", number_hash="secret1", token_hash="secret2")) + repr(
        Patient("A", "B", "secret3", b"s4")
    )
    assert "secret" not in text


def test_a_gathering_finds_its_people() -> None:
    one = gathering(("anna", H, I_), ("karin", G, W), ("per", G, None))
    karin = one.participant_of("karin")
    assert karin is not None
    assert one.invitation_of(karin).person == "karin"
    assert one.by_identity("id-anna") == one.participant_by_id("p-anna")
    assert one.by_identity("nobody") is None
    assert one.participant_of("per") is None
    assert [item.person for item in one.waiting()] == ["karin"]
    assert [item.person for item in one.inside()] == ["anna"]
    assert one.host_inside
    assert one.host is not None
    assert one.invited("stranger") is None


def test_a_revoked_invitation_counts_for_nothing() -> None:
    one = gathering(("anna", H, I_))
    gone = one.changed(replace(one.invitations[0], revoked_at=NOW))
    assert gone.invited("anna") is None
    assert gone.host is None


def test_changes_replace_by_id_and_add() -> None:
    one = gathering(("anna", H, I_))
    more = one.changed(invitation("karin"), participant("karin", W), participant("anna", W), meeting(place="Docksta"))
    assert [item.status for item in more.participants] == [W, W]
    assert more.meeting.place == "Docksta"
    assert one.meeting.place == "Norrfällsviken"
