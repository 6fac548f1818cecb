"""STATE: its shape, and who sees what of a meeting in full swing."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auth.people import Permission
from rooms import view
from rooms.meeting import Authority, Gathering, HomePerson, MeetingStatus, ParticipantStatus
from tests.rooms.test_policy import viewer
from tests.rooms.values import NOW, gathering, participant

H, C, G = Authority
W, A, I_, L, D, R = ParticipantStatus

HOUSE = gathering(
    ("anna", H, I_),
    ("leila", C, I_),
    ("karin", G, W),
    ("per", G, A),
    ("elin", G, None),
    ("nils", G, R),
    ("stig", G, L),
    home_people=(HomePerson("Gunnar Edlund"),),
).changed(participant("anna", I_, home=True))


def seen(who: str, *staff: Any, house: Gathering = HOUSE) -> Any:
    """As read from JSON."""
    return view.state(house, viewer(who, *staff), NOW)


def ids(items: list[dict[str, Any]], key: str = "id") -> set[str]:
    return {item[key] for item in items}


def test_a_leader_sees_the_room_and_the_lobby() -> None:
    state = seen("anna")
    assert ids(state["participants"]) == {"p-anna", "p-leila", "p-karin", "p-per"}
    assert ids(state["invitations"], "invitation") == {one.id for one in HOUSE.invitations}
    assert (state["me"]["host"], state["me"]["home"], state["me"]["state"]) == (True, True, "in_room")


def test_a_guest_inside_sees_the_room_alone() -> None:
    assert ids(seen("per")["participants"]) == {"p-anna", "p-leila", "p-per"}
    assert seen("per")["invitations"] == []


def test_a_waiting_person_sees_themselves_who_leads_and_who_is_invited() -> None:
    state = seen("karin")
    assert ids(state["participants"]) == {"p-karin"}
    assert state["meeting"]["led_by"]["name"] == "Anna Lund"
    assert {item["name"]: item["state"] for item in state["invited"]} == {
        "Anna Lund": "here",
        "Leila Lund": "here",
        "Karin Lund": "arrived",
        "Per Lund": "here",
        "Elin Lund": "expected",
        "Nils Lund": "left",
        "Stig Lund": "left",
    }


def test_the_removed_see_when_and_whom_to_call_and_no_more() -> None:
    state = seen("nils")
    assert (state["meeting"]["purpose"], state["invited"], state["me"]["state"]) == (None, [], "removed")
    assert ids(state["participants"]) == {"p-nils"}
    assert state["meeting"]["home_people"] == []
    assert state["meeting"]["phone"]


def test_times_are_told_in_utc_whatever_zone_they_were_given_in() -> None:
    assert view.iso(datetime.fromisoformat("2026-11-24T10:00+01:00")) == "2026-11-24T09:00:00Z"


def test_an_auditor_sees_that_it_was_held_and_a_colleague_the_links() -> None:
    auditor = seen("rut", "nordvik", Permission.AUDITOR)
    assert (auditor["meeting"]["purpose"], auditor["participants"], auditor["invitations"]) == (None, [], [])
    colleague = seen("siv", "nordvik", Permission.PLANNER)
    assert colleague["participants"] == []
    assert colleague["invitations"][0]["link"] == "valid"
    assert colleague["me"]["may"] == sorted(
        ["see_meeting", "see_purpose", "see_invited", "see_invitations", "change", "invite", "invite_leader"]
    )


def test_the_homes_seat_bears_the_homes_name() -> None:
    home = next(item for item in seen("per")["participants"] if item["home"])
    assert (home["name"], home["given_name"], home["initials"], home["party"], home["person_name"]) == (
        "Hemma hos Gunnar",
        "Gunnar",
        "GE",
        "home",
        "Anna Lund",
    )


def test_the_shape_is_json_and_keeps_its_names() -> None:
    state = json.loads(json.dumps(seen("karin")))
    assert set(state) == {"meeting", "me", "participants", "invited", "invitations"}
    assert set(state["meeting"]) >= {
        "id", "type", "type_name", "status", "starts_at", "ends_at", "started_at", "ended_at", "title", "purpose",
        "place", "organisation", "phone", "person", "led_by", "host_present", "home_people",
    }  # fmt: skip
    assert set(state["me"]) >= {
        "participant", "identity", "state", "host", "co_host", "home", "ready", "name", "method",
    }  # fmt: skip
    assert set(state["participants"][0]) >= {
        "id", "identity", "name", "given_name", "initials", "role", "organisation", "party", "relation", "method",
        "state", "ready", "waiting_since", "host", "co_host", "home",
    }  # fmt: skip
    assert state["meeting"]["starts_at"] == "2026-11-24T09:00:00Z"
    assert state["participants"][0]["waiting_since"] == "2026-11-24T09:00:00Z"


def test_numbers_and_token_hashes_are_in_no_state() -> None:
    for who in ("anna", "karin", "nils"):
        text = json.dumps(seen(who))
        assert "1:x" not in text
        assert "t-karin" not in text


@pytest.mark.parametrize(
    ("changes", "link"),
    [({}, "valid"), ({"token_hash": None}, "none"), ({"revoked_at": NOW}, "revoked"), ({"expires_at": NOW}, "expired")],
)
def test_the_state_of_a_link(changes: dict[str, Any], link: str) -> None:
    house = HOUSE.changed(replace(HOUSE.invitations[3], **changes))
    assert [item["link"] for item in seen("anna", house=house)["invitations"]][3] == link


def test_a_summary_counts_who_has_come() -> None:
    line = view.summary(view.state(HOUSE, viewer("anna"), NOW))
    assert (len(line["invited"]), line["arrived"]) == (7, 4)


def test_doors_in_the_state() -> None:
    planned = gathering(("anna", H, None), status=MeetingStatus.PLANNED, starts_at=NOW + timedelta(minutes=16))
    meeting = seen("anna", house=planned)["meeting"]
    assert (meeting["waiting_room_open"], meeting["may_start_now"], meeting["lobby_open"]) == (False, True, False)
    assert meeting["host_presence"] == "expected"
    nobody = gathering(status=MeetingStatus.PLANNED)
    assert seen("siv", "nordvik", Permission.HOST, house=nobody)["meeting"]["led_by"] is None
