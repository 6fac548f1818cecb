"""Telephone numbers that can be sent a code."""

import re
from dataclasses import dataclass, field
from typing import Self

import phonenumbers
from phonenumbers import PhoneNumberType

COUNTRY = "SE"
_WRITTEN = re.compile(r"[0-9 +()./-]{5,40}", re.ASCII)
_TAKES_SMS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


class InvalidPhoneNumber(ValueError):
    """Not a mobile number of a country that is allowed. Its text holds no input."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """text: E.164, "+46701740605"."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, countries: frozenset[int] = frozenset({46})) -> Self:
        """As people write it: "070-174 06 05", "+46 70 174 06 05". countries: calling codes, only these.

        Numbers abroad cost more and are what swindlers have codes sent to, for their share of the fee.
        Raises InvalidPhoneNumber.
        """
        if _WRITTEN.fullmatch(text) is None:
            raise InvalidPhoneNumber
        try:
            number = phonenumbers.parse(text, COUNTRY)
        except phonenumbers.NumberParseException:
            raise InvalidPhoneNumber from None
        fits = number.country_code in countries and not number.extension
        if not fits or phonenumbers.number_type(number) not in _TAKES_SMS:
            raise InvalidPhoneNumber
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def __str__(self) -> str:
        return "+********"
