"""Order and summary of the forwarding measurements; the load itself is tried in test_load."""

from dataclasses import fields

from bench.forward import Plan, Window, summarise


def window(rooms: int, microseconds: float) -> Window:
    values = {field.name: 0.0 for field in fields(Window)} | {"microseconds": microseconds}
    return Window(**{**values, "rooms": rooms})  # type: ignore[arg-type]  # rooms is the only whole number


def test_rounds_begin_with_another_count_each() -> None:
    assert Plan(rooms=(1, 2, 4), repeats=4).rounds() == [[1, 2, 4], [2, 4, 1], [4, 1, 2], [1, 2, 4]]


def test_rows_tell_median_spread_and_growth() -> None:
    windows = {8: [window(8, 15.0), window(8, 18.0)], 1: [window(1, 10.0), window(1, 12.0), window(1, 11.0)]}
    few, many = summarise(windows, {1: [], 8: []})
    assert few.microseconds is not None
    assert (few.rooms, few.microseconds.median, few.growth) == (1, 11.0, 1.0)
    assert (few.microseconds.low, few.microseconds.high) == (10.0, 12.0)
    assert (many.rooms, many.growth) == (8, 1.5)
    assert [w.microseconds for w in many.windows] == [15.0, 18.0]


def test_no_figure_where_any_window_was_refused() -> None:
    one, two, four = summarise(
        {1: [], 2: [window(2, 10.0)], 4: [window(4, 12.0)]}, {1: ["why"], 2: [], 4: ["90.0% arrived"]}
    )
    assert (one.microseconds, one.growth, one.refused) == (None, None, ["why"])
    assert two.growth == 1.0
    assert (four.microseconds, four.growth) == (None, None)
