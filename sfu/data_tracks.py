"""Data tracks: named streams of small frames that each subscriber asks for, forwarded without being read.

A packet begins with twelve bytes, of which two are a handle (big-endian, at offset 2): the publisher's own on its way
in, the subscriber's on its way out. The rest is the clients' matter, and may be encrypted.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from livekit.protocol.models import DataTrackInfo
from livekit.protocol.rtc import DataTrackSubscriberHandles, PublishDataTrackRequest, RequestResponse

from sfu.access_token import MAX_NAME, octets
from sfu.participant import Participant
from sfu.publication import RequestRefused

LABEL = "_data_track"
MAX_DATA_TRACKS = 16  # of one participant
MAX_SUBSCRIPTIONS = 256  # of one participant
MAX_PACKET = 64 * 1024
PACKETS_PER_SECOND = 1000.0  # of one participant; what comes above it is dropped
BURST = 200.0

_HEADER = 12
_HANDLE = slice(2, 4)
_HANDLES = 0xFFFF


@dataclass(slots=True)
class DataTrack:
    """info: what others are told of it. receivers: subscriber's identity -> the handle it knows the track by."""

    info: DataTrackInfo
    publisher: str
    publisher_sid: str
    allowed: frozenset[str] | None
    receivers: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Publisher:
    """tracks: by the publisher's handle."""

    tracks: dict[int, DataTrack] = field(default_factory=dict)
    budget: float = BURST
    filled_at: float = 0.0


