"""Told by the clock: speakers when they change, quality every five seconds."""

from livekit.protocol.models import EXCELLENT, LOST, ParticipantInfo

from sfu.pulse import Pulse
from sfu.quality import Conditions
from tests.sfu.fakes import live, microphone, person


def test_speakers_and_quality() -> None:
    anna, media, _ = person("anna")
    track = live(microphone(), "TR_1")
    anna.publications["TR_1"] = track
    anna.state = ParticipantInfo.ACTIVE
    pulse = Pulse()
    assert track.up_track is not None
    assert not pulse.now()
    for _ in range(20):
        track.up_track.audio.observe(10)
    speaking, quality = pulse.beat([anna], 100.0)
    (speaker,) = speaking.speakers_changed.speakers
    assert (speaker.sid, speaker.active) == ("PA_anna", True)
    assert pulse.now()[0].speakers_changed.speakers[0].sid == "PA_anna"
    (update,) = quality.connection_quality.updates
    assert (update.quality, update.score) == (EXCELLENT, 5.0)
    media.now = Conditions(silent_for=60)
    kinds = [message.WhichOneof("message") for message in pulse.beat([anna], 101.0)]
    assert "connection_quality" not in kinds
    quality = pulse.beat([anna], 106.0)[-1]
    assert quality.connection_quality.updates[0].quality == LOST
    for second in range(4):
        pulse.beat([anna], 106.0 + second)
    assert not pulse.now(), "silent again"


def test_nothing_is_said_of_those_still_joining() -> None:
    anna, _, _ = person("anna")
    assert not Pulse().beat([anna], 100.0)
