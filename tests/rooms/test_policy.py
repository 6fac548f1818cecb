"""Who may see and do what: every cell written out, so that a change of the table is a change here."""

from dataclasses import replace
from pathlib import Path

import pytest

from auth.identity import AssuranceLevel, Method
from auth.people import Organisation, Permission, Person, Staff
from auth.sessions import Session
from rooms.meeting import Authority, ParticipantStatus
from rooms.policy import TABLE, Action, Relation, actions, allowed, relations
from tests.rooms.values import NOW, gathering

# host, co-host, inside, invited, refused, colleague, auditor, unrecognised;
# partner's auditor, administrator, partner's administrator, operator, outsider
CELLS = {
    Action.SEE_MEETING: "yes yes yes yes yes yes yes yes no no no no no",
    Action.SEE_PURPOSE: "yes yes yes yes no yes no no no no no no no",
    Action.SEE_INVITED: "yes yes yes yes no yes yes no no no no no no",
    Action.SEE_ROOM: "yes yes yes no no no no no no no no no no",
    Action.SEE_LOBBY: "yes yes no no no no no no no no no no no",
    Action.SEE_INVITATIONS: "yes yes no no no yes no no no no no no no",
    Action.JOIN: "yes yes yes yes no no no yes no no no no no",
    Action.START: "yes yes no no no no no no no no no no no",
    Action.END: "yes yes no no no no no no no no no no no",
    Action.CHANGE: "yes yes no no no yes no no no no no no no",
    Action.INVITE: "yes yes no no no yes no no no no no no no",
    Action.INVITE_LEADER: "yes no no no no yes no no no no no no no",
    Action.ADMIT: "yes yes no no no no no no no no no no no",
    Action.REMOVE: "yes yes no no no no no no no no no no no",
    Action.MUTE: "yes yes no no no no no no no no no no no",
    Action.APPOINT: "yes no no no no no no no no no no no no",
    Action.TAKE_HOME: "yes yes no no no no no no no no no no no",
    Action.NAME_HOME: "yes yes no no no no no no no no no no no",
    Action.SEE_HELD: "no no no no no no yes no yes no no no no",
    Action.SEE_OWN_EVENTS: "no no no no no no yes no yes no no no no",
    Action.SEE_LOG: "no no no no no no yes no no no no no no",
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
        (viewer("stranger"), {Relation.OUTSIDER}),
        (viewer("colleague", "nordvik", Permission.PLANNER), {Relation.COLLEAGUE}),
        (viewer("colleague", "nordvik", Permission.HOST), {Relation.COLLEAGUE}),
        (viewer("auditor", "nordvik", Permission.AUDITOR), {Relation.AUDITOR}),
        (viewer("admin", "nordvik", Permission.ADMIN, Permission.OPERATOR),
         {Relation.ADMINISTRATOR, Relation.OPERATOR}),
        (viewer("colleague", "sorvik", Permission.PLANNER, Permission.AUDITOR), {Relation.OUTSIDER}),
        (viewer("anna", "nordvik", Permission.HOST, Permission.AUDITOR),
         {Relation.HOST, Relation.COLLEAGUE, Relation.AUDITOR}),
        (viewer("nils", "nordvik", Permission.HOST, Permission.AUDITOR), {Relation.REFUSED, Relation.AUDITOR}),
    ],
)  # fmt: skip
def test_how_people_stand_to_a_meeting(who: Session, held: set[Relation]) -> None:
    assert relations(HOUSE, who) == held


def partner(name: str, *permissions: Permission) -> Session:
    """Staff of an organisation with this id, whose written name is the one in everybody's invitation."""
    session = viewer("siv", name, *permissions)
    assert session.staff is not None
    organisation = replace(session.staff.organisation, name="nordviks Kommun")
    return replace(session, staff=replace(session.staff, organisation=organisation))


def test_an_organisation_takes_part_by_name_and_commission_together() -> None:
    auditor = partner("other", Permission.AUDITOR)
    assert relations(HOUSE, auditor, {"karin"}) == {Relation.PARTNER_AUDITOR}
    assert relations(HOUSE, auditor, {"stranger"}) == {Relation.OUTSIDER}, "the name alone is anybody's to write"
    assert relations(HOUSE, auditor) == {Relation.OUTSIDER}
    elsewhere = viewer("siv", "other", Permission.AUDITOR)
    assert relations(HOUSE, elsewhere, {"karin"}) == {Relation.OUTSIDER}, "she may be there as a daughter"
    both = partner("other", Permission.AUDITOR, Permission.ADMIN, Permission.OPERATOR)
    assert relations(HOUSE, both, {"karin"}) == {
        Relation.PARTNER_AUDITOR, Relation.PARTNER_ADMINISTRATOR, Relation.OPERATOR,
    }  # fmt: skip


def test_the_documentation_has_the_same_table() -> None:
    text = (Path(__file__).parents[2] / "docs/security/visibility.md").read_text(encoding="utf-8")
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    header, rows = lines[0], lines[1 : len(Action) + 1]
    assert [name.strip("| `") for name in header] == list(Relation)
    written = {row[0].strip("`"): [cell == "yes" for cell in row[1:]] for row in rows}
    assert written == {action.value: [one in TABLE[action] for one in Relation] for action in Action}


def test_the_removed_cannot_come_back_in_through_their_post() -> None:
    held = relations(HOUSE, viewer("nils", "nordvik", Permission.HOST))
    assert not actions(held) & {Action.JOIN, Action.INVITE, Action.INVITE_LEADER, Action.CHANGE}
