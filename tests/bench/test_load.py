"""The load generator against the project's own media server: who gets what, and when it refuses."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load import Delivery, Load, NotDelivered, joined
from bench.media_server import Command, running

GOOD = Delivery(lasted=1.1, planned=1000, sent=1000, expected=5000, received=5000, worst=1.0, stray=0, lateness=0.001)


@pytest.fixture
async def load(tmp_path: Path) -> AsyncIterator[Load]:
    async with running(Command(), tmp_path / "log") as server, joined(server.access, rooms=2, size=2) as load:
        yield load


async def test_everyone_gets_everyone_in_the_room_and_nobody_else(load: Load) -> None:
    await load.run(0.5)
    delivery, delays = await load.verify(0.5)
    assert delivery.sent > 0
    assert delivery.expected == delivery.sent
    assert delivery.received > 0
    assert all(delay > 0 for delay in delays)
    first = load.clients[0]
    assert {track.publisher for track in first.tracks.values()} == {"bench-1"}
    assert {track.kind for track in first.tracks.values()} == {"audio", "video"}


def test_a_good_delivery_passes() -> None:
    GOOD.demand(0.99)
    assert GOOD.share == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (replace(GOOD, sent=980), "did not keep up"),
        (replace(GOOD, received=4900), "98.0%"),
        (replace(GOOD, received=5060), "of before"),
        (replace(GOOD, worst=0.5), "50.0%"),
        (replace(GOOD, expected=0, received=0), "0.0%"),
    ],
)
def test_no_figure_of_a_load_that_was_not_there(bad: Delivery, words: str) -> None:
    with pytest.raises(NotDelivered, match=words):
        bad.demand(0.99)
