"""Which frames one subscriber gets: all it needs for its layer, and nothing else."""

from dataclasses import replace

import pytest

from sfu.spatial_choice import MOST_FRAMES, SpatialChoice
from sfu.svc import Frame, Layering
from sfu.up_layer import UpLayer
from tests.sfu.layered import AV1_FULL, VP9_KEY, Sent


def frames(packets: list[Sent], *, described: bool = True) -> list[tuple[int, Frame]]:
    layering = Layering("video/vp9", UpLayer(7, 90000))
    found = []
    for packet in packets:
        frame = layering.read(packet.payload, packet.dependencies if described else None, 100, 10.0)
        assert frame is not None
        found.append((packet.picture, frame))
    return found


def sent(choice: SpatialChoice, packets: list[tuple[int, Frame]], wanted: int) -> list[tuple[int, int]]:
    """(picture, spatial layer) of the packets taken."""
    return [(picture, frame.spatial) for picture, frame in packets if choice.takes(frame, picture * 3000, wanted)]


def later(packets: list[tuple[int, Frame]], by: int) -> list[tuple[int, Frame]]:
    def moved(frame: Frame) -> Frame:
        return replace(frame, number=frame.number + by, references=tuple(number + by for number in frame.references))

    return [(picture + by, moved(frame)) for picture, frame in packets]


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_of_layers_apart_only_the_wanted_one_is_sent_after_the_key_picture(wanted: int, described: bool) -> None:
    choice = SpatialChoice()
    taken = sent(choice, frames(VP9_KEY, described=described), wanted)
    assert {spatial for picture, spatial in taken if picture == 0} == set(range(wanted + 1))
    assert {spatial for picture, spatial in taken if picture > 0} == ({wanted} if wanted < 2 else {2})
    assert choice.spatial == wanted


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_of_layers_built_on_each_other_all_below_are_sent(wanted: int) -> None:
    taken = sent(SpatialChoice(), frames(AV1_FULL), wanted)
    assert {spatial for _, spatial in taken} == set(range(wanted + 1))
    assert len(taken) == sum(frame.spatial <= wanted for _, frame in frames(AV1_FULL))


def test_going_down_is_at_once_where_all_below_is_there_and_up_waits_for_a_key_picture() -> None:
    stream = frames(AV1_FULL)
    choice = SpatialChoice()
    assert sent(choice, stream[:6], 2)[-1] == (1, 1)
    assert choice.reaches(0)
    assert sent(choice, stream[6:7], 0) == [(1, 2)], "not within a picture"
    assert sent(choice, stream[7:], 0) == [(2, 0), (3, 0), (4, 0)]
    assert choice.spatial == 0
    assert not choice.reaches(2)
    assert {spatial for _, spatial in sent(choice, later(stream[4:], 20), 2)} == {0}, "no key picture has come"
    assert sent(choice, later(stream, 100), 2)[:2] == [(100, 0), (100, 1)]
    assert choice.spatial == 2


def test_up_again_without_a_key_picture_while_only_pictures_between_were_left_out() -> None:
    stream = frames(AV1_FULL)
    choice = SpatialChoice()
    sent(choice, stream[:4], 2)
    assert sent(choice, stream[4:7], 0) == [(1, 0)]
    assert choice.reaches(2)
    assert len(sent(choice, stream[7:], 2)) == len(stream[7:])
    assert choice.spatial == 2


def test_going_down_waits_for_a_key_picture_where_layers_are_apart() -> None:
    stream = frames(VP9_KEY, described=False)
    choice = SpatialChoice()
    sent(choice, stream[:10], 2)
    assert not choice.reaches(0)
    assert sent(choice, stream[10:], 0) == [(2, 2), (2, 2), (2, 2)], "better too much than nothing"


def test_nothing_before_a_key_picture_and_nothing_after_a_reset() -> None:
    choice = SpatialChoice()
    stream = frames(AV1_FULL)
    assert sent(choice, stream[4:], 2) == []
    choice = SpatialChoice()
    sent(choice, stream[:7], 2)
    choice.reset()
    assert sent(choice, stream[7:], 2) == []
    assert choice.spatial is None


def test_a_late_packet_goes_as_its_frame_went() -> None:
    choice = SpatialChoice()
    stream = frames(VP9_KEY)
    sent(choice, stream[:14], 1)
    assert sent(choice, [stream[2], stream[3]], 1) == [(0, 1)]
    missed = SpatialChoice()
    sent(missed, [one for one in stream if one[1].number != 5], 1)
    assert sent(missed, [stream[7]], 1) == [(1, 1)], "a whole frame that was lost is still needed"


def test_what_is_remembered_is_bounded() -> None:
    choice = SpatialChoice()
    stream = frames(AV1_FULL)
    sent(choice, stream, 2)
    for number in range(1000, 1000 + 2 * MOST_FRAMES):
        stream[-1][1].number = number
        choice.takes(stream[-1][1], number, 2)
    assert len(choice._decided) == MOST_FRAMES


def test_the_targets_forwarded_are_told_for_a_picture() -> None:
    choice = SpatialChoice()
    stream = frames(AV1_FULL)
    sent(choice, stream[:1], 0)
    assert (choice.active, choice.is_news) == (0b111, True)
    sent(choice, stream[1:5], 0)
    assert not choice.is_news
