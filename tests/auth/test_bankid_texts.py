"""Which of BankID's recommended messages is shown when (the table of the integration guide)."""

import pytest

from auth import bankid_texts
from auth.bankid_texts import Text, message

TABLE: list[tuple[str, str, bool, Text]] = [
    ("pending", "outstandingTransaction", False, bankid_texts.RFA1),
    ("pending", "outstandingTransaction", True, bankid_texts.RFA13),
    ("pending", "noClient", False, bankid_texts.RFA1),
    ("pending", "noClient", True, bankid_texts.RFA1),
    ("pending", "started", False, bankid_texts.RFA15),
    ("pending", "userSign", False, bankid_texts.RFA9),
    ("pending", "userMrtd", False, bankid_texts.RFA23),
    ("pending", "processing", False, bankid_texts.RFA21),
    ("pending", "userCallConfirm", False, bankid_texts.RFA21),
    ("pending", "somethingNew", False, bankid_texts.RFA21),
    ("pending", "", False, bankid_texts.RFA21),
    ("failed", "cancelled", False, bankid_texts.RFA3),
    ("failed", "alreadyInProgress", False, bankid_texts.RFA4),
    ("failed", "requestTimeout", False, bankid_texts.RFA5),
    ("failed", "internalError", False, bankid_texts.RFA5),
    ("failed", "maintenance", False, bankid_texts.RFA5),
    ("failed", "userCancel", False, bankid_texts.RFA6),
    ("failed", "expiredTransaction", False, bankid_texts.RFA8),
    ("failed", "certificateErr", False, bankid_texts.RFA16),
    ("failed", "startFailed", True, bankid_texts.RFA17A),
    ("failed", "startFailed", False, bankid_texts.RFA17B),
    ("failed", "userDeclinedCall", False, bankid_texts.RFA22),
    ("failed", "notSupportedByUserApp", False, bankid_texts.RFA22),
    ("failed", "transactionRiskBlocked", False, bankid_texts.RFA22),
    ("failed", "somethingNew", False, bankid_texts.RFA22),
    ("pending", bankid_texts.RETURNING, True, bankid_texts.COME_BACK),
    ("complete", "", False, bankid_texts.DONE),
]


@pytest.mark.parametrize(("status", "hint", "same_device", "text"), TABLE)
def test_the_table(status: str, hint: str, same_device: bool, text: Text) -> None:
    assert message(status, hint, language="sv", same_device=same_device) == text.swedish
    assert message(status, hint, language="en", same_device=same_device) == text.english


def test_every_message_is_in_both_languages() -> None:
    texts = [value for value in vars(bankid_texts).values() if isinstance(value, Text)]
    assert len(texts) == 17
    for text in texts:
        assert text.swedish
        assert text.english
        assert text.swedish != text.english
