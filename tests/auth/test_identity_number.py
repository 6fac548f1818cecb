"""Identity numbers: what is let through, what is refused, and that none is ever shown."""

import logging
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.identity_number import IdentityNumber, InvalidIdentityNumber, NumberKind

TODAY = date(2026, 11, 24)

# Skatteverket's open test numbers; reservid examples from published test suites.
GOOD = [
    ("189001019802", NumberKind.PERSONNUMMER),
    ("199602292386", NumberKind.PERSONNUMMER),
    ("19960229-2386", NumberKind.PERSONNUMMER),
    ("200701072399", NumberKind.PERSONNUMMER),
    ("191401682396", NumberKind.SAMORDNINGSNUMMER),
    ("191500722390", NumberKind.SAMORDNINGSNUMMER),
    ("192001602396", NumberKind.SAMORDNINGSNUMMER),
    ("22950606FH20", NumberKind.RESERVID),
    ("25780404-KHD5", NumberKind.RESERVID),
    ("00342145BZ31", NumberKind.RESERVID),
    ("00749852BZK0", NumberKind.RESERVID),
]


@pytest.mark.parametrize(("text", "kind"), GOOD)
def test_good_numbers_are_read_with_their_kind(text: str, kind: NumberKind) -> None:
    number = IdentityNumber.parse(text, today=TODAY)
    assert number.kind is kind
    assert number.reveal() == text.replace("-", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "189001019803",  # check digit
        "189001019802\n",
        " 189001019802",
        "189001019802 ",
        "１８９００１０１９８０２",  # full-width digits
        "١٨٩٠٠١٠١٩٨٠٢",  # Arabic-Indic digits
        "9001019802",  # no century
        "178001019802",
        "990101012382",
        "009602292386",
        "199602302384",  # no such day
        "199702292385",  # no leap year
        "199613012380",
        "199600012385",  # month 00 is for samordningsnummer alone
        "199602592381",  # day between 31 and 60
        "199602922389",
        "1996-02292386",
        "19960229+2386",
        "19960229--2386",
        "22950606FH21",
        "21950606FH20",
        "24950606FH20",
        "22950606fh20",
        "22950606IH20",
        "22951306FH20",
        "00010145BZ31",
    ],
)
def test_everything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidIdentityNumber) as refused:
        IdentityNumber.parse(text, today=TODAY)
    assert not text or text not in str(refused.value)


def test_nobody_is_born_tomorrow() -> None:
    assert IdentityNumber.parse("200701072399", today=date(2007, 1, 7)).kind is NumberKind.PERSONNUMMER
    with pytest.raises(InvalidIdentityNumber):
        IdentityNumber.parse("200701072399", today=date(2007, 1, 6))


def test_the_kinds_have_their_object_identifiers() -> None:
    assert IdentityNumber.parse("189001019802").oid == "1.2.752.129.2.1.3.1"
    assert IdentityNumber.parse("191401682396").oid == "1.2.752.129.2.1.3.3"
    assert IdentityNumber.parse("22950606FH20").oid == "1.2.752.74.9.1"


def test_no_way_of_writing_it_out_shows_the_number(caplog: pytest.LogCaptureFixture) -> None:
    number = IdentityNumber.parse("189001019802")
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", number, [number])
    for text in (
        str(number),
        repr(number),
        f"{number}",
        f"{number:>20}",
        f"{number!r}",
        repr({"n": number}),
        caplog.text,
    ):
        assert "9802" not in text
        assert "1890" not in text


def test_numbers_are_values() -> None:
    assert IdentityNumber.parse("18900101-9802") == IdentityNumber.parse("189001019802")
    assert len({IdentityNumber.parse("189001019802"), IdentityNumber.parse("189001019802")}) == 1


@given(st.text(max_size=20))
def test_any_text_is_either_a_number_or_refused(text: str) -> None:
    try:
        number = IdentityNumber.parse(text, today=TODAY)
    except InvalidIdentityNumber:
        return
    assert len(number.reveal()) == 12


@given(st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_or_is_another_date(place: int, step: int) -> None:
    digits = "199602292386"
    changed = digits[:place] + str((int(digits[place]) + step) % 10) + digits[place + 1 :]
    if place >= 2:
        with pytest.raises(InvalidIdentityNumber):
            IdentityNumber.parse(changed, today=TODAY)
