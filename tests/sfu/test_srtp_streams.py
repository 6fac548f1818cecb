"""Which SSRC gives its place to a new one: long meetings find room, nothing needed goes, nothing old comes back."""

import random

import pytest

from sfu.srtp_streams import LOOK_AGAIN, MOST_GONE, MOST_STREAMS, UNDER_WAY, SrtpStreams


def key(ssrc: int) -> bytes:
    return ssrc.to_bytes(4, "big")


def enter(streams: SrtpStreams, ssrc: int, now: float, *needed: int, is_rtcp: bool = False) -> int | None:
    """As the transport does. Whose stream goes."""
    assert key(ssrc) not in streams.last_at
    assert not streams.refuses(key(ssrc), now)
    out = streams.enter(key(ssrc), now, set(needed), is_rtcp=is_rtcp)
    return None if out is None else int.from_bytes(out, "big")


def full(*, at: float = 0.0) -> SrtpStreams:
    """SSRC 0 to 127, each of which has sent once: 0 at `at`, each next a millisecond later."""
    streams = SrtpStreams()
    for ssrc in range(MOST_STREAMS):
        assert enter(streams, ssrc, at + ssrc / 1000) is None
    return streams


@pytest.mark.parametrize("seed", range(5))
def test_a_publisher_that_replaces_its_layers_for_hours_always_finds_room(seed: int) -> None:
    """Who gives its place is, each time, exactly the one that has sent nothing for longest and is not needed."""
    dice = random.Random(seed)
    streams, alive = SrtpStreams(), set[int]()
    last: dict[int, float] = {}
    now, newest, replaced = 100.0, 1000, 0
    current = dict.fromkeys(range(6), 0)
    paused = 1  # a microphone that says nothing from the second minute on, and keeps its place
    enter(streams, paused, now)
    alive.add(paused)
    while replaced < 1000:
        now += dice.uniform(0.5, 4)
        for layer in dice.sample(sorted(current), dice.randint(1, 6)):
            newest += 1
            replaced += 1
            current[layer] = newest
            needed = {paused, *current.values()}
            silent = {ssrc for ssrc in alive - needed if now - last[ssrc] > UNDER_WAY}
            expected = min(silent, key=lambda ssrc: last[ssrc]) if len(alive) == MOST_STREAMS else None
            assert enter(streams, newest, now, *needed) == expected
            alive = (alive - {expected}) | {newest}
            now += 0.001
            last[newest] = now
            streams.last_at[key(newest)] = now
        for ssrc in current.values():
            if ssrc in alive:
                now += 0.001
                last[ssrc] = streams.last_at[key(ssrc)] = now
    assert set(streams.last_at) == {key(ssrc) for ssrc in alive}
    assert paused in alive
    assert len(alive) == MOST_STREAMS


def test_what_may_still_be_under_way_goes_for_nobody() -> None:
    streams = full()
    assert enter(streams, 500, UNDER_WAY) == 500
    assert key(500) not in streams.last_at
    assert enter(streams, 500, UNDER_WAY + LOOK_AGAIN) == 0
    assert enter(streams, 501, UNDER_WAY + LOOK_AGAIN, 1) == 2


def test_where_all_are_needed_a_new_one_has_no_place_and_is_tried_once_a_second() -> None:
    streams = full()
    before = dict(streams.last_at)
    assert enter(streams, 500, 1000.0, *range(MOST_STREAMS)) == 500
    assert streams.last_at == before
    for new in (500, 501):
        assert streams.refuses(key(new), 1000.0 + LOOK_AGAIN - 0.001)
        assert not streams.refuses(key(new), 1000.0 + LOOK_AGAIN)


def test_one_that_gave_its_place_does_not_come_back() -> None:
    streams = full()
    assert enter(streams, 500, 1000.0) == 0
    assert streams.refuses(key(0), 1000.0)
    assert not streams.refuses(key(501), 1000.0)


def test_what_is_remembered_of_those_gone_has_a_bound() -> None:
    streams = full()
    for new in range(1000, 1001 + MOST_GONE):
        assert enter(streams, new, 10.0 * new) is not None
    assert not streams.refuses(key(0), 1e9), "forgotten as the oldest"
    assert streams.refuses(key(1), 1e9)
    assert len(streams._gone) == MOST_GONE


def test_who_only_reports_goes_after_all_media() -> None:
    """A receiver that gets nothing has nothing to report; refused later, nothing lost would be sent to it again."""
    streams = SrtpStreams()
    assert enter(streams, 9999, 0.0, is_rtcp=True) is None
    for ssrc in range(MOST_STREAMS - 1):
        assert enter(streams, ssrc, 1.0 + ssrc) is None
    for new in range(1000, 1000 + MOST_STREAMS - 1):
        assert enter(streams, new, 9.0 * new) == new - 1000
    assert enter(streams, 5000, 1e6, *range(1000, 2000)) == 9999
