"""Wrong fields keep their order and say what to do, in both languages."""

import pytest

from auth.fields import Faults, FieldError, InvalidFields


def test_words_are_filled_in() -> None:
    fault = FieldError("a", "Högst {limit}.", "At most {limit}.", {"limit": "5"})
    assert (fault.message("sv"), fault.message("en")) == ("Högst 5.", "At most 5.")


def test_collected_in_order_and_raised_once() -> None:
    faults = Faults()
    faults.stop()
    assert faults.line("name", "  Anna  ", 10) == "Anna"
    faults.line("title", "", 10)
    faults.line("unit", "x" * 11, 10)
    faults.line("place", "a\u202eb", 10)
    assert faults.number("number", "12") is None
    with pytest.raises(InvalidFields) as invalid:
        faults.stop()
    assert [fault["field"] for fault in invalid.value.fields("en")] == ["title", "unit", "place", "number"]


@pytest.mark.parametrize(
    ("written", "told"),
    [("199510112396", "går inte ihop"), ("19951011-2396", "går inte ihop"), ("9510112395", "12 siffror")],
)
def test_a_number_with_a_wrong_digit_is_told_so(written: str, told: str) -> None:
    faults = Faults()
    assert faults.number("number", written) is None
    with pytest.raises(InvalidFields) as invalid:
        faults.stop()
    assert told in invalid.value.fields("sv")[0]["message"]
