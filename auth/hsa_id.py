"""HSA-id: what the Swedish health and social care directory (Katalogtjänst HSA) calls a member of staff or a unit.

``SE``, the ten digits of the organisation that issued it, a hyphen, then letters A-Z and digits; 31 characters at most
(Inera, "HSA-id"). The organisation's number has a check digit. Case does not count.
"""

import re
from dataclasses import dataclass

LONGEST = 31
# `re.ASCII` and `fullmatch`: neither full-width digits nor a newline pass.
_WRITTEN = re.compile(r"SE([0-9]{10})-([A-Z0-9]+)", re.ASCII | re.IGNORECASE)
_ORGANISATION = re.compile(r"([0-9]{6})-?([0-9]{4})", re.ASCII)


class InvalidHsaId(ValueError):
    """The text is no HSA-id. The message never repeats the text."""

    def __init__(self) -> None:
        super().__init__("not an HSA-id: SE, the organisation's ten digits, a hyphen, then letters A-Z and digits")


class InvalidOrganisationNumber(ValueError):
    """The text is no organisation number."""

    def __init__(self) -> None:
        super().__init__("not an organisation number: ten digits, a hyphen before the last four let through")


@dataclass(frozen=True, slots=True)
class HsaId:
    """A checked HSA-id, in capitals."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "HsaId":
        """Raises InvalidHsaId."""
        written = _WRITTEN.fullmatch(text)
        if written is None or len(text) > LONGEST or not _check_digit_holds(written[1]):
            raise InvalidHsaId
        return cls(text.upper())

    @property
    def issuer(self) -> str:
        """The organisation number it was issued under, as `organisation_number` writes one."""
        return f"{self.text[2:8]}-{self.text[8:12]}"

    def __str__(self) -> str:
        return self.text


def organisation_number(text: str) -> str:
    """``NNNNNN-NNNC`` (SKV 709), whose third digit is at least 2, unlike a personnummer's.

    Raises InvalidOrganisationNumber.
    """
    written = _ORGANISATION.fullmatch(text)
    if written is None or written[1][2] < "2" or not _check_digit_holds(written[1] + written[2]):
        raise InvalidOrganisationNumber
    return f"{written[1]}-{written[2]}"


def _check_digit_holds(digits: str) -> bool:
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
