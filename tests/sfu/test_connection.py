"""Media of one participant, v1 and v0, with peers that only remember: sections, resumes, offers that wait."""

import re
from dataclasses import replace
from typing import Any

import pytest
from livekit.protocol.models import VIDEO
from livekit.protocol.rtc import AddTrackRequest, CandidateProtocol, SimulcastCodec

from sfu import data_tracks
from sfu.access_token import Permission
from sfu.connection import Connection
from sfu.data import LOSSY, RELIABLE
from sfu.layers import HIGH
from sfu.peer import PeerListener
from sfu.publication import Publication, TrackSettings, announce
from sfu.sdp import SdpError, parse, write
from tests.sfu.fakes import FakePeer, Inbox, camera, live, microphone
from tests.sfu.offers import LOCAL, Offer


class Listener:
    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def connected(self) -> None:
        self.told.append(("connected", None))

    def closed(self, reason: str) -> None:
        self.told.append(("closed", reason))

    def data(self, label: str, payload: bytes) -> None:
        self.told.append(("data", (label, payload)))

    def slow(self, label: str) -> None:
        self.told.append(("slow", label))

    def published(self, publications: list[Publication]) -> None:
        self.told.append(("published", [publication.sid for publication in publications]))

    def ended(self, track_sid: str) -> None:
        self.told.append(("ended", track_sid))

    def squeezed(self) -> None:
        self.told.append(("squeezed", None))

    def unsupported(self, track_sid: str) -> None:
        self.told.append(("unsupported", track_sid))


class World:
    def __init__(self, *, dual: bool) -> None:
        self.peers: list[FakePeer] = []
        self.inbox = Inbox()
        self.listener = Listener()
        self.connection = Connection(self._peer, self.listener, self.inbox.append, dual=dual)  # type: ignore[arg-type]

    def _peer(self, listener: PeerListener) -> FakePeer:
        self.peers.append(FakePeer(listener))
        return self.peers[-1]

    def offer(self, offer: Offer, *publications: Publication, number: int = 1) -> None:
        self.connection.take_offer(offer.text, number, {publication.sid: publication for publication in publications})

    def answer(self, number: int = 0, *, refuse: str = "-") -> None:
        """The client takes our newest offer. refuse: but not sections of that codec."""
        description = parse(self.inbox.last("offer").sdp)
        for section in description.sections:
            section.setup = "active"
            if any(name.startswith(refuse) for name in section.rtpmaps.values()):
                section.direction = "inactive"
            section.direction = "recvonly" if section.direction == "sendonly" else "inactive"
        self.connection.take_answer(write(description), number)


@pytest.fixture
def single() -> World:
    return World(dual=False)


@pytest.fixture
def dual() -> World:
    return World(dual=True)


def test_publishing_on_a_single_connection(single: World) -> None:
    offer = Offer()
    offer.audio(cid="mic")
    track = announce(microphone(), "TR_1", Permission())
    single.offer(offer, track, number=7)
    assert single.inbox.last("answer").id == 7
    assert single.peers[0].remote is not None
    assert track.live
    assert single.peers[0].receiving == {"0": track.up_track}
    assert single.listener.told == [("published", ["TR_1"])]
    single.offer(offer, track)
    assert single.listener.told == [("published", ["TR_1"])], "an unchanged track is not told again"
    offer.sections[0].direction = "inactive"
    single.offer(offer, track)
    assert single.listener.told[-1] == ("ended", "TR_1")
    assert not single.peers[0].receiving


def test_a_bad_offer_changes_nothing(single: World) -> None:
    with pytest.raises(SdpError):
        single.connection.take_offer("v=0\nm=rubbish", 1, {})
    assert not single.inbox
    assert single.peers[0].remote is None


def test_an_ice_restart_is_followed_with_new_credentials(single: World) -> None:
    offer = Offer()
    offer.audio("recvonly")
    single.offer(offer)
    offer.ufrag = "again"
    offer.sections[0].ice_ufrag = "again"
    single.offer(offer)
    assert single.peers[0].restarts == 1
    assert single.peers[0].remote_ice == [("again", "password-of-the-client-pw")]
    assert "a=ice-ufrag:ufrag1" in single.inbox.last("answer").sdp


