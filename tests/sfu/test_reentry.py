"""What outlasts a stay: removal, and changes made from outside."""

from datetime import timedelta

from sfu.access_token import Permission
from sfu.reentry import Reentry
from tests.sfu.fakes import NOW, person

SECOND = timedelta(seconds=1)


def test_revoked_tokens() -> None:
    reentry = Reentry()
    reentry.revoke("anna", NOW)
    assert reentry.revoked("anna", NOW)
    assert not reentry.revoked("anna", NOW + SECOND)
    assert not reentry.revoked("bo", NOW)
    for number in range(1000):
        reentry.revoke(str(number), NOW)
    assert not reentry.revoked("anna", NOW), "the oldest made room"


def test_an_older_token_does_not_bring_back_what_was_changed() -> None:
    reentry = Reentry()
    anna, _, _ = person("anna")
    anna.describe(name="Hemma hos Anna", metadata=None, attributes={"home": "1"})
    anna.permission = Permission(can_publish=False)
    reentry.remember(anna, NOW)
    again, _, _ = person("anna")
    reentry.recall(again, NOW + SECOND)
    assert again.name == "Anna", "a newer token says itself what holds"
    reentry.recall(again, NOW)
    assert (again.name, again.attributes, again.permission.can_publish) == ("Hemma hos Anna", {"home": "1"}, False)
