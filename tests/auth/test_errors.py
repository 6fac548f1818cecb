"""Refusals: one code each, words in both languages, nothing personal."""

import re

from auth.errors import REFUSALS, Refusal, WrongPerson, refusal


def test_every_refusal_has_its_own_code_status_and_words() -> None:
    assert len({kind.code for kind in REFUSALS}) == len(REFUSALS)
    for kind in REFUSALS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
        assert 400 <= kind.status < 600
        assert kind().text("sv") != kind().text("en")
        assert "!" not in kind.swedish + kind.english
        assert str(kind()) == kind.code


def test_a_stored_code_finds_its_refusal_again() -> None:
    assert isinstance(refusal("wrong-person"), WrongPerson)
    assert type(refusal("gone")) is Refusal
    assert WrongPerson(retry_after=3).retry_after == 3
