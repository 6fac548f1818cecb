"""What is told of a participant, and the limits of its description."""

import pytest
from livekit.protocol.models import CAMERA, ParticipantInfo, ParticipantPermission

from sfu.access_token import Permission
from sfu.participant import TooLarge, permission_from, permission_message
from sfu.publication import announce
from tests.sfu.fakes import live, microphone, person


def test_only_live_tracks_are_told() -> None:
    anna, _, _ = person("anna")
    anna.publications = {
        "TR_1": live(microphone(), "TR_1"),
        "TR_2": announce(microphone(), "TR_2", Permission()),
    }
    info = anna.info()
    assert [track.sid for track in info.tracks] == ["TR_1"]
    assert info.is_publisher
    assert (info.identity, info.name, info.state) == ("anna", "Anna", ParticipantInfo.JOINED)
    assert not anna.left


def test_description_changes_and_an_empty_attribute_goes() -> None:
    anna, _, _ = person("anna")
    anna.describe(name=None, metadata="m", attributes={"a": "1", "b": "2"})
    anna.describe(name="Anna Ek", metadata=None, attributes={"a": ""})
    assert (anna.name, anna.metadata, anna.attributes) == ("Anna Ek", "m", {"b": "2"})


@pytest.mark.parametrize(
    ("name", "metadata", "attributes"),
    [
        ("x" * 10_000, None, {}),
        (None, "x" * 100_000, {}),
        (None, None, {"a": "x" * 100_000}),
        (None, None, {str(i): "x" for i in range(65)}),
    ],
)
def test_too_large_changes_nothing(name: str | None, metadata: str | None, attributes: dict[str, str]) -> None:
    anna, _, _ = person("anna")
    before = anna.info()
    with pytest.raises(TooLarge):
        anna.describe(name=name, metadata=metadata, attributes=attributes)
    assert anna.info() == before


def test_permissions_there_and_back() -> None:
    permission = Permission(can_publish=True, can_publish_data=False, sources=frozenset({"camera"}))
    message = permission_message(permission)
    assert list(message.can_publish_sources) == [CAMERA]
    assert permission_from(message) == permission
    assert permission_message(Permission(sources=frozenset({"none"}))) == permission_message(Permission())
    assert permission_from(ParticipantPermission()) == Permission(False, False, False)
