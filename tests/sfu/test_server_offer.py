"""Our offers to v0 clients, and what their answers settle."""

from dataclasses import replace

import pytest

from sfu.negotiated import Codec
from sfu.placement import Forwarded
from sfu.route import number_id
from sfu.rtp import MID
from sfu.sdp import Description, SdpError, parse, write
from sfu.server_offer import OfferLayout, offer, settle
from tests.sfu.offers import LOCAL

SOUND = Forwarded("TR_a", "PA_x", "audio", Codec("audio/opus", 63, 48000, 2, "minptime=10"), 1)
PICTURE = Forwarded("TR_v", "PA_x", "video", Codec("video/vp8", 120, 90000), 2, 3)


def answered(sdp: str) -> Description:
    """As a browser answers: receive what is offered, passive or active by itself."""
    description = parse(sdp)
    for section in description.sections:
        section.setup = "active"
        section.direction = "recvonly" if section.direction == "sendonly" else "inactive"
        section.msid, section.ssrcs, section.repair_ssrcs = (), [], {}
    return parse(write(description))


def test_the_first_offer_has_the_data_section_alone() -> None:
    first = offer(OfferLayout(), [], LOCAL)
    description = parse(first.sdp)
    assert [section.kind for section in description.sections] == ["application"]
    assert (description.sections[0].setup, description.bundle, description.ice_lite) == ("actpass", ("0",), True)
    assert settle(answered(first.sdp), first.layout) == ({}, ())


def test_tracks_get_sections_and_our_payload_types() -> None:
    offered = offer(OfferLayout(), [SOUND, PICTURE], LOCAL)
    assert offered.mid_to_track_id == {"1": "TR_a", "2": "TR_v"}
    video = parse(offered.sdp).sections[2]
    assert (video.direction, video.msid, video.ssrcs) == ("sendonly", ("PA_x|TR_v", "TR_v"), [2, 3])
    send, refused = settle(answered(offered.sdp), offered.layout)
    assert refused == ()
    assert (send["TR_a"].codec.payload_type, send["TR_v"].codec.payload_type) == (96, 98)
    assert send["TR_v"].codec.rtx_payload_type == 99
    assert send["TR_v"].extensions[MID] == 1
    assert number_id(send["TR_v"]) == number_id(send["TR_a"]) == 3, "feedback on every packet"


def test_redundant_sound_is_offered_where_it_may_be_made() -> None:
    red = replace(SOUND, sid="TR_r", red=True)
    offered = offer(OfferLayout(), [SOUND, red], LOCAL)
    plain, redundant = parse(offered.sdp).sections[1:]
    assert (plain.formats, redundant.formats) == (("96",), ("96", "97"))
    assert (redundant.rtpmaps[97], redundant.fmtps[97]) == ("red/48000/2", "96/96")
    send, _ = settle(answered(offered.sdp), offered.layout)
    assert send["TR_a"].codec.red_payload_type is None
    assert send["TR_r"].codec.red_payload_type == 97
    without = answered(offered.sdp)
    without.sections[2].formats = ("96",)  # as Firefox answers
    send, _ = settle(parse(write(without)), offered.layout)
    assert send["TR_r"].codec.red_payload_type is None


def test_one_payload_type_for_the_same_codec_another_for_another() -> None:
    h264 = [
        replace(
            PICTURE,
            sid=f"TR_{i}",
            codec=Codec("video/h264", 102, 90000, fmtp=f"packetization-mode=1;profile-level-id={p}"),
        )
        for i, p in enumerate(("42e01f", "42e034", "640032"))
    ]
    layout = offer(OfferLayout(), h264, LOCAL).layout
    first, second, third = (section.codec.payload_type for section in layout.sections)
    assert first == second != third


def test_a_freed_section_is_inactive_once_and_then_reused() -> None:
    first = offer(OfferLayout(), [PICTURE], LOCAL)
    other = replace(PICTURE, sid="TR_other")
    second = offer(first.layout, [other], LOCAL)
    assert [section.sid for section in second.layout.sections] == [None, "TR_other"]
    assert parse(second.sdp).sections[1].direction == "inactive"
    third = offer(second.layout, [other, replace(PICTURE, sid="TR_third")], LOCAL)
    assert third.mid_to_track_id == {"1": "TR_third", "2": "TR_other"}


def test_what_the_client_refuses() -> None:
    offered = offer(OfferLayout(), [SOUND, PICTURE], LOCAL)
    answer = answered(offered.sdp)
    answer.sections[2].port = 0
    send, refused = settle(answer, offered.layout)
    assert (set(send), refused) == ({"TR_a"}, ("TR_v",))


def test_an_answer_to_something_else() -> None:
    offered = offer(OfferLayout(), [SOUND], LOCAL)
    answer = answered(offered.sdp)
    del answer.sections[1]
    with pytest.raises(SdpError, match="not those of the offer"):
        settle(answer, offered.layout)


def test_payload_types_and_sections_are_bounded() -> None:
    foreign = replace(PICTURE, codec=Codec("video/h265", 1, 90000))
    assert offer(OfferLayout(), [foreign], LOCAL).unplaced == ("TR_v",)
    many = [replace(SOUND, sid=f"TR_{i}") for i in range(130)]
    offered = offer(OfferLayout(), many, LOCAL)
    assert len(offered.layout.sections) == 127
    assert len(offered.unplaced) == 3
