"""LiveKit's signalling, one client's side of it, as pure code: a request in, messages out through the participant.

https://github.com/livekit/protocol (livekit_rtc.proto). The socket around it is `signaling.livekit_socket`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from livekit.protocol.models import (
    CLIENT_INITIATED,
    SE_TRACK_NOTFOUND,
    STATE_MISMATCH,
    Codec,
    ServerInfo,
)
from livekit.protocol.rtc import (
    AddTrackRequest,
    CandidateProtocol,
    DataTrackSubscriberHandles,
    GetDataBlobRequest,
    ICEServer,
    JoinRequest,
    JoinResponse,
    LeaveRequest,
    MuteTrackRequest,
    ParticipantUpdate,
    Ping,
    Pong,
    PublishDataTrackRequest,
    PublishDataTrackResponse,
    ReconnectResponse,
    RequestResponse,
    RoomUpdate,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    SimulateScenario,
    StoreDataBlobRequest,
    SubscriptionPermission,
    SubscriptionResponse,
    SyncState,
    TrackPublishedResponse,
    UnpublishDataTrackRequest,
    UpdateDataSubscription,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoLayers,
)

from sfu.audience import read as read_audience
from sfu.membership import Membership, new_sid
from sfu.participant import TooLarge
from sfu.publication import RequestRefused, TrackSettings, announce, named_tracks
from sfu.sdp import SdpError
from signaling.livekit_scenarios import Next, Scenarios, over_tls, relayed
from signaling.turn import TurnServers, new_holder

log = structlog.get_logger()

PROTOCOL = 16
VERSION = "1.9.99"  # clients compare it with LiveKit releases to know what a server can do
PING_INTERVAL = 5  # seconds
PING_TIMEOUT = 15
MAX_SIDS = 512


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
        self._clock = clock
        self._sif_trailer = sif_trailer
        self._turn = turn or TurnServers()
        self._turn_holder = new_holder()
        self._scenarios = Scenarios(membership)
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
            "publish_data_track_request": self._publish_data_track,
            "unpublish_data_track_request": self._unpublish_data_track,
            "update_data_subscription": self._update_data_subscription,
            "store_data_blob_request": self._no_data_blobs,
            "get_data_blob_request": self._no_data_blobs,
        }

    # Beginning

    def joined(self) -> None:
        """The first message: who is here."""
        self._send(
            join=JoinResponse(
                room=self.room.info(),
                participant=self.participant.info(),
                other_participants=self.room.others(self.participant),
                server_version=VERSION,
                ice_servers=self._ice_servers(),
                client_configuration=relayed() if self._over_tls else None,
                server_info=server_info(),
                subscriber_primary=self.membership.connection.dual,
                ping_interval=PING_INTERVAL,
                ping_timeout=PING_TIMEOUT,
                sif_trailer=self._sif_trailer,
                enabled_publish_codecs=[
                    Codec(mime=mime) for mime in ("audio/opus", "video/VP8", "video/H264", "video/VP9", "video/AV1")
                ],
                fast_publish=True,
            )
        )

    def begin(self, request: JoinRequest) -> None:
        """What the join request itself already asked for."""
        for add_track in request.add_track_requests[:8]:
            self._guarded("add_track", add_track)
        self.membership.start_receiving()
        if request.HasField("publisher_offer"):
            self._guarded("offer", request.publisher_offer)
        if self.membership.connection.dual:
            self.membership.connection.begin_offers()

    def resumed(self) -> tuple[SignalResponse | None, Next]:
        """The client is back on a new socket. The message it must read first; the rest is queued behind.

        What the lost socket may have swallowed is said again: it is all state, and told twice it is the same.
        """
        reconnect = ReconnectResponse(
            server_info=server_info(),
            last_message_seq=self.participant.last_sequence,
            ice_servers=self._ice_servers(),
            client_configuration=relayed() if self._over_tls else None,
        )
        cut = self._scenarios.cut()
        if cut is not None:
            return SignalResponse(reconnect=reconnect) if cut else None, Next.DROP
        # First of all: a client that believes its microphone to be on would switch it on again.
        for publication in self.participant.publications.values():
            if publication.silenced:
                self._send(mute=MuteTrackRequest(sid=publication.sid, muted=True))
        everybody = [self.participant.info(), *self.room.others(self.participant)]
        self._send(update=ParticipantUpdate(participants=everybody))
        self._send(room_update=RoomUpdate(room=self.room.info()))
        if self.participant.permission.can_subscribe:
            for message in self.room.pulse.now():
                self.participant.send(message)
        if handles := self.room.data_tracks.handles(self.participant.identity).sub_handles:
            self._send(data_track_subscriber_handles=DataTrackSubscriberHandles(sub_handles=handles))
        self.membership.back()
        self.membership.connection.restart()
        return SignalResponse(reconnect=reconnect), Next.GO_ON

    @property
    def _over_tls(self) -> bool:
        return self.membership.connection.way == CandidateProtocol.TLS

    def _ice_servers(self) -> list[ICEServer]:
        servers = self._turn.for_client(self._turn_holder, self._clock())
        return over_tls(servers) if self._over_tls else servers

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
        log.warning("description refused", participant=self.participant.sid, failure=type(error).__name__)
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
        if message.sid and (known := self.participant.publications.get(message.sid)) is not None:
            known.add_backup(message)
            self._send(track_published=TrackPublishedResponse(cid=message.cid, track=known.info))
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
        identity_of = {other.sid: other.identity for other in self.room.participants.values()}
        self.room.limit_subscribers(self.participant, read_audience(message, identity_of))

    def _publish_data_track(self, message: PublishDataTrackRequest) -> None:
        self.room.publish_data_track(self.participant, message, new_sid("DTR"))

    def _unpublish_data_track(self, message: UnpublishDataTrackRequest) -> None:
        self.room.unpublish_data_track(self.participant, message.pub_handle)

    def _update_data_subscription(self, message: UpdateDataSubscription) -> None:
        wanted = {update.track_sid: update.subscribe for update in list(message.updates)[:MAX_SIDS]}
        self.room.subscribe_data_tracks(self.participant, wanted)

    def _no_data_blobs(self, message: StoreDataBlobRequest | GetDataBlobRequest) -> None:  # noqa: ARG002
        raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "data blobs are not kept here")

    def _sync_state(self, message: SyncState) -> Next:
        """After a resume the client tells what it holds. Its wishes become ours; what it publishes must be here.

        Otherwise it is told to join anew, which clients do by themselves.
        """
        participant = self.participant
        published = {one.track.sid for one in message.publish_tracks if one.track.sid}
        data_tracks = {one.info.sid for one in message.publish_data_tracks if one.info.sid}
        if published - set(participant.publications) or data_tracks - {info.sid for info in participant.data_tracks}:
            self.membership.end(STATE_MISMATCH, LeaveRequest.RECONNECT)
            return Next.CLOSE
        for info in participant.data_tracks:
            if info.sid not in data_tracks:
                # It waits for the answer it missed.
                self._send(publish_data_track_response=PublishDataTrackResponse(info=info))
        if message.HasField("subscription"):
            disabled = set(message.track_sids_disabled[:MAX_SIDS])
            self.room.sync_wishes(participant, self._subscribed(message), disabled)
        if message.HasField("data_subscription"):
            self._update_data_subscription(message.data_subscription)
        received = {one.publisher_sid: one.last_seq for one in message.datachannel_receive_states[:MAX_SIDS]}
        self.room.catch_up(participant, received)
        return Next.GO_ON

    def _subscribed(self, message: SyncState) -> dict[str, bool]:
        """Clients list what differs from their auto-subscription."""
        wish = message.subscription
        sids = named_tracks(list(wish.track_sids)[:MAX_SIDS], list(wish.participant_tracks)[:MAX_SIDS])
        return dict.fromkeys(sids, wish.subscribe)

    def _simulate(self, message: SimulateScenario) -> Next:
        return self._scenarios.play(message, self._turn.for_client(self._turn_holder, self._clock()))

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
