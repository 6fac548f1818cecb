"""A peer connection end to end: two clients, simulcast, key frames, repair, quality. Over real UDP on loopback."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from sfu import rtcp, rtp
from sfu.bandwidth import FIRST
from sfu.down_track import DownTrack
from sfu.dtls import Certificate
from sfu.negotiated import ReceiveSection, SendSection
from sfu.peer import TICK, Peer, next_tick
from sfu.quality import Quality, rate
from sfu.rtp import RtpPacket
from sfu.udp_port import UdpPort
from sfu.up_track import UpTrack
from tests.sfu.client import Client, Listener, until
from tests.sfu.streams import NUMBERED, VP8, Source

CERTIFICATE = Certificate()
IN = {4: rtp.MID, 10: rtp.RID, 3: rtp.TRANSPORT_CC}
OUT = {rtp.MID: 4, rtp.ABS_SEND_TIME: 5}


class Side:
    def __init__(self, port: UdpPort) -> None:
        self.listener = Listener()
        self.peer = Peer(port, CERTIFICATE, self.listener)
        self.client = Client()

    async def connect(self, port: UdpPort) -> None:
        self.peer.connect(self.client.remote)
        await self.client.join(self.peer.local, port.number)
        await until(lambda: self.peer.is_connected)

    async def close(self) -> None:
        await self.client.close()
        await self.peer.close()

    def key_frames_asked(self) -> list[int]:
        return [one.media_ssrc for one in self.client.rtcp if isinstance(one, rtcp.PictureLossIndication)]


@dataclass
class Meeting:
    port: UdpPort
    sender: Side
    receiver: Side
    track: UpTrack
    down: DownTrack
    sources: dict[str, Source]

    async def picture(self, rid: str, *, key: bool = False) -> None:
        for packet in self.sources[rid].picture_packets(key=key):
            packet.extensions = [(4, b"1"), (10, rid.encode())]
            await self.sender.client.send_rtp(packet)


@pytest.fixture
async def meeting() -> AsyncIterator[Meeting]:
    port = UdpPort(bind=["127.0.0.1"])
    port.open()
    sender, receiver = Side(port), Side(port)
    track = UpTrack("video")
    sender.peer.receive(ReceiveSection("1", "video", VP8, IN, rids=("q", "h", "f")), track)
    down = DownTrack(track)
    receiver.peer.attach(down, SendSection("2", "video", VP8, OUT))
    await asyncio.gather(sender.connect(port), receiver.connect(port))
    sources = {rid: Source(100 + index, index) for index, rid in enumerate("qhf")}
    yield Meeting(port, sender, receiver, track, down, sources)
    await sender.close()
    await receiver.close()
    port.close()


@pytest.mark.parametrize("late", [-0.001, 0.0, 0.001, 0.01])
def test_peers_tick_together_and_twenty_times_a_second(late: float) -> None:
    """Also by a clock of whole milliseconds, as uvloop's, on which a tick falls at its very point of the grid."""
    for start in range(44_583_000, 44_583_200):
        first = next_tick(start / 1000)
        assert 0.037 < first - start / 1000 < 0.063
        assert next_tick(round(first + late, 3)) == pytest.approx(first + TICK)


async def test_a_subscriber_gets_pictures_from_a_key_frame_on(meeting: Meeting) -> None:
    await meeting.picture("f")
    await until(lambda: 102 in meeting.sender.key_frames_asked())
    await meeting.picture("f", key=True)
    await meeting.picture("f")
    received = meeting.receiver.client.packets
    await until(lambda: len(received) == 4)
    assert {packet.ssrc for packet in received} == {meeting.down.ssrc}
    assert all(dict(packet.extensions)[4] == b"2" for packet in received)


