"""Order and summary of the forwarding measurements; the load itself is tried in test_load."""

from dataclasses import fields

from bench.forward import Plan, Window, rows


def window(rooms: int, microseconds: float) -> Window:
    values = {field.name: 0.0 for field in fields(Window)} | {"microseconds": microseconds}
    return Window(**{**values, "rooms": rooms})  # type: ignore[arg-type]  # rooms is the only whole number


def test_rounds_begin_with_another_count_each() -> None:
    assert Plan(rooms=(1, 2, 4), repeats=4).rounds() == [[1, 2, 4], [2, 4, 1], [4, 1, 2], [1, 2, 4]]


def test_rows_tell_median_spread_and_growth() -> None:
    few, many = rows([window(8, 15.0), window(1, 10.0), window(1, 12.0), window(1, 11.0), window(8, 18.0)])
    assert (few.rooms, few.microseconds.median, few.growth) == (1, 11.0, 1.0)
    assert (few.microseconds.low, few.microseconds.high) == (10.0, 12.0)
    assert (many.rooms, many.growth) == (8, 1.5)
    assert [w.microseconds for w in many.windows] == [15.0, 18.0]