class DataTracks:
    """All of one room. Participants are named by identity."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._publishers: dict[str, _Publisher] = {}
        self._by_sid: dict[str, DataTrack] = {}
        self._handles: dict[str, Iterator[int]] = {}

    # Publishing

    def publish(self, participant: Participant, request: PublishDataTrackRequest, track_sid: str) -> DataTrackInfo:
        """Raises RequestRefused, with the reasons that clients know."""
        if not participant.permission.can_publish_data:
            raise RequestRefused(RequestResponse.NOT_ALLOWED, "this participant may not publish data")
        if not 0 < request.pub_handle <= _HANDLES:
            raise RequestRefused(RequestResponse.INVALID_HANDLE, "the handle must be 1 to 65535")
        if not 0 < octets(request.name) <= MAX_NAME:
            raise RequestRefused(RequestResponse.INVALID_NAME, f"the name must have 1 to {MAX_NAME} bytes")
        if len(request.frame_encoding.SerializeToString()) + len(request.schema.SerializeToString()) > MAX_NAME:
            raise RequestRefused(RequestResponse.INVALID_REQUEST, "encoding or schema too long")
        publisher = self._publishers.setdefault(participant.identity, _Publisher())
        if request.pub_handle in publisher.tracks:
            raise RequestRefused(RequestResponse.DUPLICATE_HANDLE, "this handle is in use")
        if any(track.info.name == request.name for track in publisher.tracks.values()):
            raise RequestRefused(RequestResponse.DUPLICATE_NAME, "this name is in use")
        if len(publisher.tracks) >= MAX_DATA_TRACKS:
            raise RequestRefused(RequestResponse.LIMIT_EXCEEDED, f"at most {MAX_DATA_TRACKS} data tracks")
        info = DataTrackInfo(
            pub_handle=request.pub_handle, sid=track_sid, name=request.name, encryption=request.encryption
        )
        for part in ("frame_encoding", "schema"):
            if request.HasField(part):
                getattr(info, part).CopyFrom(getattr(request, part))
        track = DataTrack(info, participant.identity, participant.sid, participant.audience.of(track_sid))
        publisher.tracks[request.pub_handle] = self._by_sid[track_sid] = track
        self._describe(participant)
        return info

    def unpublish(self, participant: Participant, handle: int) -> DataTrackInfo:
        """Raises RequestRefused where there is no such track."""
        publisher = self._publishers.get(participant.identity)
        track = publisher.tracks.pop(handle, None) if publisher is not None else None
        if track is None:
            raise RequestRefused(RequestResponse.NOT_FOUND, "no data track has this handle")
        del self._by_sid[track.info.sid]
        self._describe(participant)
        return track.info

    def stop_publishing(self, participant: Participant) -> list[DataTrackInfo]:
        """All of a participant's tracks are gone; which they were."""
        gone = self._publishers.pop(participant.identity, _Publisher()).tracks.values()
        for track in gone:
            del self._by_sid[track.info.sid]
        self._describe(participant)
        return [track.info for track in gone]

    def _describe(self, participant: Participant) -> None:
        publisher = self._publishers.get(participant.identity)
        participant.data_tracks = [track.info for track in publisher.tracks.values()] if publisher is not None else []

    def limit(self, participant: Participant) -> None:
        """Its audience has changed: who may no longer receive a track of its gets nothing more."""
        for track in self._publishers.get(participant.identity, _Publisher()).tracks.values():
            track.allowed = allowed = participant.audience.of(track.info.sid)
            if allowed is not None:
                track.receivers = {who: handle for who, handle in track.receivers.items() if who in allowed}

    # Subscribing

    def subscribe(self, participant: Participant, track_sid: str, *, wanted: bool) -> None:
        """Of a track that is not here, is one's own, or is not for this participant, nothing comes.

        Raises RequestRefused for too many.
        """
        who = participant.identity
        track = self._by_sid.get(track_sid)
        if track is None or track.publisher == who:
            return
        if not wanted:
            track.receivers.pop(who, None)
            return
        permitted = participant.permission.can_subscribe and (track.allowed is None or who in track.allowed)
        if not permitted or who in track.receivers:
            return
        taken = {one.receivers[who] for one in self._by_sid.values() if who in one.receivers}
        if len(taken) >= MAX_SUBSCRIPTIONS:
            raise RequestRefused(RequestResponse.LIMIT_EXCEEDED, f"at most {MAX_SUBSCRIPTIONS} data tracks")
        # Not used again at once: packets of a track just left may still be on their way.
        numbers = self._handles.setdefault(who, itertools.cycle(range(1, _HANDLES + 1)))
        track.receivers[who] = next(number for number in numbers if number not in taken)

    def handles(self, identity: str) -> DataTrackSubscriberHandles:
        """Under which handles a participant receives what; all of them."""
        return DataTrackSubscriberHandles(
            sub_handles={
                track.receivers[identity]: DataTrackSubscriberHandles.PublishedDataTrack(
                    publisher_identity=track.publisher, publisher_sid=track.publisher_sid, track_sid=track_sid
                )
                for track_sid, track in self._by_sid.items()
                if identity in track.receivers
            }
        )

    def stop_receiving(self, identity: str) -> None:
        """A participant gets nothing more: it may not, or is gone."""
        for track in self._by_sid.values():
            track.receivers.pop(identity, None)

    def forget(self, participant: Participant) -> None:
        """It has left."""
        self.stop_publishing(participant)
        self.stop_receiving(participant.identity)
        self._handles.pop(participant.identity, None)

    # Packets

    def route(self, identity: str, packet: bytes) -> list[tuple[str, bytes]]:
        """To whom (by identity) a publisher's packet goes, and as what. Empty where it goes nowhere."""
        publisher = self._publishers.get(identity)
        if publisher is None or not _HEADER <= len(packet) <= MAX_PACKET or not self._afford(publisher):
            return []
        track = publisher.tracks.get(int.from_bytes(packet[_HANDLE], "big"))
        if track is None:
            return []
        begin, rest = packet[: _HANDLE.start], packet[_HANDLE.stop :]
        return [(who, begin + handle.to_bytes(2, "big") + rest) for who, handle in track.receivers.items()]

    def _afford(self, publisher: _Publisher) -> bool:
        now = self._clock()
        filled = publisher.budget + (now - publisher.filled_at) * PACKETS_PER_SECOND
        publisher.budget, publisher.filled_at = min(BURST, filled), now
        if publisher.budget < 1:
            return False
        publisher.budget -= 1
        return True