async def test_a_key_frame_is_asked_for_when_it_can_be_sent_on_and_not_before(meeting: Meeting) -> None:
    """One that came while the subscriber had no keys would be lost, and the next asked for half a second later."""
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 2)
    asked = meeting.sender.key_frames_asked
    before, layer = len(asked()), meeting.track.layers[0]
    late = Side(meeting.port)
    try:
        late.peer.attach(down := DownTrack(meeting.track), SendSection("2", "video", VP8, OUT))
        down.set_maximum_quality(2)
        late_track = len(meeting.track.down_tracks)
        await meeting.picture("f")
        await until(lambda: layer.packets == 4)
        assert (late_track, down.mid, len(asked())) == (2, None, before)
        await late.connect(meeting.port)
        assert down.mid == "2"
        await until(lambda: len(asked()) == before + 1)
        await meeting.picture("f", key=True)
        await until(lambda: len(late.client.packets) == 2)
    finally:
        await late.close()


async def test_a_track_given_up_before_there_are_keys_is_never_sent(meeting: Meeting) -> None:
    late = Side(meeting.port)
    try:
        late.peer.attach(down := DownTrack(meeting.track), SendSection("2", "video", VP8, OUT))
        late.peer.detach(down)
        await late.connect(meeting.port)
        assert down.mid is None
        assert meeting.track.down_tracks == [meeting.down]
    finally:
        await late.close()


async def test_the_first_pictures_do_not_wait_for_an_estimate(meeting: Meeting) -> None:
    """A whole key frame leaves at once, where a first guess of 1 Mbit/s would hold half of it back; a flood waits."""
    late = Side(meeting.port)
    try:
        numbered = SendSection("2", "video", NUMBERED, OUT | {rtp.TRANSPORT_CC: 6})
        late.peer.attach(DownTrack(meeting.track), numbered)
        await late.connect(meeting.port)
        assert late.peer.estimate == FIRST
        assert not late.peer.is_measured
        pacer = late.peer.outlet.pacer
        for _ in range(14):
            pacer.take(bytes(1000), 0)
        assert not pacer.is_waiting
        for _ in range(40):
            pacer.take(bytes(1000), 0)
        assert pacer.is_waiting
    finally:
        await late.close()


async def test_a_repair_is_answered_over_its_own_stream(meeting: Meeting) -> None:
    await meeting.picture("f", key=True)
    received = meeting.receiver.client.packets
    await until(lambda: len(received) == 2)
    wanted = received[1]
    await meeting.receiver.client.send_rtcp(rtcp.Nack(1, meeting.down.ssrc, (wanted.sequence_number,)))
    await until(lambda: len(received) == 3)
    assert received[2].ssrc == meeting.down.rtx_ssrc
    assert received[2].payload[2:] == wanted.payload


async def test_pli_and_fir_reach_the_publisher_throttled(meeting: Meeting) -> None:
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 2)
    meeting.sender.client.rtcp.clear()
    for _ in range(20):
        await meeting.receiver.client.send_rtcp(rtcp.PictureLossIndication(1, meeting.down.ssrc))
        await meeting.receiver.client.send_rtcp(rtcp.FullIntraRequest(1, ((meeting.down.ssrc, 1),)))
    await until(lambda: meeting.down.statistics.key_frame_requests >= 40)
    await until(lambda: bool(meeting.sender.key_frames_asked()))
    assert len(meeting.sender.key_frames_asked()) <= 2


async def test_the_publishers_clock_is_passed_on_and_measured(meeting: Meeting) -> None:
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 2)
    await meeting.sender.client.send_rtcp(rtcp.SenderReport(102, 0x1234 << 32, 5, 2, 100))
    reports = meeting.receiver.client.rtcp
    await until(lambda: any(isinstance(one, rtcp.SenderReport) for one in reports))
    report = next(one for one in reports if isinstance(one, rtcp.SenderReport))
    assert (report.ssrc, report.ntp) == (meeting.down.ssrc, 0x1234 << 32)
    assert any(one == rtcp.SourceDescription(meeting.down.ssrc, meeting.track.cname) for one in reports)
    block = rtcp.ReportBlock(meeting.down.ssrc, 128, 1, 1, 0, 0x12340000, 0)
    await meeting.receiver.client.send_rtcp(rtcp.ReceiverReport(1, (block,)), rtcp.ReceiverEstimate(1, 500_000, ()))
    await until(lambda: meeting.down.statistics.fraction_lost is not None)
    now = asyncio.get_running_loop().time()
    conditions = meeting.receiver.peer.conditions(now)
    assert conditions.down_loss == 0.5
    assert conditions.round_trip is not None
    assert rate(conditions) is Quality.POOR
    assert rate(meeting.sender.peer.conditions(now)) is Quality.EXCELLENT


