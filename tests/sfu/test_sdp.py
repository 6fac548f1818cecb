"""Reading and writing session descriptions: round trips, limits, and what a torn one is told."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.sdp import MAX_SECTIONS, MAX_SIZE, MAX_SOURCES, SdpError, parse, write

HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
VIDEO = HEAD + (
    "a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=fingerprint:SHA-256 AA:BB\r\na=setup:actpass\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:secretsecretsecretsecret\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:15/recvonly urn:x\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:* nack\r\n"
    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=msid:stream track\r\n"
    "a=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\n"
    "a=ssrc-group:FID 11 12\r\na=ssrc:11 cname:x\r\na=ssrc:12 cname:x\r\na=ssrc:11 msid:stream track\r\n"
)


def test_everything_a_section_says() -> None:
    description = parse(VIDEO)
    (section,) = description.sections
    assert description.bundle == ("0",)
    assert description.extmap_allow_mixed
    assert (section.kind, section.mid, section.direction, section.payload_types) == ("video", "0", "sendonly", (96, 97))
    assert section.extensions == {4: "urn:ietf:params:rtp-hdrext:sdes:mid", 15: "urn:x"}
    assert section.feedback == {96: ["nack pli"]}
    assert section.msid == ("stream", "track")
    assert section.rids == [("q", "send"), ("h", "send")]
    assert section.simulcast == "send q;h"
    assert (section.ssrcs, section.repair_ssrcs) == ([11, 12], {12: 11})


def test_session_level_transport_holds_for_every_section() -> None:
    (section,) = parse(VIDEO).sections
    assert (section.ice_ufrag, section.fingerprint, section.setup) == ("abcd", ("sha-256", "AA:BB"), "actpass")


def test_what_is_written_reads_the_same() -> None:
    first = parse(VIDEO)
    second = parse(write(first))
    assert second == first
    assert write(second) == write(first)


def test_port_zero_with_bundle_only_is_not_rejected() -> None:
    torn = VIDEO.replace("m=video 9", "m=video 0")
    assert parse(torn).sections[0].rejected
    assert not parse(torn + "a=bundle-only\r\n").sections[0].rejected


def test_a_data_section_keeps_its_numbers() -> None:
    text = (
        HEAD
        + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=sctp-port:5000\r\na=max-message-size:9\r\n"
    )
    (section,) = parse(text).sections
    assert (section.sctp_port, section.max_message_size) == (5000, 9)
    assert "a=sctp-port:5000\r\n" in write(parse(text))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a=mid:" + "x" * 17, "malformed mid"),
        ("a=rtpmap:128 VP8/90000", "malformed rtpmap"),
        ("a=rtpmap:96", "malformed rtpmap"),
        ("a=rtpmap:96 VP8/many", "malformed rtpmap"),
        ("a=extmap:0 urn:x", "malformed extmap"),
        ("a=extmap:7", "malformed extmap"),
        ("a=ssrc:4294967296 cname:x", "malformed ssrc"),
        ("a=ssrc:²", "malformed ssrc"),
        ("a=ssrc-group:", "malformed ssrc-group"),
        ("a=rid:q", "malformed rid"),
        ("a=fingerprint:sha-256", "malformed fingerprint"),
        ("a=ice-ufrag:å", "malformed ice-ufrag"),
        ("a=x:" + "y" * 5000, "longer than"),
        ("a=fmtp:96 " + "y" * 600, "malformed fmtp"),
        ("a=fmtp:96 x\ra=ice-lite", "control characters"),
        ("a=msid:\x00 x", "control characters"),
        ("m=video", "malformed media line"),
        ("m=video 70000 RTP 1", "malformed media line"),
        ("m=video ² RTP 1", "malformed media line"),
        ("m=video 9 RTP", "without formats"),
        ("a=rtpmap:96 VP8/²", "malformed rtpmap"),
        ("a=rtpmap:96 opus/48000/x", "malformed rtpmap"),
        ("m=poetry 9 RTP 1", "unknown kind"),
        ("m=audio 9 RTP 1", "no mid"),
        ("m=audio 9 RTP 1\r\na=mid:0", "share a mid"),
    ],
)
def test_a_bad_line_is_named(line: str, told: str) -> None:
    with pytest.raises(SdpError, match=told):
        parse(VIDEO + line + "\r\n")


def test_size_and_sections_are_bounded() -> None:
    with pytest.raises(SdpError, match="larger"):
        parse("v=0" + " " * MAX_SIZE)
    with pytest.raises(SdpError, match="media sections"):
        parse(HEAD + "".join(f"m=audio 9 RTP 1\r\na=mid:{i}\r\n" for i in range(MAX_SECTIONS + 1)))
    with pytest.raises(SdpError, match="lines"):
        parse(HEAD + "\n" * 30_000)
    with pytest.raises(SdpError, match="v=0"):
        parse("")


@pytest.mark.parametrize("line", ["a=ssrc:{}", "a=ssrc-group:FID 1 {}", "a=rid:r{} send"])
def test_the_sources_of_a_section_are_bounded(line: str) -> None:
    lines = [line.format(number) + "\r\n" for number in range(MAX_SOURCES + 1)]
    parse(VIDEO + "".join(lines[: MAX_SOURCES // 2]))
    with pytest.raises(SdpError, match="one section"):
        parse(VIDEO + "".join(lines))


def test_a_format_said_again_counts_once() -> None:
    section = parse(HEAD + "m=video 9 RTP" + " 96 97" * 600 + "\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n").sections[0]
    assert section.payload_types == (96,)


@given(st.text(max_size=400))
def test_any_text_gives_a_description_or_a_clear_error(text: str) -> None:
    with contextlib.suppress(SdpError):
        parse(HEAD + text)


@given(st.lists(st.sampled_from(VIDEO.split("\r\n")), max_size=40), st.data())
def test_shuffled_and_cut_lines_never_escape(lines: list[str], data: st.DataObject) -> None:
    torn = "\r\n".join(line[: data.draw(st.integers(0, len(line)))] for line in lines)
    with contextlib.suppress(SdpError):
        write(parse(HEAD + torn))