def test_sections_are_asked_for_once_until_the_next_offer(single: World) -> None:
    picture = live(camera(), "TR_v")
    single.connection.forward(picture, "PA_x", TrackSettings())
    single.connection.negotiate()
    assert not single.inbox, "the client's first offer has not come"
    offer = Offer()
    offer.data()
    single.offer(offer)
    single.connection.negotiate()
    (requirement,) = single.inbox.of("media_sections_requirement")
    assert (requirement.num_audios, requirement.num_videos) == (0, 1)
    offer.video("recvonly")
    single.offer(offer)
    assert single.inbox.last("answer").mid_to_track_id == {"1": "TR_v"}
    assert set(single.peers[0].attached) == {"1"}
    single.connection.withdraw("TR_v")
    single.connection.negotiate()
    assert not single.peers[0].attached
    assert single.inbox.last("media_sections_requirement").num_videos == 0
    assert single.connection.forwarded == frozenset()


def test_settings_reach_the_down_track(single: World) -> None:
    picture = live(camera(), "TR_v", ("q", "h", "f"))
    single.connection.forward(picture, "PA_x", TrackSettings(quality=1))
    down_track = single.connection._forwarding["TR_v"].down_track
    assert (down_track.maximum_quality, down_track.is_paused) == (1, False)
    single.connection.apply("TR_v", TrackSettings(disabled=True, width=320, height=180))
    assert (down_track.maximum_quality, down_track.is_paused) == (0, True)
    single.connection.apply("TR_none", TrackSettings())


def test_a_codec_the_client_lacks_is_told_once(single: World) -> None:
    picture = live(camera(), "TR_v")
    assert picture.section is not None
    single.connection.forward(picture, "PA_x", TrackSettings())
    offer = Offer()
    offer.video("recvonly").formats = ("102", "103")
    single.offer(offer)
    single.offer(offer)
    assert single.listener.told == [("unsupported", "TR_v")]
    assert not single.inbox.of("media_sections_requirement")


def test_silence_stops_taking_in_and_ends(single: World) -> None:
    offer = Offer()
    offer.audio(cid="mic")
    track = announce(microphone(), "TR_1", Permission())
    single.offer(offer, track)
    track.silenced = True
    single.connection.silence(track)
    assert not single.peers[0].receiving
    single.offer(offer, track)
    assert not single.peers[0].receiving, "a new offer does not end it"
    assert single.peers[0].silenced == {"0"}, "and tells the peer whose packets they are"
    track.silenced = False
    single.connection.unsilence(track)
    assert single.peers[0].receiving == {"0": track.up_track}
    single.connection.drop(track)
    assert not single.peers[0].receiving


def test_after_a_resume_the_same_is_asked_again(single: World) -> None:
    offer = Offer()
    offer.data()
    single.offer(offer)
    single.connection.forward(live(camera(), "TR_v"), "PA_x", TrackSettings())
    single.connection.negotiate()
    single.connection.negotiate()
    assert len(single.inbox.of("media_sections_requirement")) == 1
    single.connection.restart()
    assert len(single.inbox.of("media_sections_requirement")) == 2


