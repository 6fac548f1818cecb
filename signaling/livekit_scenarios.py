"""LiveKit's simulated scenarios: what its test tools ask a server to do to the one who asks, so that clients prove they
recover. Each does the real thing to this client alone, or is refused in words.
"""

from enum import Enum, auto

from livekit.protocol.models import MIGRATION, SERVER_SHUTDOWN, SIGNAL_CLOSE, ClientConfigSetting, ClientConfiguration
from livekit.protocol.rtc import (
    CandidateProtocol,
    ICEServer,
    LeaveRequest,
    RequestResponse,
    SignalResponse,
    SimulateScenario,
)

from sfu.membership import Membership
from sfu.publication import RequestRefused

MOST_SECONDS = 60.0  # of speaking
LEAST_BANDWIDTH = 10_000  # bit/s


class Next(Enum):
    """What the socket does after a request."""

    GO_ON = auto()
    CLOSE = auto()
    """Answered or told; close once everything queued is sent."""
    DROP = auto()
    """Cut the socket without a word, as if the network had (a scenario the client asked for)."""


class _OnResume(Enum):
    GO_ON = auto()
    CUT = auto()
    CUT_IN_SILENCE = auto()


class Scenarios:
    """Of one membership."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._on_resume = _OnResume.GO_ON

    def play(self, message: SimulateScenario, servers: list[ICEServer]) -> Next:
        """servers: what this client is told of TURN. Raises RequestRefused."""
        membership = self._membership
        match message.WhichOneof("scenario"):
            case "speaker_update":
                seconds = min(MOST_SECONDS, max(0.0, float(message.speaker_update)))
                membership.room.pulse.pretend(membership.participant.sid, seconds)
            case "node_failure":
                membership.end(SIGNAL_CLOSE, tell=False)
                return Next.DROP
            case "migration":
                # What a client of the node it leaves sees; it asks to resume, and is told to join anew.
                membership.end(MIGRATION, tell=False)
                return Next.DROP
            case "server_leave":
                membership.end(SERVER_SHUTDOWN, LeaveRequest.DISCONNECT)
                return Next.CLOSE
            case "leave_request_full_reconnect":
                membership.end(SERVER_SHUTDOWN, LeaveRequest.RECONNECT)
                return Next.CLOSE
            case "switch_candidate_protocol":
                self._switch(message.switch_candidate_protocol, servers)
            case "subscriber_bandwidth":
                limit = message.subscriber_bandwidth
                membership.connection.narrow(float(max(limit, LEAST_BANDWIDTH)) if limit > 0 else None)
            case "disconnect_signal_on_resume":
                self._on_resume = _OnResume.CUT
            case "disconnect_signal_on_resume_no_messages":
                self._on_resume = _OnResume.CUT_IN_SILENCE
            case other:
                raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, f"scenario {other} is not supported here")
        return Next.GO_ON

    def cut(self) -> bool | None:
        """Whether the socket of a resume is to be cut: None no, True after the first message, False before it. Once."""
        on_resume, self._on_resume = self._on_resume, _OnResume.GO_ON
        return {_OnResume.GO_ON: None, _OnResume.CUT: True, _OnResume.CUT_IN_SILENCE: False}[on_resume]

    def _switch(self, protocol: CandidateProtocol, servers: list[ICEServer]) -> None:
        """For now and for the joins to come: clients join anew at once, but only some of them resume."""
        membership = self._membership
        if protocol == CandidateProtocol.TCP and not membership.connection.has_tcp:
            raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "there is no TCP to the media port here")
        if protocol == CandidateProtocol.TLS and not over_tls(servers):
            raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "there is no TURN over TLS here")
        membership.room.reentry.prefer(membership.participant.identity, protocol)
        membership.connection.way = protocol
        leave = LeaveRequest(reason=MIGRATION, action=LeaveRequest.RESUME, can_reconnect=True)
        membership.participant.send(SignalResponse(leave=leave))


def over_tls(servers: list[ICEServer]) -> list[ICEServer]:
    """What of these is TURN over TLS."""
    found = []
    for server in servers:
        urls = [url for url in server.urls if url.startswith("turns:")]
        if urls:
            found.append(ICEServer(urls=urls, username=server.username, credential=server.credential))
    return found


def relayed() -> ClientConfiguration:
    """Tells a client to go by TURN alone."""
    return ClientConfiguration(force_relay=ClientConfigSetting.ENABLED)
