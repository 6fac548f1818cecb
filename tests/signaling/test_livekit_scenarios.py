"""Simulated scenarios: each does the real thing to the one who asks, or is refused in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from livekit.protocol.models import MIGRATION
from livekit.protocol.rtc import CandidateProtocol, ICEServer, LeaveRequest, SimulateScenario

from sfu.access_token import Claims
from sfu.connection import Connection
from sfu.membership import Membership
from sfu.publication import RequestRefused
from sfu.room import Room, RoomLimits
from sfu.speakers import INTERVAL
from signaling.livekit_scenarios import Next, Scenarios, over_tls
from tests.sfu.fakes import FakePeer, Inbox, person

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
UDP, TCP, TLS = CandidateProtocol.UDP, CandidateProtocol.TCP, CandidateProtocol.TLS
TURN = ICEServer(urls=["turn:t.example.se:3478", "turns:t.example.se:443?transport=tcp"], username="u", credential="c")


class Stay:
    def __init__(self) -> None:
        self.room = Room("r", "RM", now=NOW, limits=RoomLimits())
        participant, _, self.inbox = person("anna")
        claims = Claims("anna", "", "", {}, participant.permission, "r", NOW, NOW)
        self.membership = Membership(
            self.room,
            participant,
            claims,
            FakePeer,  # type: ignore[arg-type]  # a stand-in
            dual=False,
            clock=lambda: NOW,
            monotonic=lambda: 0.0,
            ended=lambda _: None,
        )
        self.room.join(participant)
        self.scenarios = Scenarios(self.membership)

    def play(self, *servers: ICEServer, **scenario: Any) -> Next:
        return self.scenarios.play(SimulateScenario(**scenario), list(servers))


@pytest.fixture
def stay() -> Stay:
    return Stay()


def test_speaking_for_a_while(stay: Stay) -> None:
    other, _, inbox = person("bo")
    stay.room.join(other)
    stay.room.tick(1.0)
    stay.play(speaker_update=3)
    stay.room.tick(1.0 + INTERVAL)
    (speaker,) = inbox.last("speakers_changed").speakers
    assert (speaker.sid, speaker.active) == ("PA_anna", True)
    stay.room.tick(3.9)
    assert len(inbox.of("speakers_changed")) == 1
    stay.room.tick(4.1)
    assert not inbox.last("speakers_changed").speakers[0].active


def test_the_way_is_kept_for_the_joins_to_come(stay: Stay, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestRefused, match="no TCP"):
        stay.play(switch_candidate_protocol=TCP)
    monkeypatch.setattr(Connection, "has_tcp", True)
    assert stay.play(switch_candidate_protocol=TCP) is Next.GO_ON
    assert stay.membership.connection.way == TCP
    assert stay.room.reentry.preferred("anna") == TCP
    leave = stay.inbox.last("leave")
    assert (leave.reason, leave.action, leave.can_reconnect) == (MIGRATION, LeaveRequest.RESUME, True)
    stay.play(switch_candidate_protocol=UDP)
    assert stay.room.reentry.preferred("anna") == UDP


def test_over_tls_only_where_turn_has_it(stay: Stay) -> None:
    with pytest.raises(RequestRefused, match="TURN over TLS"):
        stay.play(ICEServer(urls=["turn:t.example.se:3478"]), switch_candidate_protocol=TLS)
    stay.play(TURN, switch_candidate_protocol=TLS)
    assert stay.membership.connection.way == TLS
    (server,) = over_tls([TURN])
    assert (list(server.urls), server.username) == (["turns:t.example.se:443?transport=tcp"], "u")


def test_what_there_is_not_is_refused(stay: Stay) -> None:
    with pytest.raises(RequestRefused):
        stay.play()
    assert Inbox(stay.inbox).of("leave") == []


def test_a_socket_is_cut_once_at_the_next_resume(stay: Stay) -> None:
    assert stay.scenarios.cut() is None
    stay.play(disconnect_signal_on_resume=True)
    assert stay.scenarios.cut() is True
    stay.play(disconnect_signal_on_resume_no_messages=True)
    assert stay.scenarios.cut() is False
    assert stay.scenarios.cut() is None
