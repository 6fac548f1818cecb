"""Tracks find their sections, keep them, and leave them; what an answer makes of that."""

from dataclasses import replace

from sfu.negotiated import Codec
from sfu.negotiation import answer
from sfu.placement import Announced, Forwarded, Layout
from sfu.sdp import parse
from tests.sfu.offers import LOCAL, Offer

CAMERA = Announced("TR_cam", "video", ("cam-cid",), ("video/vp8",))
THEIR_SOUND = Forwarded("TR_a", "PA_other", "audio", Codec("audio/opus", 111, 48000, 2), 1001)
THEIR_PICTURE = Forwarded("TR_v", "PA_other", "video", Codec("video/vp8", 100, 90000), 1002, 1003)


def test_tracks_are_matched_by_id_then_by_kind() -> None:
    offer = Offer()
    offer.video(cid="renamed-by-firefox")
    offer.video(cid="screen-cid")
    screen = Announced("TR_screen", "video", ("screen-cid",))
    result = answer(offer.parsed(), Layout(), LOCAL, [screen, CAMERA])
    assert result.layout.receiving == {"0": "TR_cam", "1": "TR_screen"}


def test_closing_a_section_ends_its_track() -> None:
    offer = Offer()
    video = offer.video(cid="cam-cid")
    first = answer(offer.parsed(), Layout(), LOCAL, [CAMERA])
    video.direction = "inactive"
    second = answer(offer.parsed(), first.layout, LOCAL, [CAMERA])
    assert second.ended == ("TR_cam",)
    assert not second.layout.receiving


def test_how_many_sections_the_client_must_add() -> None:
    offer = Offer()
    offer.video("recvonly")
    wanted = [THEIR_PICTURE, replace(THEIR_PICTURE, sid="TR_v2"), replace(THEIR_PICTURE, sid="TR_v3"), THEIR_SOUND]
    assert Layout().sections_needed(wanted) == (1, 3)
    result = answer(offer.parsed(), Layout(), LOCAL, wanted=wanted)
    assert result.unplaced == ("TR_v2", "TR_v3", "TR_a")
    assert result.layout.sections_needed(wanted) == (1, 2)


def test_a_freed_section_is_inactive_once_before_it_is_used_again() -> None:
    offer = Offer()
    offer.video("recvonly")
    first = answer(offer.parsed(), Layout(), LOCAL, wanted=[THEIR_PICTURE])
    next_picture = replace(THEIR_PICTURE, sid="TR_next")
    second = answer(offer.parsed(), first.layout, LOCAL, wanted=[next_picture])
    assert parse(second.sdp).sections[0].direction == "inactive"
    assert second.unplaced == ("TR_next",)
    assert second.layout.sections_needed([next_picture]) == (0, 0), "another offer is enough"
    third = answer(offer.parsed(), second.layout, LOCAL, wanted=[next_picture])
    assert third.mid_to_track_id == {"0": "TR_next"}


def test_a_forwarded_track_keeps_its_section_and_moves_when_that_closes() -> None:
    offer = Offer()
    first_video = offer.video("recvonly")
    first = answer(offer.parsed(), Layout(), LOCAL, wanted=[THEIR_PICTURE])
    offer.video("recvonly")
    second = answer(offer.parsed(), first.layout, LOCAL, wanted=[THEIR_PICTURE])
    assert second.send["TR_v"].mid == "0"
    first_video.direction = "inactive"
    third = answer(offer.parsed(), second.layout, LOCAL, wanted=[THEIR_PICTURE])
    assert third.send["TR_v"].mid == "1"