async def test_malformed_packets_with_right_keys_change_nothing(meeting: Meeting) -> None:
    for data in (b"\x90\x60" + bytes(14), b"\xa0\x60" + bytes(11), b"\x8f\xcd\x00\x02" + bytes(8)):
        await meeting.sender.client.dtls._send_rtp(data)
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 2)
    assert sum(meeting.sender.peer.faults.values()) >= 2
    assert meeting.port.drops["failure"] == 0


async def test_detaching_and_stopping(meeting: Meeting) -> None:
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 2)
    meeting.receiver.peer.detach(meeting.down)
    meeting.receiver.peer.detach(meeting.down)
    assert meeting.track.down_tracks == []
    meeting.receiver.peer.attach(meeting.down, SendSection("3", "video", VP8, OUT))
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 4)
    numbers = [packet.sequence_number for packet in meeting.receiver.client.packets]
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == [0, 1, 2, 3]
    meeting.sender.peer.stop_receiving("1")
    await meeting.picture("f", key=True)
    await until(lambda: meeting.sender.peer._reception.ignored == 2)


async def test_no_packet_whatsoever_raises(meeting: Meeting) -> None:
    dice = random.Random(4)
    peer = meeting.sender.peer
    seeds = [rtp.write(packet) for packet in meeting.sources["f"].picture_packets(key=True)]
    repair = RtpPacket(97, False, 1, 1, 500, b"\x00\x01lost", [(4, b"1"), (10, b"f"), (3, b"\x00\x07")], padding=9)
    seeds += [rtp.write(repair), b"", b"\x90" * 30]
    seeds.append(rtcp.build(rtcp.SenderReport(102, 1, 2, 3, 4), rtcp.SourceDescription(102, "name")))
    seeds.append(rtcp.build(rtcp.Nack(1, 2, tuple(range(50))), rtcp.FullIntraRequest(1, ((2, 3),))))
    for _ in range(20_000):
        data = bytearray(dice.choice(seeds))
        for _change in range(dice.randrange(6)):
            if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
        cut = bytes(data[: dice.randrange(len(data) + 1)] if dice.random() < 0.3 else data)
        peer.take_rtp(cut, 1.0)
        peer.take_rtcp(cut, 1.0)
    peer.tick(asyncio.get_running_loop().time())
    assert peer.malformed > 1000


async def test_rtp_before_the_sections_stand_is_ignored(meeting: Meeting) -> None:
    await meeting.sender.client.send_rtp(RtpPacket(96, False, 1, 1, 9, b"x", [(4, b"9")]))
    await until(lambda: meeting.sender.peer._reception.ignored == 1)


async def test_local_parameters_and_one_connect_only(meeting: Meeting) -> None:
    local = meeting.sender.peer.local
    assert len(local.ice_pwd) >= 22  # RFC 8839 section 5.4
    assert local.fingerprint == CERTIFICATE.fingerprint
    assert str(meeting.port.number) in local.candidates[0]
    meeting.sender.peer.set_remote_ice("ufrag", "p" * 22)
    with pytest.raises(RuntimeError):
        meeting.sender.peer.connect(meeting.sender.client.remote)


async def test_numbers_feedback_and_an_estimate(meeting: Meeting) -> None:
    peer = meeting.receiver.peer
    assert peer.estimate is None, "this client has agreed to nothing yet"
    numbered = replace(VP8, feedback=VP8.feedback | {"transport-cc"})
    peer.attach(meeting.down, SendSection("2", "video", numbered, OUT | {rtp.TRANSPORT_CC: 6}))
    assert peer.estimate == FIRST
    await meeting.picture("f", key=True)
    received = meeting.receiver.client.packets
    await until(lambda: len(received) == 2)
    assert [dict(packet.extensions)[6] for packet in received] == [b"\0\1", b"\0\2"]
    await meeting.receiver.client.send_rtcp(rtcp.TransportFeedback(1, meeting.down.ssrc, 1, 5, 0, (0, 4)))
    await until(lambda: peer.outlet.bandwidth.has_feedback)
    peer.probe(5_000_000, time.monotonic())
    await until(lambda: len(received) > 6)
    assert {packet.ssrc for packet in received[2:]} == {meeting.down.rtx_ssrc}
    peer.outlet.pacer.spent(10_000_000)
    await meeting.picture("f")
    await until(lambda: peer.outlet.pacer.waited > 0)
    peer.discard(meeting.down.ssrc)


