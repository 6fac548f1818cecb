"""What a room's participants are told by the clock: who speaks, and how good each connection is."""

from collections.abc import Iterable

from livekit.protocol.models import ConnectionQuality, ParticipantInfo, SpeakerInfo
from livekit.protocol.rtc import ConnectionQualityInfo, ConnectionQualityUpdate, SignalResponse, SpeakersChanged

from sfu.participant import Participant
from sfu.quality import rate, score
from sfu.speakers import ActiveSpeakers, Speaker

QUALITY_INTERVAL = 5.0  # seconds
PRETENDED_LEVEL = 0.9


class Pulse:
    """Measures at each beat, and tells only what has changed (speakers) or is due (quality)."""

    def __init__(self) -> None:
        self._speakers = ActiveSpeakers()
        self._quality_due = 0.0
        self._now = 0.0
        self._pretending: dict[str, float] = {}  # sid -> until when

    @property
    def speaking(self) -> frozenset[str]:
        """Sids of those who speak."""
        return frozenset(speaker.identifier for speaker in self._speakers.active)

    def now(self) -> list[SignalResponse]:
        """For one who joins: who speaks at this moment."""
        return [_speaking(speakers)] if (speakers := self._speakers.active) else []

    def pretend(self, sid: str, seconds: float) -> None:
        """Let a participant count as one who speaks from the next beat on (a scenario that its client asked for)."""
        self._pretending[sid] = self._now + seconds

    def beat(self, participants: Iterable[Participant], now: float) -> list[SignalResponse]:
        """To be called every `sfu.speakers.INTERVAL`. Messages for everybody."""
        everybody = list(participants)
        here = {participant.sid for participant in everybody}
        self._now = now
        self._pretending = {sid: until for sid, until in self._pretending.items() if sid in here and until > now}
        levels = [
            (participant.sid, publication.up_track.audio.take())
            for participant in everybody
            for publication in participant.publications.values()
            if publication.kind == "audio" and publication.up_track is not None
        ]
        levels += [(sid, PRETENDED_LEVEL) for sid in self._pretending]
        messages = [_speaking(changes)] if (changes := self._speakers.update(levels)) else []
        if now >= self._quality_due:
            self._quality_due = now + QUALITY_INTERVAL
            if updates := [_quality(participant, now) for participant in everybody if _is_active(participant)]:
                messages.append(SignalResponse(connection_quality=ConnectionQualityUpdate(updates=updates)))
        return messages


def _is_active(participant: Participant) -> bool:
    return participant.media is not None and participant.state == ParticipantInfo.ACTIVE


def _quality(participant: Participant, now: float) -> ConnectionQualityInfo:
    assert participant.media is not None, "asked of active participants only"
    conditions = participant.media.conditions(now)
    participant.quality = rate(conditions, participant.quality)
    return ConnectionQualityInfo(
        participant_sid=participant.sid,
        quality=ConnectionQuality.Name(participant.quality.value),
        score=score(conditions) / 20,  # LiveKit's clients expect 0 to 5
    )


def _speaking(speakers: list[Speaker]) -> SignalResponse:
    return SignalResponse(
        speakers_changed=SpeakersChanged(
            speakers=[SpeakerInfo(sid=one.identifier, level=one.level, active=one.active) for one in speakers]
        )
    )
