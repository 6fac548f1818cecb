"""Answering a client's offers: publishing, forwarding on its sections, closing, moving, and Firefox's own ways."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfu import codecs_offered
from sfu.negotiated import Codec
from sfu.negotiation import Answered, answer, remote_transport
from sfu.placement import Announced, Forwarded, Layout
from sfu.rtp import DEPENDENCY_DESCRIPTOR, MID, RID, TRANSPORT_CC
from sfu.sdp import SdpError, Section, parse
from tests.sfu.offers import H264, LOCAL, Offer

MICROPHONE = Announced("TR_mic", "audio", ("mic-cid",))
CAMERA = Announced("TR_cam", "video", ("cam-cid",), ("video/vp8",))
OPUS = Codec("audio/opus", 111, 48000, 2, "minptime=10;useinbandfec=1")
VP8 = Codec("video/vp8", 100, 90000)
THEIR_SOUND = Forwarded("TR_a", "PA_other", "audio", OPUS, 1001)
THEIR_PICTURE = Forwarded("TR_v", "PA_other", "video", VP8, 1002, 1003)


def section(result: Answered, mid: str) -> Section:
    return next(section for section in parse(result.sdp).sections if section.mid == mid)


def test_publishing_sound_and_simulcast_picture() -> None:
    offer = Offer()
    offer.audio(cid="mic-cid")
    offer.video(cid="cam-cid", rids=("q", "h", "f"))
    offer.data()
    result = answer(offer.parsed(), Layout(), LOCAL, [CAMERA, MICROPHONE])
    assert set(result.receive) == {"TR_mic", "TR_cam"}
    camera = result.receive["TR_cam"]
    assert (camera.mid, camera.rids, camera.codec.mime_type) == ("1", ("q", "h", "f"), "video/vp8")
    assert camera.codec.rtx_payload_type == 97
    assert camera.extensions[10] == RID
    assert camera.extensions[15] == DEPENDENCY_DESCRIPTOR
    assert result.data
    ours = section(result, "1")
    assert (ours.direction, ours.simulcast, ours.formats) == ("recvonly", "recv q;h;f", ("96", "97"))
    assert ours.rids == [("q", "recv"), ("h", "recv"), ("f", "recv")]
    assert ours.feedback[96] == ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"]
    assert TRANSPORT_CC in ours.extensions.values()
    assert section(result, "0").fmtps[111] == "minptime=10;useinbandfec=1;usedtx=1"
    assert 9 not in section(result, "0").extensions
    description = parse(result.sdp)
    assert description.ice_lite
    assert description.extmap_allow_mixed
    assert description.bundle == ("0", "1", "2")
    assert {s.setup for s in description.sections} == {"passive"}
    assert [bool(s.candidates) for s in description.sections] == [True, False, False]


def test_what_the_opus_encoder_is_asked_for() -> None:
    offer = Offer()
    offer.audio(cid="mic-cid")
    stereo = answer(offer.parsed(), Layout(), LOCAL, [replace(MICROPHONE, stereo=True)])
    assert section(stereo, "0").fmtps[111].endswith(";stereo=1")
    plain = answer(offer.parsed(), Layout(), LOCAL, [replace(MICROPHONE, dtx=False)])
    assert section(plain, "0").fmtps[111] == "minptime=10;useinbandfec=1"


def test_redundant_sound_stands_first_where_the_publisher_may_send_it() -> None:
    offer = Offer()
    offer.audio(cid="mic-cid").feedback = {111: ["transport-cc"]}
    plain = answer(offer.parsed(), Layout(), LOCAL, [MICROPHONE])
    assert section(plain, "0").formats == ("111",)
    assert plain.receive["TR_mic"].codec.red_payload_type is None
    assert section(plain, "0").feedback[111] == ["transport-cc", "nack"], "libwebrtc repairs sound where it is asked to"
    assert "nack" in plain.receive["TR_mic"].codec.feedback
    redundant = answer(offer.parsed(), Layout(), LOCAL, [replace(MICROPHONE, red=True)])
    assert section(redundant, "0").formats == ("63", "111")
    assert section(redundant, "0").fmtps[63] == "111/111"
    assert redundant.receive["TR_mic"].codec.red_payload_type == 63


@pytest.mark.parametrize("red", [True, False])
def test_redundant_sound_is_sent_to_who_takes_it(red: bool) -> None:
    offer = Offer()
    offer.audio("recvonly")
    result = answer(offer.parsed(), Layout(), LOCAL, wanted=[replace(THEIR_SOUND, red=red)])
    assert result.send["TR_a"].codec.red_payload_type == (63 if red else None)
    assert section(result, "0").formats == (("111", "63") if red else ("111",))


def test_a_section_nobody_announced_is_inactive() -> None:
    offer = Offer()
    offer.video(cid="cam-cid")
    result = answer(offer.parsed(), Layout(), LOCAL)
    assert not result.receive
    assert section(result, "0").direction == "inactive"


def test_the_codec_wanted_and_kept() -> None:
    offer = Offer()
    offer.video(cid="cam-cid")
    first = answer(offer.parsed(), Layout(), LOCAL, [replace(CAMERA, codecs=("video/h264",))])
    assert first.receive["TR_cam"].codec.payload_type == 102
    again = answer(offer.parsed(), first.layout, LOCAL, [CAMERA])
    assert again.receive["TR_cam"].codec.payload_type == 102
    other = answer(offer.parsed(), Layout(), LOCAL, [replace(CAMERA, codecs=("video/h266",))])
    assert other.receive["TR_cam"].codec.mime_type == "video/vp8"


def test_a_track_whose_codecs_are_all_foreign_ends() -> None:
    offer = Offer()
    video = offer.video(cid="cam-cid")
    video.formats = ("116",)
    result = answer(offer.parsed(), Layout(), LOCAL, [CAMERA])
    assert result.ended == ("TR_cam",)
    assert not result.receive


def test_forwarding_on_the_clients_sections() -> None:
    offer = Offer()
    offer.audio("recvonly")
    offer.video("recvonly")
    offer.video("recvonly")
    result = answer(offer.parsed(), Layout(), LOCAL, wanted=[THEIR_SOUND, THEIR_PICTURE])
    assert result.mid_to_track_id == {"0": "TR_a", "1": "TR_v"}
    sent = result.send["TR_v"]
    assert (sent.mid, sent.codec.payload_type, sent.codec.rtx_payload_type) == ("1", 96, 97)
    assert sent.extensions[MID] == 4
    ours = section(result, "1")
    assert ours.direction == "sendonly"
    assert ours.msid == ("PA_other|TR_v", "TR_v")
    assert (ours.ssrcs, ours.repair_ssrcs) == ([1002, 1003], {1003: 1002})
    assert section(result, "2").direction == "inactive"
    assert RID in section(result, "2").extensions.values(), "a placeholder without RID would end simulcast later"
    assert result.layout.free == {"audio": 0, "video": 1}


def test_a_codec_the_client_cannot_take_is_told() -> None:
    offer = Offer()
    offer.video("recvonly")
    av1 = replace(THEIR_PICTURE, codec=Codec("video/av1", 45, 90000))
    high = replace(THEIR_PICTURE, sid="TR_h", codec=Codec("video/h264", 1, 90000, fmtp=H264.replace("42e0", "6400")))
    result = answer(offer.parsed(), Layout(), LOCAL, wanted=[av1, high])
    assert result.unsupported == ("TR_v", "TR_h")
    assert not result.unplaced


def test_firefox_offers_port_zero_with_bundle_only() -> None:
    offer = Offer()
    offer.audio(cid="mic-cid")
    video = offer.video(cid="cam-cid")
    video.port, video.bundle_only = 0, True
    result = answer(offer.parsed(), Layout(), LOCAL, [CAMERA, MICROPHONE])
    assert result.layout.receiving == {"0": "TR_mic", "1": "TR_cam"}
    assert section(result, "1").port == 9


def test_a_stopped_section_stays_refused() -> None:
    offer = Offer()
    offer.audio(cid="mic-cid")
    offer.video().port = 0
    result = answer(offer.parsed(), Layout(), LOCAL, [MICROPHONE])
    assert section(result, "1").rejected
    assert parse(result.sdp).bundle == ("0",)


def test_dtls_roles() -> None:
    offer = Offer(setup="passive")
    offer.audio()
    assert remote_transport(offer.parsed()).dtls_role == "client"
    assert section(answer(offer.parsed(), Layout(), LOCAL), "0").setup == "active"


def test_offers_that_cannot_be_answered() -> None:
    empty = Offer()
    with pytest.raises(SdpError, match="no live"):
        remote_transport(empty.parsed())
    bare = Offer()
    bare.audio().fingerprint = None
    with pytest.raises(SdpError, match="fingerprint"):
        answer(bare.parsed(), Layout(), LOCAL)
    loose = Offer()
    loose.audio()
    with pytest.raises(SdpError, match="BUNDLE"):
        remote_transport(parse(loose.text.replace("a=group:BUNDLE 0\r\n", "")))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_torn_offers_are_answered_or_refused(data: st.DataObject) -> None:
    offer = Offer()
    offer.audio(cid="mic-cid")
    offer.video(cid="cam-cid", rids=("q", "h", "f"))
    offer.video("recvonly")
    offer.data()
    lines = offer.text.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "repeat", "cut", "swap", "garbage"]))
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "repeat":
            lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
        elif change == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        elif change == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] = lines[at][:10] + data.draw(st.text(max_size=12))
    with contextlib.suppress(SdpError):
        result = answer(parse("\r\n".join(lines)), Layout(), LOCAL, [CAMERA, MICROPHONE], [THEIR_PICTURE])
        parse(result.sdp)


def test_a_sender_is_told_where_to_begin_and_its_own_hint_goes() -> None:
    offer = Offer()
    offer.audio(cid="mic")
    offer.video(cid="cam").fmtps[96] = "max-fr=30;x-google-start-bitrate=1000"
    plain = answer(offer.parsed(), Layout(), LOCAL, [CAMERA, MICROPHONE])
    assert section(plain, "1").fmtps[96] == "max-fr=30;x-google-start-bitrate=1000", "as it was offered"
    told = answer(offer.parsed(), Layout(), LOCAL, [CAMERA, MICROPHONE], start_rate=812)
    assert section(told, "1").fmtps[96] == "max-fr=30;x-google-start-bitrate=812"
    assert "x-google" not in section(told, "0").fmtps[111]


def test_format_parameters_are_read_once_however_many_tracks_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parameters = codecs_offered.parameters

    def counted(fmtp: str) -> dict[str, str]:
        read.append(fmtp)
        return parameters(fmtp)

    monkeypatch.setattr(codecs_offered, "parameters", counted)
    offer = Offer()
    for _ in range(20):
        section = offer.video("recvonly")
        for number in range(30):
            section.rtpmaps[35 + number] = "H264/90000"
            section.fmtps[35 + number] = f"packetization-mode=1;profile-level-id=4d{number:04x}"
        section.formats += tuple(map(str, range(35, 65)))
    high = Codec("video/h264", 102, 90000, fmtp="packetization-mode=1;profile-level-id=640c1f")
    wanted = [replace(THEIR_PICTURE, sid=f"TR_{number}", codec=high) for number in range(100)]
    result = answer(offer.parsed(), Layout(), LOCAL, wanted=wanted)
    assert len(result.unsupported) == 100
    formats = sum(len(one.formats) for one in offer.sections)
    assert len(read) <= 3 * formats + len(wanted)
