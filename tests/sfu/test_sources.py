"""Whose an SSRC is: by MID, RID, SDP, payload type; strangers, what was replaced, and what comes back."""

import random
from dataclasses import replace

import pytest

from sfu import rtcp
from sfu.negotiated import ReceiveSection
from sfu.sources import MOST_SOURCES
from sfu.srtp_streams import UNDER_WAY
from sfu.up_track import UpTrack
from tests.sfu.table import AUDIO, EXTENSIONS, VIDEO, Table


def test_layers_are_learnt_from_rid_and_then_known_by_ssrc() -> None:
    table = Table()
    for ssrc, rid in ((21, "q"), (22, "h"), (23, "f")):
        table.take(ssrc, 1, mid="1", rid=rid)
        table.take(ssrc, 2)
    assert [(layer.ssrc, layer.rid, layer.packets) for layer in table.video.layers] == [
        (21, "q", 2),
        (22, "h", 2),
        (23, "f", 2),
    ]
    table.take(30, 1, mid="1", rid="h")  # the client has started that layer anew
    assert [layer.ssrc for layer in table.video.layers] == [21, 23, 30]


@pytest.mark.parametrize(
    "extensions",
    [
        {},  # nothing tells
        {"mid": "1"},  # no layer
        {"mid": "1", "rid": "x"},  # a layer that was not negotiated
        {"mid": "9", "rid": "q"},  # a section that was not negotiated
    ],
)
def test_strangers_are_ignored(extensions: dict[str, str | bytes]) -> None:
    table = Table()
    table.take(21, 1, **extensions)  # type: ignore[arg-type]  # names of extensions
    assert table.reception.ignored == 1
    assert table.video.layers == []


def test_audio_by_ssrc_or_payload_type() -> None:
    table = Table()
    table.take(5, 1, 111, level=b"\x85")
    table.take(6, 1, 111)
    assert {layer.ssrc for layer in table.audio.layers} == {5, 6}
    assert table.audio.level == 5


def test_repair_by_the_ssrc_group_of_the_sdp() -> None:
    table = Table()
    section = ReceiveSection("2", "video", VIDEO, {}, ssrcs=(41,), rtx_ssrcs={42: 41})
    track = UpTrack("video")
    table.reception.add(section, track)
    table.take(42, 1, 103, b"\x00\x02lost")  # before its primary: of no use yet
    table.take(41, 1)
    table.take(41, 3)
    table.take(42, 2, 103, b"\x00\x02lost")
    assert track.layers[0].packets == 3


def test_sections_end_and_change() -> None:
    table = Table()
    table.take(21, 1, mid="1", rid="q")
    other = UpTrack("video")
    table.reception.add(ReceiveSection("1", "video", VIDEO, EXTENSIONS), other)
    assert table.video.layers == []
    table.take(21, 2, mid="1")
    assert len(other.layers) == 1
    table.reception.remove("1")
    table.reception.remove("unheard of")
    table.take(21, 3, mid="1")
    assert other.layers == []
    table.reception.clear()
    assert table.reception.report_blocks(11.0) == []


def test_sources_are_bounded() -> None:
    table = Table()
    for ssrc in range(1000, 1000 + 3 * MOST_SOURCES):
        table.take(ssrc, 1, 111, mid="0")
    assert len(table.reception.needed) <= MOST_SOURCES


def reported(table: Table, now: float = 11.0) -> set[int]:
    return {block.ssrc for block in table.reception.report_blocks(now)}


def test_what_was_replaced_is_still_taken_while_under_way_and_then_forgotten() -> None:
    """Reordered packets of the old stream reach those it flows to, displace nobody, and leave nothing behind."""
    table = Table()
    table.reception.tick(10.0)
    for number in (1, 3):
        table.take(21, number, mid="1", rid="q")
    table.take(31, 1, 103, b"", mid="1", rrid="q")
    [old] = table.video.layers
    table.take(22, 1, mid="1", rid="q")
    [new] = table.video.layers
    assert (old.is_dropped, new.is_dropped, reported(table), table.reception.ssrcs) == (True, False, {22}, (22,))
    table.reception.tick(9.9 + UNDER_WAY)
    assert table.feedback == [rtcp.Nack(0, 21, (2,))], "what is missing of it is asked for no more"
    table.take(21, 4, mid="1", rid="q")
    table.take(31, 2, 103, b"\x00\x02lost", mid="1", rrid="q")
    assert (old.packets, new.packets, table.video.layers) == (4, 1, [new])
    assert table.reception.needed == {21, 22, 31}
    table.reception.tick(10.0 + UNDER_WAY)
    assert table.reception.needed == {22}
    table.take(21, 5)
    assert (table.reception.ignored, old.packets) == (1, 4)


