"""A room: who is in it, what each publishes, and what everyone is to be told when something changes.

Nothing here awaits: participants get messages through their `send`, media through their `MediaConnection`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from livekit.protocol.models import (
    DisconnectReason,
    ParticipantInfo,
)
from livekit.protocol.models import Room as RoomInfo
from livekit.protocol.rtc import (
    ConnectionQualityUpdate,
    MuteTrackRequest,
    ParticipantUpdate,
    PublishDataTrackRequest,
    PublishDataTrackResponse,
    RoomUpdate,
    SignalResponse,
    SubscriptionPermissionUpdate,
    TrackUnpublishedResponse,
    UnpublishDataTrackResponse,
)

from sfu import data_tracks
from sfu.access_token import MAX_METADATA, Permission
from sfu.audience import Audience
from sfu.data import DATA_BURST, DATA_PER_SECOND, RELIABLE, DataRefused, Routed, cost, route
from sfu.data_tracks import DataTracks
from sfu.layers import HIGH
from sfu.participant import Participant, TooLarge
from sfu.publication import Publication, RequestRefused, TrackSettings, require_may_publish
from sfu.pulse import Pulse
from sfu.recent_data import RecentData
from sfu.reentry import Reentry


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """max_participants: 0 for no limit. Timeouts: how long a room stands empty before anybody came, and afterwards."""

    max_participants: int = 0
    empty_timeout: timedelta = timedelta(seconds=300)
    departure_timeout: timedelta = timedelta(seconds=20)


class RoomFull(Exception):
    """For the person: nobody more fits in."""


class Room:
    """Holds the participants of one room and tells each what it must know.

    changed: called with every participant that came or went (the caller turns that into events). dropped: data
    messages that did not reach somebody, by reason.
    """

    def __init__(
        self,
        name: str,
        sid: str,
        *,
        now: datetime,
        limits: RoomLimits,
        changed: Callable[["Room", Participant], None] = lambda _room, _participant: None,
        dropped: Counter[str] | None = None,
    ) -> None:
        self.name = name
        self.sid = sid
        self.limits = limits
        self.metadata = ""
        self.created_at = now
        self.participants: dict[str, Participant] = {}
        self._changed = changed
        self._empty_since: datetime | None = now
        self._ever_used = False
        self.pulse = Pulse()
        self._now = 0.0  # monotonic seconds at the last tick
        self.reentry = Reentry()
        self.data_tracks = DataTracks()
        self.recent_data = RecentData()
        self.dropped = Counter[str]() if dropped is None else dropped
        self._limited: dict[Participant, bool] = {}  # since the last tick; whether a newer audience waits

    # What is asked of it

    def info(self) -> RoomInfo:
        seen = [participant for participant in self.participants.values() if not participant.permission.hidden]
        created = self.created_at.timestamp()
        return RoomInfo(
            sid=self.sid,
            name=self.name,
            metadata=self.metadata,
            creation_time=int(created),
            creation_time_ms=int(created * 1000),
            max_participants=self.limits.max_participants,
            empty_timeout=int(self.limits.empty_timeout.total_seconds()),
            departure_timeout=int(self.limits.departure_timeout.total_seconds()),
            num_participants=len(seen),
            num_publishers=sum(any(p.live for p in participant.publications.values()) for participant in seen),
        )

    def expired(self, now: datetime) -> bool:
        """Whether it has been empty for too long."""
        if self._empty_since is None:
            return False
        timeout = self.limits.departure_timeout if self._ever_used else self.limits.empty_timeout
        return now - self._empty_since >= timeout

    def has_place_for(self, identity: str) -> bool:
        return (
            self.limits.max_participants == 0
            or identity in self.participants
            or len(self.participants) < self.limits.max_participants
        )

    def others(self, participant: Participant) -> list[ParticipantInfo]:
        """Everyone that `participant` may see but itself: nobody, for one who may not hear them either."""
        if not participant.permission.can_subscribe:
            return []
        return [
            other.info()
            for other in self.participants.values()
            if other is not participant and not other.permission.hidden
        ]

    def publication(self, track_sid: str) -> tuple[Participant, Publication] | None:
        for participant in self.participants.values():
            if (publication := participant.publications.get(track_sid)) is not None:
                return participant, publication
        return None

    # Coming and going

    def join(self, participant: Participant) -> None:
        """Let someone in; the caller has made a duplicate identity `leave` first. Raises RoomFull."""
        if not self.has_place_for(participant.identity):
            raise RoomFull
        self.participants[participant.identity] = participant
        self._empty_since = None
        self._ever_used = True
        participant.data_from = self.recent_data.next
        self._update(participant)
        self._changed(self, participant)

    def activate(self, participant: Participant) -> None:
        """Its media connection stands."""
        if participant.state == ParticipantInfo.JOINED:
            participant.state = ParticipantInfo.ACTIVE
            self._update(participant)
            if participant.permission.can_subscribe:
                for message in self.pulse.now():
                    participant.send(message)

    def leave(self, participant: Participant, reason: DisconnectReason, now: datetime) -> None:
        """Take someone out and tell the others. What its own client is told is the caller's matter. Safe to repeat."""
        if participant.left:
            return
        participant.state = ParticipantInfo.DISCONNECTED
        participant.disconnect_reason = reason
        if self.participants.get(participant.identity) is participant:
            del self.participants[participant.identity]
        for publication in list(participant.publications.values()):
            self._retract(publication)
        participant.publications.clear()
        self.data_tracks.forget(participant)
        self._update(participant)
        if not self.participants:
            self._empty_since = now
        self._changed(self, participant)

    # Publishing

    def add(self, participant: Participant, publication: Publication) -> None:
        """Announced; it is told to the others once its media section stands (`published`)."""
        publication.allowed = participant.audience.of(publication.sid)
        participant.publications[publication.sid] = publication

    def published(self, participant: Participant, publications: Iterable[Publication]) -> None:
        """Their media sections stand."""
        self._update(participant)
        known = {publication.sid: publication for publication in publications}
        for other in self.participants.values():
            if other is not participant:
                self.reconcile(other, set(known))
                for publication in known.values():
                    if other.media is not None and publication.backup is not None:
                        other.media.take_up(publication)

    def unpublish(self, participant: Participant, track_sid: str) -> None:
        publication = participant.publications.pop(track_sid, None)
        if publication is None:
            return
        if participant.media is not None:
            participant.media.drop(publication)
        self._retract(publication)
        participant.send(SignalResponse(track_unpublished=TrackUnpublishedResponse(track_sid=track_sid)))
        self._update(participant)

    def _retract(self, publication: Publication) -> None:
        """Nobody receives it any more."""
        publication.section = None
        for other in self.participants.values():
            if other.media is not None and publication.sid in other.media.forwarded:
                other.media.withdraw(publication.sid)
                other.media.negotiate()
            other.wishes.forget(publication.sid)

    def mute(self, participant: Participant, track_sid: str, muted: bool) -> None:
        """The client has muted or unmuted its own track. Raises RequestRefused for unmuting what it may not publish."""
        publication = participant.publications.get(track_sid)
        if publication is None or publication.info.muted == muted:
            return
        if not muted:
            require_may_publish(participant.permission, publication.info.source)
        publication.info.muted = muted
        if not muted and publication.silenced and participant.media is not None:
            publication.silenced = False
            participant.media.unsilence(publication)
        self._update(participant)

    def mute_by_server(self, participant: Participant, publication: Publication) -> None:
        """Silence a track from outside: nothing of it is forwarded until its own client unmutes it."""
        if participant.media is not None and not publication.silenced:
            publication.silenced = True
            participant.media.silence(publication)
        self.mute(participant, publication.sid, True)
        participant.send(SignalResponse(mute=MuteTrackRequest(sid=publication.sid, muted=True)))

    def redescribed(self, participant: Participant) -> None:
        """Name, metadata, attributes, layers or track features were changed: tell."""
        self._update(participant)

    # Receiving

    def subscribe(self, participant: Participant, track_sids: Iterable[str], wanted: bool) -> list[str]:
        """Follow a client's explicit wish. Returns the sids that do not exist here."""
        unknown = []
        known = set()
        for sid in track_sids:
            if self.publication(sid) is None:
                unknown.append(sid)
            else:
                participant.wishes.subscribed[sid] = wanted
                known.add(sid)
        self.reconcile(participant, known)
        return unknown

    def sync_wishes(self, participant: Participant, subscribed: Mapping[str, bool], disabled: Set[str]) -> None:
        """One that has come back says what it wants; nothing else holds. subscribed: apart from auto-subscription."""
        here = {sid for one in self.participants.values() for sid in one.publications}
        wishes = participant.wishes
        wishes.subscribed = {sid: wanted for sid, wanted in subscribed.items() if sid in here}
        for sid in here & (disabled | set(wishes.settings)):
            before = wishes.settings.get(sid, TrackSettings())
            self.adjust(participant, [sid], replace(before, disabled=sid in disabled))
        self.reconcile(participant)

    def adjust(self, participant: Participant, track_sids: Iterable[str], settings: TrackSettings) -> None:
        for sid in track_sids:
            if self.publication(sid) is not None:
                participant.wishes.settings[sid] = settings
                if participant.media is not None and sid in participant.media.forwarded:
                    participant.media.apply(sid, settings)

    def limit_subscribers(self, publisher: Participant, audience: Audience) -> None:
        """The publisher says who may receive its tracks, those to come included.

        Each time may mean new negotiations with everybody: at most once at once, and of more the newest at the tick.
        """
        publisher.audience = audience
        if publisher in self._limited:
            self._limited[publisher] = True
            return
        self._limited[publisher] = False
        self.data_tracks.limit(publisher)
        changed: dict[Participant, set[str]] = {}
        for sid, publication in publisher.publications.items():
            before, publication.allowed = publication.allowed, audience.of(sid)
            for other in self.participants.values():
                could = before is None or other.identity in before
                can = publication.allowed is None or other.identity in publication.allowed
                if other is publisher or could == can:
                    continue
                update = SubscriptionPermissionUpdate(participant_sid=publisher.sid, track_sid=sid, allowed=can)
                self._tell_of_others(other, SignalResponse(subscription_permission_update=update))
                changed.setdefault(other, set()).add(sid)
        for other, sids in changed.items():
            self.reconcile(other, sids)

    def reconcile(self, participant: Participant, only: set[str] | None = None) -> None:
        """Bring what is forwarded to a participant in line with what it may and wants to receive.

        only: look at these tracks alone.
        """
        if participant.media is None or participant.left:
            return
        changed = False
        forwarded = participant.media.forwarded
        for publisher in self.participants.values():
            for publication in publisher.publications.values():
                if only is not None and publication.sid not in only:
                    continue
                wanted = publisher is not participant and self._may_receive(participant, publication)
                if wanted and publication.sid not in forwarded:
                    settings = participant.wishes.settings.get(publication.sid, TrackSettings())
                    participant.media.forward(publication, publisher.sid, settings)
                    room_for = HIGH if publisher.media is None else publisher.media.pictures
                    update = publication.quality_wanted(self._now, expected=True, room_for=room_for)
                    if update is not None:
                        publisher.send(SignalResponse(subscribed_quality_update=update))
                    changed = True
                elif not wanted and publication.sid in forwarded:
                    participant.media.withdraw(publication.sid)
                    changed = True
        if changed:
            participant.media.negotiate()

    def _may_receive(self, participant: Participant, publication: Publication) -> bool:
        return (
            publication.live
            and participant.permission.can_subscribe
            and (publication.allowed is None or participant.identity in publication.allowed)
            and participant.wishes.subscribed.get(publication.sid, participant.auto_subscribe)
        )

    # Data

    def data(self, participant: Participant, label: str, payload: bytes) -> None:
        """Pass on a packet that came on a data channel; what may not pass is counted and dropped.

        Who sends more than its share is read more slowly; what is lossy is dropped first.
        """
        if label != RELIABLE and participant.data_budget <= 0:
            self.dropped["over budget"] += 1
            return
        participant.data_budget -= cost(payload)
        if label == data_tracks.LABEL:
            self._data_track_packet(participant, payload)
            return
        try:
            routed = route(
                label,
                payload,
                identity=participant.identity,
                sid=participant.sid,
                permission=participant.permission,
                last_sequence=participant.last_sequence,
            )
        except DataRefused:
            self.dropped["refused"] += 1
        else:
            if routed.sequence:
                participant.last_sequence = routed.sequence
                self.recent_data.keep(routed)
            participant.data_budget -= cost(payload) * self.deliver(routed, besides=participant)
        if participant.data_budget < 0 and participant.media is not None:
            participant.media.hold_data(-participant.data_budget / DATA_PER_SECOND)

    def deliver(self, routed: Routed, besides: Participant | None = None) -> int:
        """To how many it went. One that does not keep up may leave by it."""
        reached = 0
        for other in tuple(self.participants.values()):
            if other is besides or other.media is None or (routed.sender and not other.permission.can_subscribe):
                continue
            if not routed.identities or other.identity in routed.identities:
                reached += 1
                if not other.media.send_data(routed.label, routed.payload):
                    self.dropped["not taken"] += 1
        return reached

    def catch_up(self, participant: Participant, received: Mapping[str, int]) -> None:
        """One that has come back says which reliable data it has: the rest again. received: by the sender's sid."""
        if participant.media is None or not participant.permission.can_subscribe:
            return
        missed = self.recent_data.missed(participant.identity, participant.sid, participant.data_from, received)
        for packet in missed:
            if not participant.media.send_data(packet.label, packet.payload):
                self.dropped["not taken"] += 1
                return

    def publish_data_track(self, participant: Participant, request: PublishDataTrackRequest, sid: str) -> None:
        """Raises RequestRefused."""
        info = self.data_tracks.publish(participant, request, sid)
        participant.send(SignalResponse(publish_data_track_response=PublishDataTrackResponse(info=info)))
        self._update(participant)

    def unpublish_data_track(self, participant: Participant, handle: int) -> None:
        """Raises RequestRefused."""
        info = self.data_tracks.unpublish(participant, handle)
        participant.send(SignalResponse(unpublish_data_track_response=UnpublishDataTrackResponse(info=info)))
        self._update(participant)

    def subscribe_data_tracks(self, participant: Participant, wanted: Mapping[str, bool]) -> None:
        """wanted: by track sid. Raises RequestRefused."""
        for sid, yes in wanted.items():
            self.data_tracks.subscribe(participant, sid, wanted=yes)
        handles = self.data_tracks.handles(participant.identity)
        participant.send(SignalResponse(data_track_subscriber_handles=handles))

    def _data_track_packet(self, participant: Participant, packet: bytes) -> None:
        for identity, payload in self.data_tracks.route(participant.identity, packet):
            other = self.participants.get(identity)
            if other is not None and other.media is not None:
                # On a lossy channel: a subscriber that does not keep up misses it.
                other.media.send_data(data_tracks.LABEL, payload)
                participant.data_budget -= cost(payload)

    # Changes from outside

    def set_metadata(self, metadata: str) -> None:
        if len(metadata) > MAX_METADATA:
            raise TooLarge("room metadata too large")
        self.metadata = metadata
        message = SignalResponse(room_update=RoomUpdate(room=self.info()))
        for participant in self.participants.values():
            participant.send(message)

    def permit(self, participant: Participant, permission: Permission) -> None:
        """New permissions bite at once: what is no longer allowed stops, and who is hidden is gone for the others."""
        if permission.hidden and not participant.permission.hidden:
            participant.version += 1
            self._tell_others(participant, _gone([participant.info()]))
        saw, seen = participant.permission.can_subscribe, self.others(participant)
        participant.permission = permission
        if saw and not permission.can_subscribe:
            participant.send(_gone(seen))
        elif permission.can_subscribe and not saw:
            participant.data_from = self.recent_data.next  # what was said before was not for it
            participant.send(SignalResponse(update=ParticipantUpdate(participants=self.others(participant))))
        for publication in list(participant.publications.values()):
            try:
                require_may_publish(permission, publication.info.source)
            except RequestRefused:
                self.unpublish(participant, publication.sid)
        if not permission.can_publish_data:
            for info in self.data_tracks.stop_publishing(participant):
                response = UnpublishDataTrackResponse(info=info)
                participant.send(SignalResponse(unpublish_data_track_response=response))
        if not permission.can_subscribe:
            self.data_tracks.stop_receiving(participant.identity)
        self.reconcile(participant)

    # By the clock

    def tick(self, now: float) -> None:
        """Every 0.4 s. now: monotonic seconds."""
        passed, self._now = now - self._now, now
        for participant in self.participants.values():
            participant.data_budget = min(DATA_BURST, participant.data_budget + passed * DATA_PER_SECOND)
        limited, self._limited = self._limited, {}
        for publisher, waits in limited.items():
            if waits and not publisher.left:
                self.limit_subscribers(publisher, publisher.audience)
        for message in self.pulse.beat(self.participants.values(), now):
            for participant in self.participants.values():
                if participant.permission.can_subscribe:
                    participant.send(message)
                elif (own := _of_oneself(message, participant.sid)) is not None:
                    participant.send(own)
        speaking = self.pulse.speaking
        for participant in self.participants.values():
            if participant.media is not None:
                participant.media.speaking(speaking)
            self.ask_for_layers(participant)

    def ask_for_layers(self, participant: Participant) -> None:
        """Tell a publisher which layers of its pictures it need send, where that is news."""
        room_for = HIGH if participant.media is None else participant.media.pictures
        for publication in participant.publications.values():
            if (update := publication.quality_wanted(self._now, room_for=room_for)) is not None:
                participant.send(SignalResponse(subscribed_quality_update=update))

    def _update(self, participant: Participant) -> None:
        """Tell everybody about a participant who may know; of a hidden one only itself hears."""
        participant.version += 1
        message = SignalResponse(update=ParticipantUpdate(participants=[participant.info()]))
        if not participant.left:
            participant.send(message)
        if not participant.permission.hidden:
            self._tell_others(participant, message)

    def _tell_others(self, participant: Participant, message: SignalResponse) -> None:
        for other in self.participants.values():
            if other is not participant:
                self._tell_of_others(other, message)

    def _tell_of_others(self, participant: Participant, message: SignalResponse) -> None:
        if participant.permission.can_subscribe:
            participant.send(message)


def _gone(infos: Iterable[ParticipantInfo]) -> SignalResponse:
    message = ParticipantUpdate(participants=infos)
    for info in message.participants:
        info.state = ParticipantInfo.DISCONNECTED
    return SignalResponse(update=message)


def _of_oneself(message: SignalResponse, sid: str) -> SignalResponse | None:
    """What of a message of `Pulse` is about this participant itself, None where nothing is."""
    quality = [one for one in message.connection_quality.updates if one.participant_sid == sid]
    return SignalResponse(connection_quality=ConnectionQualityUpdate(updates=quality)) if quality else None


def reason_name(reason: DisconnectReason) -> str:
    """``client_initiated``..., as `rooms.media.MediaEvent` tells it."""
    return DisconnectReason.Name(reason).lower() if reason in DisconnectReason.values() else "unknown_reason"
