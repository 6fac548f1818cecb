"""Every act on every status: what it leads to, or which error it is."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from rooms import lobby
from rooms.errors import Denied, NotHere, NotWaiting, Removed
from rooms.meeting import Participant, ParticipantStatus
from tests.rooms.values import NOW, participant

W, A, I_, L, D, R = ParticipantStatus
LATER = NOW + timedelta(minutes=1)

ACTS: dict[str, Callable[[Participant], Participant]] = {
    "knock": lambda one: lobby.knock(one, LATER, session="new"),
    "ready": lambda one: lobby.ready(one, is_ready=True),
    "admit": lambda one: lobby.admit(one, LATER),
    "not yet": lambda one: lobby.deny(one, final=False),
    "deny": lambda one: lobby.deny(one, final=True),
    "take seat": lambda one: lobby.take_seat(one, LATER, identity="new", session="new", home=True),
    "sat down": lobby.sat_down,
    "dropped": lobby.dropped,
    "never sat down": lobby.never_sat_down,
    "leave": lobby.leave,
    "remove": lobby.remove,
    "invited again": lambda one: lobby.invited_again(one, invitation="i-2"),
    "meeting over": lobby.meeting_over,
}

# Columns: waiting, admitted, in_room, left (dropped: may return), left (by will), denied, removed
TABLE: dict[str, tuple[ParticipantStatus | type[Exception], ...]] = {
    "knock": (W, NotHere, NotHere, NotHere, W, NotHere, NotHere),
    "ready": (W, *[NotWaiting] * 6),
    "admit": (A, *[NotWaiting] * 6),
    "not yet": (W, *[NotWaiting] * 6),
    "deny": (D, *[NotWaiting] * 6),
    "take seat": (NotWaiting, A, A, A, NotWaiting, NotWaiting, NotWaiting),
    "sat down": (NotHere, I_, I_, I_, NotHere, NotHere, NotHere),
    "dropped": (NotHere, NotHere, L, NotHere, NotHere, NotHere, NotHere),
    "never sat down": (NotHere, L, NotHere, NotHere, NotHere, NotHere, NotHere),
    "leave": (L, L, L, NotHere, NotHere, NotHere, NotHere),
    "remove": (R, R, R, R, R, NotHere, NotHere),
    "invited again": (W, A, I_, L, L, L, L),
    "meeting over": (L, L, L, L, L, D, R),
}
STATIONS = [(W, False), (A, True), (I_, True), (L, True), (L, False), (D, False), (R, False)]


@pytest.mark.parametrize("at", range(len(STATIONS)))
@pytest.mark.parametrize("act", TABLE)
def test_every_act_on_every_status(act: str, at: int) -> None:
    status, may_return = STATIONS[at]
    one = participant("karin", status, may_return=may_return)
    expected = TABLE[act][at]
    if isinstance(expected, ParticipantStatus):
        assert ACTS[act](one).status is expected
    else:
        with pytest.raises(expected) as refused:
            ACTS[act](one)
        assert "Karin Lund" in refused.value.text("sv")  # type: ignore[attr-defined]  # all of them are refusals


def test_a_new_knock_starts_from_nothing() -> None:
    one = participant("karin", L, ready=True, not_yet=True, home=True, admitted_at=NOW)
    fresh = lobby.knock(one, LATER, session="new")
    assert (fresh.ready, fresh.not_yet, fresh.home, fresh.identity, fresh.admitted_at) == (
        False,
        False,
        False,
        None,
        None,
    )
    assert fresh.waiting_since == LATER


def test_waiting_on_keeps_ones_place() -> None:
    again = lobby.knock(participant("karin", W, ready=True), LATER, session="new")
    assert (again.waiting_since, again.seen_at, again.ready, again.session) == (NOW, LATER, True, "new")


def test_being_let_in_answers_the_not_yet() -> None:
    assert not lobby.admit(participant("karin", W, not_yet=True), LATER).not_yet


def test_a_seat_is_new_each_time() -> None:
    one = lobby.take_seat(participant("karin", I_), LATER, identity="new", session="phone", home=False)
    assert (one.identity, one.session, one.admitted_at) == ("new", "phone", LATER)


def test_those_who_are_out_hear_why_and_whom_to_call() -> None:
    for status, kind in ((R, Removed), (D, Denied)):
        with pytest.raises(kind) as refused:
            lobby.refuse_if_out(participant("karin", status), organisation="Nordviks kommun", phone="0980")
        assert "0980" in refused.value.text("en")
    lobby.refuse_if_out(participant("karin", L), organisation="", phone="")


def test_whoever_comes_with_a_browser_that_cannot_encrypt_knocks_anew() -> None:
    """From a seat, and from having just dropped; the permission of the time before is gone."""
    for status, may_return in ((A, True), (I_, True), (L, True)):
        before = participant("karin", status, may_return=may_return, allowed_by="Anna", key="k", vouching="v")
        gone = lobby.back_to_the_door(before)
        assert not lobby.has_seat(gone)
        again = lobby.knock(gone, LATER, session="s", key=None)
        assert (again.status, again.key, again.allowed_by, again.vouching) == (W, None, None, None)
