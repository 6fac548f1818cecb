"""Mobile numbers as people write them; everything else is refused without repeating it."""

import pytest

from auth.phone_number import InvalidPhoneNumber, PhoneNumber

# 070-174 06 05 to 99 are set aside for fiction by the Swedish Post and Telecom Authority.


@pytest.mark.parametrize(
    "text", ["070-174 06 05", "0701740605", "+46701740605", "+46 (0)70 174 06 05", "0046701740605"]
)
def test_one_number_has_one_text(text: str) -> None:
    assert PhoneNumber.parse(text).text == "+46701740605"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "070",
        "08-123 456 78",  # a telephone on the wall
        "0900-12345",  # costs whoever is sent to
        "+47 406 12 345",
        "+1 202 555 0100",
        "112",
        "070-174 06 05 ext 3",
        "０７０１７４０６０５",
        "070-174\n06 05 99 99",
        "0" * 50,
        "tel:+46701740605;phone-context=x",
    ],
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as refused:
        PhoneNumber.parse(text)
    assert str(refused.value) == ""


def test_other_countries_where_they_are_allowed() -> None:
    assert PhoneNumber.parse("+47 406 12 345", countries=frozenset({46, 47})).text == "+4740612345"


def test_a_number_is_not_printed() -> None:
    number = PhoneNumber.parse("0701740605")
    assert "0605" not in f"{number} {number!r}"
