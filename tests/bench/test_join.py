"""Reading what the page measured, and the verdict."""

import asyncio
import os

import pytest

from bench.join import STEPS, Cores, Join, Meter, NotJoined, outcome, read_join

CORES = Cores(0.1, 0.5, 0.2)
STEPS_AT = {step: 10.0 * number for number, step in enumerate(STEPS)}


def measured(**changed: object) -> dict[str, object]:
    return {
        "connected": 90.0,
        "video": [200.0, 150.0],
        "audio": [120.0, 180.0],
        "steps": STEPS_AT | {"more": 1.0},
        "framesDecoded": [10, 12],
        "audioEnergy": [0.01, 0.02],
    } | changed


def test_first_and_last_of_all_publishers() -> None:
    join = read_join(measured(), 2, CORES)
    assert join == Join(90.0, 150.0, 200.0, 120.0, 180.0, STEPS_AT, CORES)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"video": [200.0]}, "1 pictures and 2 sounds of 2"),
        ({"framesDecoded": [10, 0]}, "decoded of each"),
        ({"audioEnergy": [0.01, 0.0]}, "energy"),
    ],
)
def test_a_join_with_something_missing_or_undecoded_is_no_figure(changed: dict[str, object], words: str) -> None:
    with pytest.raises(NotJoined, match=words):
        read_join(measured(**changed), 2, CORES)


@pytest.mark.parametrize(("video", "audio", "reached"), [(1000, 800, (True, True)), (1001, 801, (False, False))])
def test_bars(video: float, audio: float, reached: tuple[bool, bool]) -> None:
    result = outcome([Join(10, video, 2000, audio, 900, STEPS_AT, CORES)] * 3, CORES, 0.5)
    assert (result.video_reached, result.audio_reached) == reached
    assert result.joining == CORES
    assert result.steps == STEPS_AT
    assert CORES.total == pytest.approx(0.8)


async def test_meter() -> None:
    meter = Meter(os.getpid())
    await asyncio.sleep(0.01)
    cores = meter.cores()
    assert cores.server > 0
    assert cores.bench >= 0
    assert cores.others >= 0