def test_a_new_description_frees_what_it_names_no_more() -> None:
    table, track = Table(), UpTrack("video")
    table.reception.tick(10.0)
    section = ReceiveSection("2", "video", VIDEO, EXTENSIONS, ssrcs=(41,), rtx_ssrcs={42: 41})
    table.reception.add(section, track)
    for number in (1, 3):
        table.take(41, number)
    table.take(42, 1, 103, b"")
    table.reception.add(section, track)
    assert table.reception.ssrcs == (41, 42), "the same again frees nothing"
    table.reception.add(replace(section, ssrcs=(51,), rtx_ssrcs={52: 51}), track)
    assert (len(track.layers), len(table.reception.ssrcs), len(reported(table))) == (0, 0, 0)
    table.take(42, 2, 103, b"\x00\x02lost")  # under way
    for number in (1, 3):
        table.take(51, number)
    table.take(52, 1, 103, b"\x00\x02lost")
    assert [(layer.ssrc, layer.packets) for layer in track.layers] == [(51, 3)]
    assert table.reception.needed == {41, 42, 51, 52}
    table.reception.tick(10.0 + UNDER_WAY)
    assert table.reception.needed == {51, 52}


def test_what_is_named_again_begins_anew_and_what_another_section_uses_stays() -> None:
    table, track = Table(), UpTrack("video")
    table.reception.tick(10.0)
    section = ReceiveSection("2", "video", VIDEO, EXTENSIONS, ssrcs=(41,))
    for ssrc in (41, 51, 41):
        table.reception.add(replace(section, ssrcs=(ssrc,)), track)
        table.take(ssrc, 1)
        assert ([layer.ssrc for layer in track.layers], table.reception.ssrcs) == ([ssrc], (ssrc,))
    table.take(22, 1, mid="1", rid="h")
    table.reception.add(replace(section, ssrcs=(41, 22)), track)  # somebody else's
    table.reception.add(section, track)
    table.reception.tick(10.0 + UNDER_WAY)
    table.take(22, 2)
    assert [(layer.ssrc, layer.packets) for layer in table.video.layers] == [(22, 2)]


def test_restriction_ids_that_are_named_no_more_go_with_their_repairs() -> None:
    table = Table()
    for ssrc, rid in ((21, "q"), (22, "h"), (23, "f")):
        table.take(ssrc, 1, mid="1", rid=rid)
        table.take(ssrc + 10, 1, 103, b"", mid="1", rrid=rid)
    table.reception.add(ReceiveSection("1", "video", VIDEO, EXTENSIONS, rids=("q", "h")), table.video)
    assert table.reception.ssrcs == (21, 31, 22, 32)
    table.reception.add(ReceiveSection("1", "video", VIDEO, EXTENSIONS), table.video)
    assert not table.reception.ssrcs
    assert not table.video.layers


def test_an_unnamed_stream_replaces_the_one_before_it_but_a_guess_replaces_nobody() -> None:
    table = Table()
    table.take(5, 1, 111)  # named by the description
    table.take(6, 1, 111, mid="0")
    table.take(7, 1, 111, mid="0")
    assert [layer.ssrc for layer in table.audio.layers] == [5, 7]
    table.take(8, 1, 111)  # nothing but its payload type tells
    assert [layer.ssrc for layer in table.audio.layers] == [5, 7, 8]
    table.take(6, 2, 111)
    assert [layer.ssrc for layer in table.audio.layers] == [5, 7, 8]


def test_a_layer_has_one_repair_stream_at_a_time() -> None:
    table = Table()
    for number in (1, 3, 5):
        table.take(21, number, mid="1", rid="q")
    for ssrc in (31, 32):
        table.take(ssrc, 1, 103, b"", mid="1", rrid="q")
    assert table.reception.ssrcs == (21, 32)
    table.take(31, 2, 103, b"\x00\x02late")
    table.take(32, 2, 103, b"\x00\x04lost")
    assert table.video.layers[0].packets == 5


def test_what_was_replaced_yields_its_place_to_what_is_new() -> None:
    table = Table()
    for number in range(4 * MOST_SOURCES):
        table.take(1000 + number, 1, mid="1", rid="qhf"[number % 3])
        assert table.reception.ssrcs == tuple(range(max(1000, 998 + number), 1001 + number))
        assert len(table.reception.needed) <= MOST_SOURCES
    assert table.reception.ignored == 0