@pytest.mark.parametrize("sizes", [(900, 900, 900, 900), (900, 900, 300), (300, 900, 900, 901, 20)])
async def test_runs_leave_together_and_arrive_as_if_sent_one_by_one(meeting: Meeting, sizes: tuple[int, ...]) -> None:
    numbered = replace(VP8, feedback=VP8.feedback | {"transport-cc"})
    meeting.receiver.peer.attach(meeting.down, SendSection("2", "video", numbered, OUT | {rtp.TRANSPORT_CC: 6}))
    await meeting.picture("f", key=True)
    received = meeting.receiver.client.packets
    await until(lambda: len(received) == 2)
    report = rtcp.ReportBlock(meeting.down.ssrc, 0, 1, 1, 0, 0, 0)
    await meeting.receiver.client.send_rtcp(rtcp.ReceiverReport(1, (report,)))
    await until(lambda: meeting.down.statistics.fraction_lost is not None)
    [layer] = meeting.track.layers
    source, parts = meeting.sources["f"], list(meeting.sources["f"].picture_packets())
    before = meeting.down.statistics.packets
    for index, size in enumerate(sizes):
        source.sequence = (source.sequence + (index > 1)) & 0xFFFF
        packet = parts[min(index, 1)]
        packet.sequence_number = source.sequence - (index == 0)
        packet.payload = packet.payload[:4] + bytes((index,)) * size
        meeting.track.gather(layer, packet, (None, None, None), time.monotonic(), size)
    meeting.track.pass_on(time.monotonic())
    await until(lambda: len(received) == 2 + len(sizes))
    assert [packet.payload[4:] for packet in received[2:]] == [bytes((i,)) * size for i, size in enumerate(sizes)]
    numbers = [packet.sequence_number for packet in received]
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(len(received)))
    extensions = [dict(packet.extensions) for packet in received]
    assert [one[6] for one in extensions] == [number.to_bytes(2, "big") for number in range(1, len(received) + 1)]
    assert [4 in one for one in extensions] == [True] * 2 + [False] * len(sizes), "the mid, until it is known"
    assert meeting.down.statistics.packets == before + len(sizes)
    assert meeting.receiver.peer.outlet.pacer.waited == 0


async def test_without_feedback_loss_and_remb_are_the_limit(meeting: Meeting) -> None:
    await meeting.picture("f", key=True)
    await until(lambda: len(meeting.receiver.client.packets) == 2)
    peer = meeting.receiver.peer
    peer._sent_rate = 900_000.0
    await meeting.receiver.client.send_rtcp(rtcp.ReceiverEstimate(1, 300_000, ()))
    await until(lambda: peer.estimate is not None)
    assert peer.estimate == pytest.approx(300_000, rel=0.2)


@pytest.mark.stand_in
async def test_transport_wide_feedback_counts_where_it_was_agreed_on_and_within_its_share(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = meeting.receiver.peer
    feedback = rtcp.TransportFeedback(1, 0, 1, 0, 0, (None,) * 1000)
    await meeting.receiver.client.send_rtcp(feedback, rtcp.ReceiverEstimate(1, 1, ()))
    peer.take_rtcp(rtcp.build(feedback), 10.0)
    assert not peer.outlet.bandwidth.has_feedback
    heard: list[rtcp.TransportFeedback] = []
    monkeypatch.setattr(peer.outlet.bandwidth, "take", lambda told, _now: heard.append(told))
    peer.attach(meeting.down, SendSection("2", "video", NUMBERED, OUT | {rtp.TRANSPORT_CC: 7}))
    for _ in range(20):
        peer.take_rtcp(rtcp.build(feedback), 20.0)
    assert len(heard) == 4
    peer.take_rtcp(rtcp.build(feedback), 20.2)
    assert len(heard) == 5
