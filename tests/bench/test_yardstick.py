"""The machine's speed as a figure."""

from bench.yardstick import sending


def test_sending_takes_some_time() -> None:
    assert sending() > 0