@pytest.mark.parametrize("seed", range(3))
def test_layers_replaced_for_hours_on_a_line_that_reorders_leave_nothing_behind(seed: int) -> None:
    dice = random.Random(seed)
    table = Table()
    ssrcs = {rid: 1000 + index for index, rid in enumerate("qhf")}
    newest, now, taken = 2000, 10.0, 0
    counts: dict[int, int] = {}
    under_way: list[tuple[int, int, str]] = []
    for _ in range(3000):
        now += 0.05
        table.reception.tick(now)
        if dice.random() < 0.1:
            newest += 1
            ssrcs[dice.choice("qhf")] = newest
        for rid, ssrc in ssrcs.items():
            counts[ssrc] = counts.get(ssrc, 0) + 1
            under_way.append((ssrc, counts[ssrc], rid))
        # A packet of each stream first, as it was sent; the others in any order.
        firsts = [one for one in under_way if one[1] == 1]
        rest = [one for one in under_way if one[1] > 1]
        dice.shuffle(rest)
        coming, under_way = firsts + rest[6:], rest[:6]
        for ssrc, number, rid in coming:
            table.take(ssrc, number, mid="1", rid=rid)
            taken += 1
        assert {layer.rid: layer.ssrc for layer in table.video.layers} == ssrcs
        assert set(table.reception.ssrcs) == set(ssrcs.values())
        assert len(table.reception.needed) < 40
    assert table.reception.ignored == 0
    table.reception.tick(now + UNDER_WAY)
    assert table.reception.needed == set(ssrcs.values())


def test_after_a_silence_the_same_streams_are_known_again() -> None:
    """Also where the sender says mid and restriction id no longer, and has sent on meanwhile."""
    table = Table()
    for number in (1, 3):
        table.take(21, number, mid="1", rid="q")
    table.take(31, 1, 103, b"", mid="1", rrid="q")
    [before] = table.video.layers
    table.reception.silence("1")
    table.reception.silence("unheard of")
    assert (table.video.layers, table.reception.ssrcs, table.reception.needed) == ([], (), {21, 31})
    table.reception.tick(10.0 + UNDER_WAY)
    table.take(21, 4)
    table.take(21, 5, mid="1", rid="q")
    assert (table.reception.ignored, table.reception.needed) == (2, {21, 31})
    section = ReceiveSection("1", "video", VIDEO, EXTENSIONS, rids=("q", "h", "f"))
    table.reception.add(section, table.video)
    for number in (40_000, 40_002):
        table.take(21, number)
    table.take(31, 2, 103, (40_001).to_bytes(2, "big") + b"lost")
    [after] = table.video.layers
    assert (after is before, after.rid, after.packets, before.packets) == (False, "q", 3, 2)
    table.reception.silence("1")
    table.reception.remove("1")
    assert table.reception.needed == set()


def test_a_silenced_stream_does_not_come_in_by_another_section() -> None:
    """Of two with the same payload type, one is silenced: what tells nothing but that is not taken for the other."""
    table, screen = Table(), UpTrack("audio")
    table.take(5, 1, 111)
    table.reception.add(ReceiveSection("7", "audio", AUDIO, EXTENSIONS), screen)
    table.take(9, 1, 111, mid="7")
    table.reception.silence("0")
    table.take(5, 2, 111)
    table.reception.tick(10.0)
    table.reception.remove("0")
    table.reception.add(ReceiveSection("0", "audio", AUDIO, EXTENSIONS, ssrcs=(5,)), table.audio)
    table.take(5, 3, 111)
    table.reception.remove("0")
    table.take(5, 4, 111)
    assert [layer.ssrc for layer in screen.layers] == [9]
    assert table.reception.ignored == 2


def test_who_is_silenced_before_the_first_packet_is_taken_for_nobody_else() -> None:
    """Neither where the description names them, nor where only the payload type tells."""
    table, screen = Table(), UpTrack("audio")
    table.reception.add(ReceiveSection("7", "audio", AUDIO, EXTENSIONS), screen)
    table.reception.silence("0")
    table.take(5, 1, 111)
    table.take(6, 1, 111)
    assert (screen.layers, table.reception.ignored) == ([], 2)
    table.reception.add(ReceiveSection("0", "audio", AUDIO, EXTENSIONS, ssrcs=(5,)), table.audio)
    table.take(5, 2, 111)
    table.take(9, 1, 111, mid="7")
    assert ([layer.ssrc for layer in table.audio.layers], [layer.ssrc for layer in screen.layers]) == ([5], [9])
