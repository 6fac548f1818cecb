"""Every refusal has its own code, both languages, and no loose ends in its text."""

import re
from itertools import chain

import pytest

from auth.fields import FieldError, InvalidFields
from rooms import errors
from rooms.errors import MeetingError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, MeetingError) and kind is not MeetingError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_texts_are_whole_in_both_languages(kind: type[MeetingError]) -> None:
    places = re.findall(r"\{(\w+)\}", kind.swedish)
    assert sorted(places) == sorted(re.findall(r"\{(\w+)\}", kind.english))
    error = kind(**dict.fromkeys(places, "x"))
    texts = [error.text(language) for language in ("sv", "en", "de")]
    assert texts[0] == texts[2] != texts[1]
    for text in texts:
        assert text.endswith((".", "x"))
        assert "!" not in text
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert 200 <= kind.status < 600


def test_codes_are_told_apart() -> None:
    codes = list(chain(kind.code for kind in KINDS))
    assert len(codes) == len(set(codes))


def test_wrong_fields_are_listed_in_order_with_their_words() -> None:
    problems = [
        FieldError("a", "Högst {limit}.", "At most {limit}.", {"limit": "5"}),
        FieldError("b", "Fyll i.", "Fill in."),
    ]
    assert InvalidFields(problems).fields("en") == [
        {"field": "a", "message": "At most 5."},
        {"field": "b", "message": "Fill in."},
    ]
    assert InvalidFields(problems).fields("sv")[0]["message"] == "Högst 5."
