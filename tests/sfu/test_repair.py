"""What is sent a second time: repair, bounded, and probes."""

import random

import pytest

from sfu import rtp
from sfu.down_track import DownTrack
from sfu.negotiated import SendSection
from sfu.numbering import Numbering
from sfu.packet_cache import SIZE
from sfu.repair import RESEND_BURST
from sfu.rtp import RtpPacket
from tests.sfu.streams import (
    EXTENSIONS,
    NOTHING,
    NUMBERED,
    VP8,
    Numbered,
    Publisher,
    Subscriber,
)


@pytest.mark.parametrize("repair", [True, False])
def test_a_lossy_link_is_repaired_from_the_cache(repair: bool) -> None:
    dice = random.Random(5)
    codec = VP8 if repair else VP8.__class__("video/vp8", 96, 90000)
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher, SendSection("7", "video", codec, EXTENSIONS))
    sent: dict[int, RtpPacket] = {}
    arrived: dict[int, bytes] = {}
    for round_number in range(60):
        subscriber.packets.clear()
        subscriber.now += 0.2
        for picture in range(6):
            publisher.send("", subscriber.now, key=round_number == 0 and picture == 0)
        for _attempt in range(12):
            for packet in subscriber.packets:
                number, payload = packet.sequence_number, packet.payload
                if packet.ssrc == subscriber.track.rtx_ssrc:
                    assert packet.payload_type == 97
                    number, payload = int.from_bytes(payload[:2], "big"), payload[2:]
                else:
                    sent.setdefault(number, packet)
                if dice.random() > 0.2:
                    arrived[number] = payload
            subscriber.packets.clear()
            lost = [number for number in sent if number not in arrived]
            subscriber.track.resend(lost, subscriber.now)
    assert len(sent) == 60 * 12
    assert {number: packet.payload for number, packet in sent.items()} == arrived
    assert subscriber.track.statistics.resent > 100


def test_a_flood_of_nacks_is_bounded() -> None:
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    publisher.send("", 10.0, key=True)
    number = subscriber.packets[0].sequence_number
    for _ in range(100):
        subscriber.track.resend([number] * 100, 10.0)
    assert subscriber.track.statistics.resent <= RESEND_BURST


def test_a_large_probe_sends_something_old_again() -> None:
    publisher = Publisher(rids=())
    track = DownTrack(publisher.track, lambda: 10.0)
    publisher.track.down_tracks.append(track)
    assert track.probe(1000) is None
    out = Numbered()
    track.open(SendSection("7", "video", NUMBERED, {rtp.TRANSPORT_CC: 5}), out.send, lambda _told: None)
    (first, *_rest) = publisher.sources[""].picture_packets(key=True)
    first.payload += bytes(1000)
    publisher.track.take(publisher.layers[""], first, NOTHING, 10.0, 1050)
    probe = track.probe(1000)
    assert probe is not None
    assert len(probe[0]) > 1000
    assert rtp.parse(probe[0]).ssrc == track.rtx_ssrc


def test_asking_for_what_was_never_sent_costs_as_much_and_finds_nothing() -> None:
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    publisher.send("", 10.0, key=True)
    newest = subscriber.packets[-1].sequence_number
    subscriber.track.resend([(newest - back) & 0xFFFF for back in range(6000, 6000 + RESEND_BURST)], 10.0)
    subscriber.track.resend([newest], 10.0)
    assert subscriber.track.statistics.resent == 0, "its share is spent"
    subscriber.track.resend([newest], 10.01)
    assert subscriber.track.statistics.resent == 1


@pytest.mark.stand_in
def test_old_numbers_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[int] = []
    monkeypatch.setattr(Numbering, "origin", lambda _, number: looked_for.append(number))
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    publisher.send("", 10.0, key=True)
    newest = subscriber.packets[-1].sequence_number
    subscriber.track.resend([(newest + away) & 0xFFFF for away in (1, 20_000, 40_000, -SIZE)], 10.0)
    assert looked_for == []
    subscriber.track.resend([newest], 10.0)
    assert looked_for == [newest]
