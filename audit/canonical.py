"""Canonical JSON: one value, one byte string, so that anyone can recompute a hash.

The rules are RFC 8785's (JSON Canonicalization Scheme) without fractions: keys in order of their UTF-16 code units,
no white space,
UTF-8. Numbers are whole and within +-(2**53 - 1), since other programs read larger ones inexactly.
"""

import json
from collections.abc import Mapping, Sequence

ACCEPTED = "text, whole numbers, true, false, null, lists and objects"
LARGEST_WHOLE_NUMBER = 2**53 - 1

Scalar = str | int | bool | None
Value = Scalar | Sequence["Value"] | Mapping[str, "Value"]


class NotCanonical(ValueError):
    """The value has no canonical form here (a fraction, a lone surrogate, a key that is not text). Carries no
    values.
    """


def encode(value: Value) -> bytes:
    """The one byte string of `value`. Raises NotCanonical."""
    try:
        return json.dumps(_ordered(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise NotCanonical("text with half a surrogate pair") from None


def decode(data: bytes) -> Value:
    """Read bytes written by `encode`, and only such: any other spelling of the same value is refused with
    NotCanonical.
    """
    try:
        value: Value = json.loads(data)
    except (ValueError, RecursionError):
        raise NotCanonical("not JSON") from None
    if encode(value) != data:
        raise NotCanonical("JSON, but not in its canonical form")
    return value


def _ordered(value: Value) -> Value:
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > LARGEST_WHOLE_NUMBER:
                raise NotCanonical("a number too large to be exact everywhere")
            return value
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise NotCanonical("a key that is not text")
            return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [_ordered(item) for item in value]
    raise NotCanonical(f"{type(value).__name__} is none of {ACCEPTED}")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
