"""Offers as the media server reads them, answers as the load generator reads them."""

import pytest

from bench.session_description import BadAnswer, LocalTransport, OfferedSection, host_address, offer, read_answer
from sfu.sdp import parse

LOCAL = LocalTransport("ufra", "p" * 24, ":".join(["AB"] * 32))
ANSWER = """v=0
a=group:BUNDLE 0 1 2
a=ice-lite
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=ice-ufrag:abcd
a=ice-pwd:secretsecretsecretsecret
a=fingerprint:sha-256 12:34
a=setup:passive
a=candidate:1 1 tcp 2130706431 192.0.2.9 7881 typ host tcptype passive
a=candidate:1 1 udp 2130706431 2001:db8::1 7882 typ host
a=candidate:1 1 udp 2130706431 192.0.2.9 7882 typ host
a=recvonly
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=mid:1
a=sendonly
a=msid:PA_x|TR_y TR_y
a=ssrc-group:FID 5000 5001
a=ssrc:5000 cname:PA_x
a=ssrc:5001 cname:PA_x
m=video 0 UDP/TLS/RTP/SAVPF 96
a=mid:2
a=inactive
"""


def test_offer_is_what_the_server_reads() -> None:
    sections = [OfferedSection("audio", "0", 1234, "audio-1"), OfferedSection("video", "1", 99, "video-1")]
    read = parse(offer([*sections, OfferedSection("video", "2")], LOCAL, 1))
    assert read.bundle == ("0", "1", "2")
    audio, video, spare = read.sections
    assert (audio.direction, audio.ssrcs, audio.msid) == ("sendonly", [1234], ("-", "audio-1"))
    assert video.feedback[96] == ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"]
    assert (spare.direction, spare.ssrcs) == ("recvonly", [])
    assert audio.fingerprint == ("sha-256", LOCAL.fingerprint)
    assert audio.ice_ufrag == "ufra"


def test_answer() -> None:
    answer = read_answer(ANSWER)
    assert answer.address == ("192.0.2.9", 7882)
    assert answer.passive
    assert (answer.fingerprint_algorithm, answer.fingerprint) == ("sha-256", "12:34")
    video = answer.sections["1"]
    assert (video.kind, video.payload_types, video.direction) == ("video", (96, 97), "sendonly")
    assert (video.stream, video.track, video.media_ssrcs) == ("PA_x|TR_y", "TR_y", [5000])
    ids = answer.sections["0"].extension_ids
    assert (ids.mid, ids.audio_level, ids.transport_wide) == (4, 1, None)
    assert answer.sections["2"].port == 0


@pytest.mark.parametrize("prefix", ["a=ice-pwd", "a=fingerprint"])
def test_answer_without_what_a_client_needs(prefix: str) -> None:
    text = "\n".join(line for line in ANSWER.splitlines() if not line.startswith(prefix))
    with pytest.raises(BadAnswer):
        read_answer(text)


def test_candidates_of_other_kinds_are_none() -> None:
    assert host_address("1 1 udp 2130706431 192.0.2.2 42038 typ host ufrag x") == ("192.0.2.2", 42038)
    assert host_address("1 1 tcp 1671430143 192.0.2.2 7881 typ host tcptype passive") is None
    assert host_address("1 1 udp 2130706431 2001:db8::2 42038 typ host") is None
    assert host_address("") is None
