"""Why an OpenID provider's answer identified nobody: a word for the log, and what the person is told."""

from enum import StrEnum

from auth.errors import (
    AssuranceTooLow,
    ClocksDiffer,
    IdentificationExpired,
    IdentificationGivenUp,
    PersonNotTold,
    ProviderNotTrusted,
    ProviderUnavailable,
    Refusal,
)


class Failure(StrEnum):
    """The detail ``reason`` of the log; the stored text of each is fixed for ever."""

    # The provider is down or answers something else than OpenID Connect.
    UNREACHABLE = "provider_unreachable"
    UNREADABLE = "provider_unreadable"
    METADATA = "provider_metadata"
    PROVIDER = "provider_error"
    # It and we disagree about the client: a matter for the operator.
    CLIENT = "client_refused"
    # The person.
    GIVEN_UP = "cancelled"
    TOO_LATE = "expired"
    # The answer is not one to our question, or not theirs.
    CODE = "code_refused"
    ISSUER = "wrong_issuer"
    AUDIENCE = "wrong_audience"
    NONCE = "wrong_nonce"
    ALGORITHM = "wrong_algorithm"
    KEY = "unknown_key"
    SIGNATURE = "wrong_signature"
    TOKEN = "token_unreadable"  # noqa: S105 - a word of the log
    CLOCK = "clocks_differ"
    STALE = "login_too_old"
    LEVEL = "level_too_low"
    PERSON = "person_not_told"


_TOLD: dict[Failure, type[Refusal]] = {
    Failure.UNREACHABLE: ProviderUnavailable,
    Failure.UNREADABLE: ProviderUnavailable,
    Failure.METADATA: ProviderUnavailable,
    Failure.PROVIDER: ProviderUnavailable,
    Failure.CLIENT: ProviderUnavailable,
    Failure.GIVEN_UP: IdentificationGivenUp,
    Failure.TOO_LATE: IdentificationExpired,
    Failure.CLOCK: ClocksDiffer,
    Failure.LEVEL: AssuranceTooLow,
    Failure.PERSON: PersonNotTold,
}

NOT_TRUSTED = frozenset(Failure) - frozenset(_TOLD)
"""Answers that were not to our question, or not the provider's."""
PASSING = frozenset({Failure.UNREACHABLE, Failure.GIVEN_UP, Failure.TOO_LATE})
"""What happens on an ordinary day; everything else is worth an operator's look."""


class OidcError(Exception):
    """An answer that identifies nobody. The text is the failure's word and nothing of what was received."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure

    @property
    def told(self) -> Refusal:
        """What the person is told."""
        return _TOLD.get(self.failure, ProviderNotTrusted)()
