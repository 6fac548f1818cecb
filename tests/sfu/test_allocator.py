"""Who gets which layer."""

from sfu.allocator import HOLD, Allocator, Video, divide

LAYERS = {0: 150e3, 1: 500e3, 2: 1700e3}


def video(sid: str, *rank: float, current: int | None = 0, front: bool = False, most: int = 2) -> Video:
    layers = {quality: rate for quality, rate in LAYERS.items() if quality <= most}
    return Video(sid, rank or (1.0,), layers, front, current)


def test_sound_is_taken_off_first_and_everyone_gets_the_smallest_before_anyone_more() -> None:
    division = divide(600e3, 100e3, [video("a"), video("b"), video("c")])
    assert division.granted == {"a": 0, "b": 0, "c": 0}
    assert division.used == 550e3
    assert division.wanted > 600e3


def test_without_room_the_last_in_rank_go_dark() -> None:
    videos = [video("last", 3), video("first", 1), video("second", 2)]
    assert divide(350e3, 60e3, videos).granted == {"first": 0, "second": None, "last": None}
    assert divide(60e3, 60e3, videos).granted == {"first": None, "second": None, "last": None}


def test_the_front_is_raised_all_the_way_the_rest_in_turn() -> None:
    videos = [video("speaker", 0, front=True), video("a", 1), video("b", 1)]
    assert divide(2.4e6, 60e3, videos).granted == {"speaker": 2, "a": 0, "b": 0}
    equal = [video("a", 1), video("b", 1), video("c", 1)]
    assert divide(1.7e6, 60e3, equal).granted == {"a": 1, "b": 1, "c": 1}


def test_nobody_gets_more_than_the_page_has_use_for() -> None:
    division = divide(20e6, 0, [video("a", most=1), Video("none", (1.0,), {})])
    assert division.granted == {"a": 1}
    assert division.wanted == 0


def test_going_up_takes_more_room_than_staying() -> None:
    assert divide(510e3, 0, [video("a", current=1)]).granted == {"a": 1}
    assert divide(510e3, 0, [video("a", current=0)]).granted == {"a": 0}
    assert divide(485e3, 0, [video("a", current=1)]).granted == {"a": 1}
    assert divide(5e6, 0, [video("a", current=0)], may_rise=False).granted == {"a": 0}


def test_after_a_fall_nothing_rises_for_a_while_and_longer_when_it_flaps() -> None:
    allocator = Allocator()

    def grant(budget: float, now: float) -> int | None:
        return allocator.allocate(budget, 0, [video("a")], now).granted["a"]

    assert grant(3e6, 0.0) == 2
    assert grant(600e3, 1.0) == 1
    assert grant(3e6, 1.2) == 1
    assert grant(3e6, 1.1 + HOLD) == 2
    assert grant(600e3, 3.0) == 1
    assert allocator.hold > HOLD
    assert grant(3e6, 3.1 + HOLD) == 1
    assert grant(3e6, 3.1 + allocator.hold) == 2


def test_a_wish_for_less_is_no_fall() -> None:
    allocator = Allocator()
    allocator.allocate(3e6, 0, [video("a")], 0.0)
    allocator.allocate(3e6, 0, [video("a", most=0)], 1.0)
    assert allocator.allocate(3e6, 0, [video("a")], 1.2).granted == {"a": 2}
