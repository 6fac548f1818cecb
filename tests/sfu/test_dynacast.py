"""What a publisher is asked to send."""

from sfu.dynacast import OFF_AFTER, Dynacast


def test_up_at_once_down_after_a_while() -> None:
    dynacast = Dynacast()
    assert dynacast.update(2, 0.0) is None, "what it does unasked"
    assert dynacast.update(0, 1.0) is None
    assert dynacast.update(0, 1.0 + OFF_AFTER) == 0
    assert dynacast.update(0, 20.0) is None
    assert dynacast.update(1, 20.1) == 1
    assert dynacast.update(None, 21.0) is None
    assert dynacast.update(1, 23.0) is None
    assert dynacast.update(None, 24.0) is None, "it counts from the last time it was wanted"
    assert dynacast.update(None, 24.1 + OFF_AFTER) == -1
    assert dynacast.update(2, 40.0) == 2


def test_the_most_that_was_wanted_meanwhile_stays() -> None:
    dynacast = Dynacast()
    dynacast.update(None, 0.0)
    dynacast.update(1, 3.0)
    assert dynacast.update(None, OFF_AFTER) == 1


def test_what_a_narrow_line_has_no_room_for_goes_at_once_and_comes_back_at_once() -> None:
    dynacast = Dynacast()
    assert dynacast.update(2, 0.0, 2) is None
    assert dynacast.update(2, 1.0, -1) == -1
    assert dynacast.update(2, 1.4, -1) is None
    assert dynacast.update(2, 5.0, 0) == 0
    assert dynacast.update(2, 6.0) == 2
    assert dynacast.update(None, 7.0, 1) == -1, "nobody wants it: no more than that is to be kept"