def test_the_way_decides_which_candidates_are_told(single: World, dual: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not single.connection.has_tcp
    tcp = "candidate:101 1 tcp 2105458943 192.0.2.1 7881 typ host tcptype passive"
    both = replace(LOCAL, candidates=(*LOCAL.candidates, tcp))
    monkeypatch.setattr(FakePeer, "local", both)
    assert single.connection.has_tcp
    offer = Offer()
    offer.audio("recvonly")
    single.connection.way = dual.connection.way = CandidateProtocol.TCP
    single.offer(offer)
    dual.connection.begin_offers()
    for text in (single.inbox.last("answer").sdp, dual.inbox.last("offer").sdp):
        assert set(re.findall(r"a=candidate:\S+ 1 (\S+) ", text)) == {"tcp"}
    single.connection.way = CandidateProtocol.TLS
    single.offer(offer)
    assert set(re.findall(r"a=candidate:\S+ 1 (\S+) ", single.inbox.last("answer").sdp)) == {"udp", "tcp"}


async def test_two_connections(dual: World) -> None:
    publisher, subscriber = dual.peers
    assert subscriber.channels == [RELIABLE, LOSSY, data_tracks.LABEL]
    dual.connection.begin_offers()
    first = dual.inbox.last("offer")
    dual.connection.forward(live(microphone(), "TR_a"), "PA_x", TrackSettings())
    dual.connection.negotiate()
    assert len(dual.inbox.of("offer")) == 1, "one offer at a time"
    dual.answer(first.id)
    assert subscriber.remote is not None
    second = dual.inbox.last("offer")
    assert second.mid_to_track_id == {"1": "TR_a"}
    dual.answer(first.id)
    assert not subscriber.attached, "an answer to an older offer"
    dual.answer(second.id)
    assert set(subscriber.attached) == {"1"}
    dual.connection.take_answer("rubbish", 0)
    offer = Offer()
    offer.audio(cid="mic")
    dual.offer(offer, announce(microphone(), "TR_1", Permission()))
    assert publisher.receiving
    publisher.listener.connected()
    assert ("connected", None) not in dual.listener.told
    subscriber.listener.connected()
    assert ("connected", None) in dual.listener.told
    publisher.listener.data(RELIABLE, b"x")
    assert dual.listener.told[-1] == ("data", (RELIABLE, b"x"))
    assert dual.connection.send_data(RELIABLE, b"y")
    assert dual.connection.send_data(LOSSY, b"z")
    assert not dual.connection.send_data(RELIABLE, bytes(200_000))
    assert subscriber.sent == [(LOSSY, b"z")], "what is reliable waits for its channel"
    subscriber.sent.clear()
    publisher.listener.channel_open(RELIABLE)
    assert not subscriber.sent
    subscriber.listener.channel_open(RELIABLE)
    assert subscriber.sent == [(RELIABLE, b"y")]
    assert dual.connection.conditions(0.0).up_expected == 2
    await dual.connection.close()
    assert publisher.closed
    assert subscriber.closed


def test_a_resumed_v0_client_gets_an_offer_with_new_credentials(dual: World) -> None:
    dual.connection.begin_offers()
    dual.answer()
    dual.connection.restart()
    assert dual.peers[1].restarts == 1
    assert "a=ice-ufrag:ufrag1" in dual.inbox.last("offer").sdp
    dual.answer()
    assert dual.peers[1].remote is not None


def test_a_refused_section_of_ours(dual: World) -> None:
    dual.connection.forward(live(camera(), "TR_v"), "PA_x", TrackSettings())
    dual.connection.negotiate()
    description = parse(dual.inbox.last("offer").sdp)
    for section in description.sections:
        section.setup = "active"
    description.sections[1].port = 0
    dual.connection.take_answer(write(description), 0)
    assert dual.listener.told == [("unsupported", "TR_v")]
    dual.connection.withdraw("TR_v")


def test_other_news_of_a_peer(single: World) -> None:
    peer = single.peers[0].listener
    peer.channel_open(RELIABLE)
    peer.path_changed()
    peer.slow(RELIABLE)
    peer.closed("silent")
    assert single.listener.told == [("slow", RELIABLE), ("closed", "silent")]


def test_the_path_is_divided_by_the_peers_clock(single: World) -> None:
    picture = live(camera(), "TR_v", ("q", "h", "f"))
    single.connection.forward(picture, "PA_x", TrackSettings())
    offer = Offer()
    offer.data()
    offer.video("recvonly")
    single.offer(offer)
    single.connection.speaking(frozenset({"PA_x"}))
    down_track = single.connection._forwarding["TR_v"].down_track
    assert picture.up_track is not None
    layer = picture.up_track.add_layer(5, "q")
    layer.count(1, 1, 100, 10.0)
    picture.up_track.down_tracks.append(down_track)
    single.peers[0].estimate = 60_000
    single.peers[0].listener.ticked(10.1)
    assert single.connection.conditions(10.1).reduced + single.connection.conditions(10.1).withheld <= 1


def test_a_line_that_is_wide_again_makes_the_client_offer_anew_and_begin_from_where_it_was(single: World) -> None:
    offer = Offer()
    offer.video(cid="cam")
    track = announce(camera(), "TR_1", Permission())
    single.offer(offer, track)
    assert single.connection.pictures == HIGH
    asked = len(single.inbox.of("media_sections_requirement"))
    single.peers[0].listener.widened(700_000.0)
    assert len(single.inbox.of("media_sections_requirement")) == asked + 1
    single.offer(offer, track, number=2)
    assert "x-google-start-bitrate=700" in single.inbox.last("answer").sdp
    single.peers[0].listener.widened(700_000.0)
    single.offer(offer, track, number=3)
    assert "x-google-start-bitrate=701" in single.inbox.last("answer").sdp, "the same again would not be obeyed"


def test_a_v0_client_is_asked_for_nothing_when_its_line_is_wide_again(dual: World) -> None:
    offer = Offer()
    offer.video(cid="cam")
    dual.offer(offer, announce(camera(), "TR_1", Permission()))
    dual.peers[0].listener.widened(700_000.0)
    assert not dual.inbox.of("media_sections_requirement")


def two_codecs() -> Publication:
    """Published in VP9, with VP8 promised for those who cannot decode that."""
    codecs = [SimulcastCodec(codec="vp9", cid="cam"), SimulcastCodec(codec="vp8", cid="")]
    return announce(camera(simulcast_codecs=codecs), "TR_v", Permission())


def second_codec(cid: str = "cam2") -> AddTrackRequest:
    return AddTrackRequest(cid=cid, type=VIDEO, sid="TR_v", simulcast_codecs=[SimulcastCodec(codec="vp8", cid=cid)])


@pytest.mark.parametrize("is_dual", [False, True])
def test_who_cannot_decode_the_first_codec_gets_the_second(single: World, dual: World, is_dual: bool) -> None:
    publisher, track = World(dual=False), two_codecs()
    offer = Offer()
    offer.video(cid="cam")
    publisher.offer(offer, track)
    assert track.info.mime_type == "video/vp9"
    old, new = (dual if is_dual else single), World(dual=False)
    for world in (old, new):
        world.connection.forward(track, "PA_x", TrackSettings())
        world.connection.negotiate()
    able = Offer()
    able.video("recvonly")
    new.offer(able)
    assert new.peers[0].attached["0"].codec.mime_type == "video/vp9"
    unable = Offer()
    unable.video("recvonly").formats = ("96", "97")
    if is_dual:
        old.answer(refuse="VP9")
    else:
        old.offer(unable)
    assert not any(peer.attached for peer in old.peers)
    assert not old.listener.told
    update = track.quality_wanted(1.0)
    assert update is not None
    enabled = {codec.codec: [one.enabled for one in codec.qualities] for codec in update.subscribed_codecs}
    assert enabled == {"vp9": [True, True, True], "vp8": [True, True, True]}
    track.add_backup(second_codec())
    offer.video(cid="cam2")
    publisher.offer(offer, track, number=2)
    assert publisher.listener.told == [("published", ["TR_v"]), ("published", ["TR_v"])]
    assert [codec.mime_type for codec in track.info.codecs] == ["video/vp9", "video/vp8"]
    assert len(publisher.peers[0].receiving) == 2
    for world in (old, new):
        world.connection.take_up(track)
    if is_dual:
        old.answer()
    else:
        old.offer(unable)
    [section] = [one for peer in old.peers for one in peer.attached.values()]
    assert section.codec.mime_type == "video/vp8"
    assert track.backup is not None
    [(_, down_track)] = old.connection.subscriptions
    assert down_track.up_track is track.backup.up_track
    assert track.backup.waiting == 0
    [(_, other)] = new.connection.subscriptions
    assert other.up_track is track.up_track
    publisher.connection.silence(track)
    assert not publisher.peers[0].receiving
    publisher.connection.unsilence(track)
    assert len(publisher.peers[0].receiving) == 2
    offer.sections[1].direction = "inactive"
    publisher.offer(offer, track, number=3)
    assert track.backup.section is None
    assert [codec.mime_type for codec in track.info.codecs] == ["video/vp9"]
    assert publisher.listener.told[-1][0] == "published", "the track itself goes on"


def test_who_leaves_waits_for_no_codec_and_neither_can_decode_is_told(single: World) -> None:
    publisher, track = World(dual=False), two_codecs()
    offer = Offer()
    offer.video(cid="cam")
    publisher.offer(offer, track)
    single.connection.forward(track, "PA_x", TrackSettings())
    lacking = Offer()
    lacking.video("recvonly").formats = ("102", "103")
    single.offer(lacking)
    assert track.backup is not None
    assert track.backup.waiting == 1
    track.add_backup(second_codec())
    offer.video(cid="cam2")
    publisher.offer(offer, track, number=2)
    single.connection.take_up(track)
    single.offer(lacking)
    assert single.listener.told == [("unsupported", "TR_v")]
    other = World(dual=False)
    track.backup.end()
    other.connection.forward(track, "PA_x", TrackSettings())
    other.offer(lacking)
    assert track.backup.waiting == 1
    other.connection.withdraw("TR_v")
    assert track.backup.waiting == 0


def test_less_room_on_the_clients_line_is_told_at_once_and_once(single: World) -> None:
    peer = single.peers[0]
    for room in (HIGH, -1, -1, 0, HIGH, 0):
        peer.pictures = room
        peer.listener.ticked(1.0)
    assert single.listener.told == [("squeezed", None)] * 2
