"""One subscriber's videos, its path, and what its client is told."""

from dataclasses import dataclass, field

import pytest
from livekit.protocol.models import SCREEN_SHARE
from livekit.protocol.rtc import StreamState

from sfu import rtp
from sfu.down_track import DownTrack
from sfu.downstream import Downstream, Narrowed, Shortage, _copies
from sfu.negotiated import SendSection
from sfu.publication import Publication, TrackSettings
from tests.sfu.fakes import Inbox, camera, live, microphone
from tests.sfu.streams import NOTHING, OPUS, VP8, Publisher


@dataclass
class Forwarded:
    publication: Publication
    down_track: DownTrack
    settings: TrackSettings = field(default_factory=TrackSettings)
    stream: str = "PA_x"


class World:
    """estimate, probe, discard: the path."""

    def __init__(self) -> None:
        self.now = 10.0
        self.estimate: float | None = 5e6
        self.is_measured = True
        self.probes: list[float] = []
        self.discarded: list[int] = []
        self.inbox = Inbox()
        self.downstream = Downstream(self.inbox.append)
        self.publishers: list[Publisher] = []
        self.forwarded: list[Forwarded] = []

    def probe(self, rate: float, now: float) -> None:  # noqa: ARG002  the path's signature
        self.probes.append(rate)

    def discard(self, ssrc: int) -> None:
        self.discarded.append(ssrc)

    def video(self, sid: str, *, screen: bool = False) -> Forwarded:
        publication = live(camera(), sid, ("q", "h", "f"))
        if screen:
            publication.info.source = SCREEN_SHARE
        publisher = Publisher()
        publication.up_track = publisher.track
        self.publishers.append(publisher)
        track = DownTrack(publisher.track, lambda: self.now)
        publisher.track.down_tracks.append(track)
        track.open(SendSection(sid, "video", VP8, {rtp.MID: 4}), lambda _data, _at: None, lambda _feedback: None)
        self.forwarded.append(Forwarded(publication, track, stream=f"PA_{sid}"))
        return self.forwarded[-1]

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            self.now += 0.05
            for publisher in self.publishers:
                asked = publisher.asked()
                for rid in ("q", "h", "f"):
                    publisher.send(rid, self.now, key=publisher.layers[rid].ssrc in asked)
                for rid, rate in (("q", 150e3), ("h", 500e3), ("f", 1.7e6)):
                    publisher.layers[rid].rate = rate
                publisher.track.tick(self.now)
            self.downstream.divide(self.forwarded, self, self.now)

    def states(self) -> list[tuple[str, int]]:
        return [
            (one.track_sid, one.state) for told in self.inbox.of("stream_state_update") for one in told.stream_states
        ]


def test_a_wide_path_gives_all_and_a_narrow_one_pauses_and_tells() -> None:
    world = World()
    one = world.video("a")
    world.run(3)
    assert one.down_track.current_quality == 2
    assert not world.inbox
    world.estimate = 50e3
    world.run(0.5)
    assert one.down_track.is_withheld
    assert world.states() == [("a", StreamState.PAUSED)]
    assert world.downstream.shortage == Shortage(withheld=1)
    assert world.discarded == [one.down_track.ssrc]
    assert world.probes, "it is found out whether more passes"
    world.estimate = 5e6
    world.run(4)
    assert one.down_track.current_quality == 2
    assert world.states()[-1] == ("a", StreamState.ACTIVE)
    assert world.downstream.shortage == Shortage()


@pytest.mark.parametrize(
    ("estimate", "sounds", "copies"),
    [(1e6, 80e3, 2), (400e3, 80e3, 1), (91e3, 70e3, 0), (20e3, 70e3, 0), (1e6, 400e3, 0), (1e6, 0.0, 2)],
)
def test_sound_is_repeated_as_far_as_the_path_has_room(estimate: float, sounds: float, copies: int) -> None:
    assert _copies(estimate, sounds) == copies


def test_too_much_stops_before_the_smaller_layer_has_come() -> None:
    world = World()
    one = world.video("a")
    world.run(3)
    world.estimate = 300e3
    world.downstream.divide(world.forwarded, world, world.now)
    assert one.down_track.current_quality is None
    assert world.discarded == [one.down_track.ssrc]
    world.run(1)
    assert one.down_track.current_quality == 0
    assert world.downstream.shortage == Shortage(reduced=1)


def test_speakers_priorities_screens_and_size_come_first() -> None:
    world = World()
    world.estimate = 260e3
    small, large = world.video("small"), world.video("large")
    large.settings = TrackSettings(width=1280, height=720)
    small.settings = TrackSettings(width=1000, height=700)
    world.run(1)
    assert (small.down_track.is_withheld, large.down_track.is_withheld) == (True, False)
    world.downstream.speaking = frozenset({"PA_small"})
    world.run(8)
    assert (small.down_track.is_withheld, large.down_track.is_withheld) == (False, True)
    large.settings = TrackSettings(width=1280, height=720, priority=1)
    world.run(8)
    assert (small.down_track.is_withheld, large.down_track.is_withheld) == (True, False)


def test_a_shared_screen_goes_before_cameras() -> None:
    world = World()
    world.estimate = 260e3
    face, screen = world.video("face"), world.video("screen", screen=True)
    world.run(1)
    assert (face.down_track.is_withheld, screen.down_track.is_withheld) == (True, False)


def test_what_the_page_does_not_show_takes_no_place() -> None:
    world = World()
    world.estimate = 260e3
    one, other = world.video("a"), world.video("b")
    one.settings = TrackSettings(disabled=True)
    world.run(1)
    assert not other.down_track.is_withheld


def test_sound_is_taken_off_the_budget() -> None:
    world = World()
    world.estimate = 180e3
    one = world.video("a")
    publisher = Publisher(rids=(), codec=OPUS)
    sound = live(microphone(), "s")
    sound.up_track = publisher.track
    for packet in publisher.sources[""].picture_packets():
        publisher.track.take(publisher.layers[""], packet, NOTHING, 10.5, 50)
    world.forwarded.append(Forwarded(sound, DownTrack(publisher.track, lambda: world.now)))
    world.run(1)
    assert one.down_track.is_withheld


def test_without_a_known_limit_nothing_is_withheld() -> None:
    world = World()
    one = world.video("a")
    world.estimate = 50e3
    world.run(1)
    assert one.down_track.is_withheld
    world.estimate = None
    world.run(3)
    assert one.down_track.current_quality == 2


def test_nothing_is_given_up_for_a_guess() -> None:
    world = World()
    world.is_measured = False
    world.estimate = 50e3
    one = world.video("a")
    world.run(2)
    assert one.down_track.current_quality == 0
    world.is_measured = True
    world.run(1)
    assert one.down_track.is_withheld


def test_a_narrowed_path_never_carries_more_and_is_not_probed() -> None:
    world = World()
    narrowed = Narrowed(world, 250e3)
    assert narrowed.estimate == 250e3
    narrowed.probe(1e6, world.now)
    narrowed.discard(7)
    assert (world.probes, world.discarded) == ([], [7])
    world.estimate = 100e3
    assert narrowed.estimate == 100e3
    world.estimate = None
    assert narrowed.estimate == 250e3
