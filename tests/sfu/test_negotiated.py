"""The values of a finished negotiation: compared to see whether anything has changed."""

from dataclasses import FrozenInstanceError, replace

import pytest

from sfu.negotiated import Codec, LocalTransport, ReceiveSection, RemoteTransport, SendSection

VP8 = Codec("video/vp8", 96, 90000, rtx_payload_type=97, feedback=frozenset({"nack"}))


def test_equal_values_are_equal_and_none_can_be_changed() -> None:
    section = ReceiveSection("0", "video", VP8, {4: "urn:x"}, ("q", "h"))
    assert section == replace(section)
    assert section != replace(section, rids=())
    sent = SendSection("0", "video", VP8, {"urn:x": 4})
    assert sent != replace(sent, codec=replace(VP8, payload_type=98))
    with pytest.raises(FrozenInstanceError):
        section.mid = "1"  # type: ignore[misc]  # that is the point


def test_we_are_passive_unless_told() -> None:
    assert RemoteTransport("u", "p", "sha-256", "AA").dtls_role == "server"
    assert LocalTransport("u", "p", "sha-256", "AA", ()).candidates == ()
