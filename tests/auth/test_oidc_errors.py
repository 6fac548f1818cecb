"""Every failure has words for the person; none is taken for success."""

import pytest

from auth.errors import REFUSALS, ProviderNotTrusted
from auth.oidc_errors import Failure, OidcError


@pytest.mark.parametrize("failure", Failure)
def test_each_is_told(failure: Failure) -> None:
    error = OidcError(failure)
    assert type(error.told) in REFUSALS
    assert str(error) == failure.value


def test_what_could_be_an_attack_is_told_as_one() -> None:
    suspicious = {Failure.NONCE, Failure.SIGNATURE, Failure.ISSUER, Failure.AUDIENCE, Failure.ALGORITHM, Failure.CODE}
    assert all(isinstance(OidcError(failure).told, ProviderNotTrusted) for failure in suspicious)
