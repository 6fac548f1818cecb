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
