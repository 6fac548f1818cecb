"""Who may see and do what: every cell written out, so that a change of the table is a change here."""

import pytest

from auth.identity import AssuranceLevel, Method
from auth.people import Organisation, Permission, Person, Staff
from auth.sessions import Session
from rooms.meeting import Authority, ParticipantStatus
from rooms.policy import Action, Relation, actions, allowed, relations
from tests.rooms.values import NOW, gathering

# host, co-host, inside, invited, refused, colleague, auditor, unrecognised
CELLS = {
    Action.SEE_MEETING: "yes yes yes yes yes yes yes yes",
    Action.SEE_PURPOSE: "yes yes yes yes no yes no no",
    Action.SEE_INVITED: "yes yes yes yes no yes yes no",
    Action.SEE_ROOM: "yes yes yes no no no no no",
    Action.SEE_LOBBY: "yes yes no no no no no no",
    Action.SEE_INVITATIONS: "yes yes no no no yes no no",
    Action.JOIN: "yes yes yes yes no no no yes",
    Action.START: "yes yes no no no no no no",
    Action.END: "yes yes no no no no no no",
    Action.CHANGE: "yes yes no no no yes no no",
    Action.INVITE: "yes yes no no no yes no no",
    Action.INVITE_LEADER: "yes no no no no yes no no",
    Action.ADMIT: "yes yes no no no no no no",
    Action.REMOVE: "yes yes no no no no no no",
    Action.MUTE: "yes yes no no no no no no",
    Action.APPOINT: "yes no no no no no no no",
    Action.TAKE_HOME: "yes yes no no no no no no",
    Action.NAME_HOME: "yes yes no no no no no no",
}
COLUMNS = tuple(Relation)


@pytest.mark.parametrize("action", Action)
def test_every_cell(action: Action) -> None:
    assert [allowed(frozenset({one}), action) for one in COLUMNS] == [cell == "yes" for cell in CELLS[action].split()]
    assert not allowed(frozenset(), action)


def viewer(person: str, organisation: str | None = None, *permissions: Permission) -> Session:
    who = Person(person, person.title(), "Lund", f"{person.title()} Lund")
    staff = None
    if organisation is not None:
        employer = Organisation(organisation, organisation, "kommun", "")
        staff = Staff("post", who, employer, "Titel", "Enhet", frozenset(permissions))
    return Session("s", "", who, Method.BANKID, AssuranceLevel.HIGH_3, NOW, staff, None, "sv")


HOUSE = gathering(
    ("anna", Authority.HOST, None),
    ("leila", Authority.CO_HOST, ParticipantStatus.WAITING),
    ("karin", Authority.GUEST, ParticipantStatus.IN_ROOM),
    ("per", Authority.GUEST, ParticipantStatus.WAITING),
    ("elin", Authority.GUEST, None),
    ("nils", Authority.GUEST, ParticipantStatus.REMOVED),
    ("stig", Authority.CO_HOST, ParticipantStatus.DENIED),
)


@pytest.mark.parametrize(
    ("who", "held"),
    [
        (viewer("anna"), {Relation.HOST}),
        (viewer("leila"), {Relation.CO_HOST}),
        (viewer("karin"), {Relation.INSIDE}),
        (viewer("per"), {Relation.INVITED}),
        (viewer("elin"), {Relation.INVITED}),
        (viewer("nils"), {Relation.REFUSED}),
        (viewer("stig"), {Relation.REFUSED}),
        (viewer("stranger"), set()),
        (viewer("colleague", "nordvik", Permission.PLANNER), {Relation.COLLEAGUE}),
        (viewer("colleague", "nordvik", Permission.HOST), {Relation.COLLEAGUE}),
        (viewer("auditor", "nordvik", Permission.AUDITOR), {Relation.AUDITOR}),
        (viewer("admin", "nordvik", Permission.ADMIN, Permission.OPERATOR), set()),
        (viewer("colleague", "sorvik", Permission.PLANNER, Permission.AUDITOR), set()),
        (viewer("anna", "nordvik", Permission.HOST, Permission.AUDITOR),
         {Relation.HOST, Relation.COLLEAGUE, Relation.AUDITOR}),
        (viewer("nils", "nordvik", Permission.HOST, Permission.AUDITOR), {Relation.REFUSED, Relation.AUDITOR}),
    ],
)  # fmt: skip
def test_how_people_stand_to_a_meeting(who: Session, held: set[Relation]) -> None:
    assert relations(HOUSE, who) == held


def test_the_removed_cannot_come_back_in_through_their_post() -> None:
    held = relations(HOUSE, viewer("nils", "nordvik", Permission.HOST))
    assert not actions(held) & {Action.JOIN, Action.INVITE, Action.INVITE_LEADER, Action.CHANGE}
