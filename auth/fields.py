"""Fields that were written wrong, each named and said in words: forms, JSON bodies and files alike."""

import dataclasses
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auth.errors import Refusal
from auth.identity_number import IdentityNumber, InvalidIdentityNumber, has_twelve_digits


@dataclass(frozen=True, slots=True)
class FieldError:
    """field: the JSON path, "invitations.0.name". swedish and english may hold ``{name}`` places filled by `values`."""

    field: str
    swedish: str
    english: str
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def message(self, language: str) -> str:
        return (self.english if language == "en" else self.swedish).format_map(self.values)


class InvalidFields(Refusal):
    """One or more fields of a request cannot be used; `fields(language)` is the problem document's ``errors``."""

    code = "invalid-fields"
    status = 422
    swedish = "Något behöver rättas."
    english = "Something needs to be corrected."

    def __init__(self, problems: Sequence[FieldError]) -> None:
        super().__init__()
        self.problems = tuple(problems)

    def fields(self, language: str) -> list[dict[str, str]]:
        """[{"field": "invitations.0.name", "message": ...}] in the order found."""
        return [{"field": item.field, "message": item.message(language)} for item in self.problems]


class Faults:
    """Collects what is wrong; `stop` raises InvalidFields if anything is."""

    def __init__(self) -> None:
        self._found: list[FieldError] = []

    def add(self, place: str, swedish: str, english: str, **values: str) -> None:
        self._found.append(FieldError(place, swedish, english, values))

    def stop(self) -> None:
        if self._found:
            raise InvalidFields(self._found)

    def line(self, place: str, text: str, limit: int, *, needed: bool = True, lines: bool = False) -> str:
        """Trimmed text within `limit` characters; no control characters or marks that turn the
        direction of what follows, and line breaks only where `lines`."""
        text = unicodedata.normalize("NFC", text.strip())
        if needed and not any(unicodedata.category(sign)[0] in "LNPS" for sign in text):
            self.add(place, "Fyll i det här.", "Fill this in.")
        elif len(text) > limit:
            self.add(
                place,
                "Texten är för lång. Den får vara högst {limit} tecken.",
                "The text is too long. It may be at most {limit} characters.",
                limit=str(limit),
            )
        elif any(_unusable(sign) and not (lines and sign == "\n") for sign in text):
            self.add(
                place,
                "Texten har tecken som inte går att använda. Skriv den på nytt.",
                "The text has characters that cannot be used. Type it again.",
            )
        return text

    def number(self, place: str, text: str) -> IdentityNumber | None:
        try:
            return IdentityNumber.parse(text.strip(" "))
        except InvalidIdentityNumber:
            if has_twelve_digits(text.strip(" ")):
                self.add(
                    place,
                    "Personnumret stämmer inte: siffrorna går inte ihop. Kontrollera var och en.",
                    "The identity number is not right: its digits do not add up. Check each of them.",
                )
            else:
                self.add(
                    place,
                    "Skriv personnumret med 12 siffror, till exempel ÅÅÅÅMMDDNNNN.",
                    "Write the identity number with 12 digits, such as YYYYMMDDNNNN.",
                )
            return None


def _unusable(sign: str) -> bool:
    """Whether a sign is no text. Embeddings, overrides and isolates would let a name write over the words beside it
    (Unicode Technical Report 36, 2.5)."""
    turning = "\u202a" <= sign <= "\u202e" or "\u2066" <= sign <= "\u2069"
    return turning or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")
