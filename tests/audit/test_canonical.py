"""Canonical JSON: RFC 8785's own ordering example, and one spelling for every value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import LARGEST_WHOLE_NUMBER, NotCanonical, Value, decode, encode

scalars = st.none() | st.booleans() | st.integers(-LARGEST_WHOLE_NUMBER, LARGEST_WHOLE_NUMBER) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(values)
def test_what_is_encoded_is_read_back(value: Value) -> None:
    assert decode(encode(value)) == value


def test_keys_are_ordered_by_utf16() -> None:
    # RFC 8785 section 3.2.3: the emoji's surrogates come before U+FB33.
    unordered = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    ordered = decode(encode(unordered))
    assert isinstance(ordered, dict)
    assert list(ordered) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_swedish_is_written_as_it_is() -> None:
    assert encode({"name": "Åsa", "admitted": True, "seat": None, "count": 2}) == (
        '{"admitted":true,"count":2,"name":"Åsa","seat":null}'.encode()
    )


@pytest.mark.parametrize("value", [1.5, 2**53, "\ud800", {1: "x"}, b"bytes", {"nested": {"deep": object()}}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        encode(value)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"b":1,"a":2}', b'{"a": 1}', b'"\\u00e5"', b"1.0", b"\xff", b"[" * 100_000]
)
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        decode(data)
