"""Swedish identity numbers: personnummer, samordningsnummer and national reservid, parsed strictly and never shown.

Twelve ASCII characters, with the century. Birth date and sex are not facts to be read off a number: nothing here
tells them.
Sources: SKV 704 and SKV 707 (personnummer, samordningsnummer); Inera, "Nationellt ReservID, specifikation 1.0".
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

# People write 19121212-1212; the hyphen may stand only there. `re.ASCII` and `fullmatch`: neither full-width digits nor
# a newline pass.
_DIGITS = re.compile(r"([0-9]{8})-?([0-9]{4})", re.ASCII)
# Two letters, then a digit or a letter for the sex, then the check digit. I, O, Q, V and W are not used.
_RESERVID = re.compile(r"([0-9]{8})-?([A-HJ-NPR-UX-Z]{2}[0-9A-HJ-NPR-UX-Z][0-9])", re.ASCII)
_CENTURIES = ("18", "19", "20")


class InvalidIdentityNumber(ValueError):
    """The text is no identity number. The message never repeats the text."""

    def __init__(self) -> None:
        super().__init__("not a Swedish identity number of 12 characters")


class NumberKind(StrEnum):
    """Which register issued the number."""

    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    RESERVID = "reservid"


_OIDS = {
    NumberKind.PERSONNUMMER: "1.2.752.129.2.1.3.1",
    NumberKind.SAMORDNINGSNUMMER: "1.2.752.129.2.1.3.3",
    NumberKind.RESERVID: "1.2.752.74.9.1",
}


@dataclass(frozen=True, slots=True, repr=False)
class IdentityNumber:
    """A checked identity number. `repr`, `str` and formatting are masked; `reveal()` alone tells the characters."""

    kind: NumberKind
    _text: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, today: date | None = None) -> "IdentityNumber":
        """Read 12 characters (a ``-`` before the last four is let through). Raises InvalidIdentityNumber.

        today: the day nobody can be born after; the machine's own day unless told.
        """
        if (written := _DIGITS.fullmatch(text)) is not None:
            digits = written[1] + written[2]
            kind = _kind(digits, today or date.today())  # noqa: DTZ011  (a birth date is a local calendar day)
            if kind is not None and _check_digit_holds(digits[2:]):
                return cls(kind, digits)
        elif (written := _RESERVID.fullmatch(text)) is not None:
            reservid = written[1] + written[2]
            if _reservid_date(reservid) and _check_digit_holds(reservid):
                return cls(NumberKind.RESERVID, reservid)
        raise InvalidIdentityNumber

    @property
    def oid(self) -> str:
        """The object identifier that tells the kinds apart in Swedish health care."""
        return _OIDS[self.kind]

    def reveal(self) -> str:
        """The 12 characters, for ciphering, look-up and the provider; never for a log, a URL or a page."""
        return self._text

    def __repr__(self) -> str:
        return f"IdentityNumber({self.kind}, ********)"

    def __str__(self) -> str:
        return "********"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def has_twelve_digits(text: str) -> bool:
    """Whether it is written as such a number is, so that one that is none has a wrong digit in it."""
    return _DIGITS.fullmatch(text) is not None


def _kind(digits: str, today: date) -> NumberKind | None:
    if digits[:2] not in _CENTURIES:
        return None
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    if day < 60:
        return NumberKind.PERSONNUMMER if _born(year, month, day, today) else None
    # Where the month or day is not known, a samordningsnummer has month 00 or day 60 (SKV 707).
    return NumberKind.SAMORDNINGSNUMMER if _born(year, month or 1, day - 60 or 1, today) else None


def _born(year: int, month: int, day: int, today: date) -> bool:
    try:
        return date(year, month, day) <= today
    except ValueError:
        return False


def _reservid_date(reservid: str) -> bool:
    """Sections 2.1.1-2.1.2: the century plus a multiple of three and a date, or 00 and a number that is no date."""
    series, year, month, day = (int(reservid[at : at + 2]) for at in (0, 2, 4, 6))
    if series == 0:
        return month >= 20 and 40 <= day <= 59
    if series < 22 or series > 98 or series % 3 == 0:
        return False
    # Series 22, 25 ... stand for the 1900s, 23, 26 ... for the 2000s.
    return _born((1900 if series % 3 == 1 else 2000) + year, month, day, date.max)


def _check_digit_holds(text: str) -> bool:
    """Luhn (mod 10), every second sign doubled from the first; a letter counts as its ASCII code."""
    values = (int(sign) if sign.isdigit() else ord(sign) for sign in text)
    total = sum(sum(map(int, str(value * (2 - place % 2)))) for place, value in enumerate(values))
    return total % 10 == 0
