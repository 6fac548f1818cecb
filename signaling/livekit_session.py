"""LiveKit's signalling, one client's side of it, as pure code: a request in, messages out through the participant.

https://github.com/livekit/protocol (livekit_rtc.proto). The socket around it is `signaling.livekit_socket`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

import structlog
from livekit.protocol.models import (
    CLIENT_INITIATED,
    SE_TRACK_NOTFOUND,
    SERVER_SHUTDOWN,
    SIGNAL_CLOSE,
    Codec,
    ServerInfo,
)
from livekit.protocol.rtc import (
    AddTrackRequest,
    ICEServer,
    JoinRequest,
    JoinResponse,
    LeaveRequest,
    MuteTrackRequest,
    ParticipantUpdate,
    Ping,
    Pong,
    ReconnectResponse,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    SimulateScenario,
    SubscriptionPermission,
    SubscriptionResponse,
    SyncState,
    TrackPublishedResponse,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoLayers,
)

from sfu.membership import Membership, new_sid
from sfu.participant import TooLarge
from sfu.publication import RequestRefused, TrackSettings, announce, named_tracks
from sfu.sdp import SdpError
from signaling.turn import TurnServers, new_holder

log = structlog.get_logger()

PROTOCOL = 16
VERSION = "1.9.99"  # clients compare it with LiveKit releases to know what a server can do
PING_INTERVAL = 5  # seconds
PING_TIMEOUT = 15
MAX_SIDS = 512


class Next(Enum):
    """What the socket does after a request."""

    GO_ON = auto()
    CLOSE = auto()
    """Answered or told; close once everything queued is sent."""
    DROP = auto()
    """Cut the socket without a word, as if the network had (a scenario the client asked for)."""


def server_info() -> ServerInfo:
    return ServerInfo(edition=ServerInfo.Standard, version=VERSION, protocol=PROTOCOL, node_id="embedded")


class LivekitSession:
    """Signalling of one membership. Requests are handled in the order they come; a bad one ends nothing but itself."""

    def __init__(
        self,
        membership: Membership,
        clock: Callable[[], datetime],
        sif_trailer: bytes,
        turn: TurnServers | None = None,
    ) -> None:
        self.membership = membership
        self.participant = membership.participant
        self.room = membership.room
        self.bad_requests = 0
        self._clock = clock
        self._sif_trailer = sif_trailer
        self._turn = turn or TurnServers()
        self._turn_holder = new_holder()
        self._drop_on_resume = False
        self._handlers: dict[str, Callable[[Any], Next | None]] = {
            "offer": self._offer,
            "answer": self._answer,
            "trickle": self._trickle,
            "add_track": self._add_track,
            "mute": self._mute,
            "subscription": self._subscription,
            "track_setting": self._track_setting,
            "leave": self._leave,
            "update_layers": self._update_layers,
            "subscription_permission": self._subscription_permission,
            "sync_state": self._sync_state,
            "simulate": self._simulate,
            "ping": self._ping,
            "ping_req": self._ping_req,
            "update_metadata": self._update_metadata,
            "update_audio_track": self._update_audio_track,
            "update_video_track": self._update_video_track,
            "publish_data_track_request": self._unsupported("publish_data_track"),
            "unpublish_data_track_request": self._unsupported("unpublish_data_track"),
        }

    # Beginning

    def joined(self, request: JoinRequest) -> None:
        """The first messages: who is here, then what the join request itself already asked for."""
        dual = self.membership.connection.dual
        self._send(
            join=JoinResponse(
                room=self.room.info(),
                participant=self.participant.info(),
                other_participants=self.room.others(self.participant),
                server_version=VERSION,
                ice_servers=self._ice_servers(),
                server_info=server_info(),
                subscriber_primary=dual,
                ping_interval=PING_INTERVAL,
                ping_timeout=PING_TIMEOUT,
                sif_trailer=self._sif_trailer,
                enabled_publish_codecs=[
                    Codec(mime=mime) for mime in ("audio/opus", "video/VP8", "video/H264", "video/VP9", "video/AV1")
                ],
                fast_publish=True,
            )
        )
        for add_track in request.add_track_requests[:8]:
            self._add_track(add_track)
        self.membership.start_receiving()
        if request.HasField("publisher_offer"):
            self._guarded("offer", request.publisher_offer)
        if dual:
            self.membership.connection.begin_offers()

    def resumed(self) -> tuple[SignalResponse, Next]:
        """The client is back on a new socket. The message it must read first; the rest is queued behind."""
        if self._drop_on_resume:
            self._drop_on_resume = False
            return SignalResponse(), Next.DROP
        everybody = [self.participant.info(), *self.room.others(self.participant)]
        self._send(update=ParticipantUpdate(participants=everybody))
        self.membership.back()
        self.membership.connection.restart()
        reconnect = ReconnectResponse(
            server_info=server_info(),
            last_message_seq=self.participant.last_sequence,
            ice_servers=self._ice_servers(),
        )
        return SignalResponse(reconnect=reconnect), Next.GO_ON

    def _ice_servers(self) -> list[ICEServer]:
        return self._turn.for_client(self._turn_holder, self._clock())

    # Requests

    def receive(self, request: SignalRequest) -> Next:
        """Handle one request. Unknown ones are passed over: newer clients say more than we know."""
        if self.participant.left:
            return Next.CLOSE
        kind = request.WhichOneof("message")
        return Next.GO_ON if kind is None else self._guarded(kind, getattr(request, kind))

    def _guarded(self, kind: str, message: Any) -> Next:
        handler = self._handlers.get(kind)
        if handler is None:
            return Next.GO_ON
        try:
            return handler(message) or Next.GO_ON
        except RequestRefused as refused:
            self._respond(kind, message, refused.reason, str(refused))
        except TooLarge as error:
            self._respond(kind, message, RequestResponse.LIMIT_EXCEEDED, str(error))
        except SdpError as error:
            return self._cannot_negotiate(error)
        return Next.GO_ON

    def _cannot_negotiate(self, error: SdpError) -> Next:
        """A client that sends no usable description cannot go on; without this answer it would wait in vain."""
        self.bad_requests += 1
        log.warning("description refused", participant=self.participant.sid, why=str(error))
        self._send(
            request_response=RequestResponse(
                reason=RequestResponse.INVALID_REQUEST, message=f"description refused: {error}"
            )
        )
        return Next.GO_ON

    def _respond(self, kind: str, message: Any, reason: RequestResponse.Reason, text: str) -> None:
        response = RequestResponse(request_id=getattr(message, "request_id", 0), reason=reason, message=text)
        name = kind.removesuffix("_request")
        if name in RequestResponse.DESCRIPTOR.fields_by_name and name != "message":
            getattr(response, name).CopyFrom(message)
        self._send(request_response=response)

    def _unsupported(self, name: str) -> Callable[[Any], None]:
        def handler(message: Any) -> None:
            self._respond(name, message, RequestResponse.UNSUPPORTED_TYPE, "data tracks are not supported here")

        return handler

    def _send(self, **message: Any) -> None:
        self.participant.send(SignalResponse(**message))

    def _offer(self, message: SessionDescription) -> None:
        self.membership.connection.take_offer(message.sdp, message.id, self.participant.publications)

    def _answer(self, message: SessionDescription) -> None:
        self.membership.connection.take_answer(message.sdp, message.id)

    def _trickle(self, message: Any) -> None:
        """An ICE-lite agent never sends checks, so the client's candidates are of no use to it (RFC 8445, 2.5)."""

    def _add_track(self, message: AddTrackRequest) -> None:
        for pending in self.participant.publications.values():
            if not pending.live and message.cid and message.cid in pending.announced.cids:
                # Said again, after a resume: the client waits for the answer it missed.
                self._send(track_published=TrackPublishedResponse(cid=message.cid, track=pending.info))
                return
        if not self.participant.can_add_track:
            raise RequestRefused(RequestResponse.LIMIT_EXCEEDED, "too many tracks")
        publication = announce(message, new_sid("TR"), self.participant.permission)
        self.room.add(self.participant, publication)
        self._send(track_published=TrackPublishedResponse(cid=message.cid, track=publication.info))

    def _mute(self, message: MuteTrackRequest) -> None:
        self.room.mute(self.participant, message.sid, message.muted)

    def _subscription(self, message: UpdateSubscription) -> None:
        sids = named_tracks(list(message.track_sids)[:MAX_SIDS], list(message.participant_tracks)[:MAX_SIDS])
        for unknown in self.room.subscribe(self.participant, sids, message.subscribe):
            if message.subscribe:
                self._send(subscription_response=SubscriptionResponse(track_sid=unknown, err=SE_TRACK_NOTFOUND))

    def _track_setting(self, message: UpdateTrackSettings) -> None:
        settings = TrackSettings(
            disabled=message.disabled,
            quality=message.quality,
            width=message.width,
            height=message.height,
            fps=message.fps,
            priority=message.priority,
        )
        self.room.adjust(self.participant, list(message.track_sids)[:MAX_SIDS], settings)

    def _leave(self, message: LeaveRequest) -> Next:  # noqa: ARG002
        self.membership.end(CLIENT_INITIATED, tell=False)
        return Next.CLOSE

    def _update_layers(self, message: UpdateVideoLayers) -> None:
        if (publication := self.participant.publications.get(message.track_sid)) is not None:
            publication.set_layers(list(message.layers))
            self.room.redescribed(self.participant)

    def _subscription_permission(self, message: SubscriptionPermission) -> None:
        """Without all_participants, each track may go only to those it is permitted to."""
        allowed: dict[str, set[str] | None] = {sid: set() for sid in self.participant.publications}
        if message.all_participants:
            allowed = dict.fromkeys(allowed)
        by_sid = {other.sid: other.identity for other in self.room.participants.values()}
        for permission in list(message.track_permissions)[:MAX_SIDS]:
            identity = permission.participant_identity or by_sid.get(permission.participant_sid, "")
            sids = list(allowed) if permission.all_tracks else [sid for sid in permission.track_sids if sid in allowed]
            for sid in sids:
                if (identities := allowed[sid]) is not None and identity:
                    identities.add(identity)
        self.room.limit_subscribers(
            self.participant, {sid: None if who is None else frozenset(who) for sid, who in allowed.items()}
        )

    def _sync_state(self, message: SyncState) -> None:
        """After a resume the client tells what it holds; its wishes are what may differ from ours."""
        if message.HasField("subscription"):
            self._subscription(message.subscription)
        for sid in list(message.track_sids_disabled)[:MAX_SIDS]:
            before = self.participant.wishes.settings.get(sid, TrackSettings())
            self.room.adjust(self.participant, [sid], replace(before, disabled=True))

    def _simulate(self, message: SimulateScenario) -> Next:
        """Scenarios of LiveKit's test tools. Those that only this client feels are played; others are refused."""
        match message.WhichOneof("scenario"):
            case "server_leave":
                self.membership.end(SERVER_SHUTDOWN, LeaveRequest.DISCONNECT)
                return Next.CLOSE
            case "node_failure":
                self.membership.end(SIGNAL_CLOSE, tell=False)
                return Next.DROP
            case "leave_request_full_reconnect":
                self.membership.end(SERVER_SHUTDOWN, LeaveRequest.RECONNECT)
                return Next.CLOSE
            case "disconnect_signal_on_resume" | "disconnect_signal_on_resume_no_messages":
                self._drop_on_resume = True
                return Next.GO_ON
            case other:
                self._send(
                    request_response=RequestResponse(
                        reason=RequestResponse.UNSUPPORTED_TYPE, message=f"scenario {other} is not supported here"
                    )
                )
                return Next.GO_ON

    def _ping(self, message: int) -> None:  # noqa: ARG002
        self._send(pong=self._milliseconds())

    def _ping_req(self, message: Ping) -> None:
        self._send(pong_resp=Pong(last_ping_timestamp=message.timestamp, timestamp=self._milliseconds()))

    def _milliseconds(self) -> int:
        return int(self._clock().timestamp() * 1000)

    def _update_metadata(self, message: UpdateParticipantMetadata) -> None:
        if not self.participant.permission.can_update_metadata:
            raise RequestRefused(RequestResponse.NOT_ALLOWED, "this participant may not change its own description")
        self.participant.describe(
            name=message.name or None, metadata=message.metadata or None, attributes=message.attributes
        )
        self.room.redescribed(self.participant)
        self._respond("update_metadata", message, RequestResponse.OK, "")

    def _update_audio_track(self, message: UpdateLocalAudioTrack) -> None:
        if (publication := self.participant.publications.get(message.track_sid)) is not None:
            del publication.info.audio_features[:]
            publication.info.audio_features.extend(list(message.features)[:16])
            self.room.redescribed(self.participant)

    def _update_video_track(self, message: UpdateLocalVideoTrack) -> None:
        if (publication := self.participant.publications.get(message.track_sid)) is not None:
            publication.info.width, publication.info.height = message.width, message.height
            self.room.redescribed(self.participant)
