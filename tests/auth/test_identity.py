"""What a provider returns shows no number."""

from datetime import UTC, datetime

from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber


def test_an_identity_written_out_shows_no_number() -> None:
    number = IdentityNumber.parse("199508172385")
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    identity = Identity(number, "Karin", "Edlund", "Karin Edlund", Method.BANKID, AssuranceLevel.HIGH_3, moment)
    assert "199508" not in repr(identity)
    assert AssuranceLevel.SUBSTANTIAL < AssuranceLevel.HIGH_3
