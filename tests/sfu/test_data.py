"""Data packets: stamped with who sent them, bounded, and refused where they may not pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import (
    ActiveSpeakerUpdate,
    DataPacket,
    EncryptedPacket,
    RpcRequest,
    SpeakerInfo,
    UserPacket,
)

from sfu.access_token import Permission
from sfu.data import LOSSY, RELIABLE, DataRefused, Routed, from_server, route


def send(
    packet: DataPacket | bytes, label: str = RELIABLE, *, permission: Permission | None = None, last: int = 0
) -> Routed:
    payload = packet if isinstance(packet, bytes) else packet.SerializeToString()
    return route(label, payload, identity="anna", sid="PA_a", permission=permission or Permission(), last_sequence=last)


def test_nobody_speaks_in_anothers_name() -> None:
    forged = DataPacket(
        participant_identity="bo",
        participant_sid="PA_b",
        user=UserPacket(payload=b"x", participant_identity="bo", participant_sid="PA_b"),
    )
    passed = DataPacket.FromString(send(forged).payload)
    assert (passed.participant_identity, passed.participant_sid) == ("anna", "PA_a")
    assert (passed.user.participant_identity, passed.user.participant_sid) == ("anna", "PA_a")


def test_destinations_from_both_places() -> None:
    packet = DataPacket(destination_identities=["bo"], user=UserPacket(destination_identities=["cleo"]))
    assert send(packet).identities == {"bo", "cleo"}
    assert send(DataPacket(rpc_request=RpcRequest(id="1")), LOSSY).identities == frozenset()


def test_encrypted_packets_pass_unread() -> None:
    packet = DataPacket(encrypted_packet=EncryptedPacket(encrypted_value=b"\x00secret"))
    assert DataPacket.FromString(send(packet).payload).encrypted_packet.encrypted_value == b"\x00secret"


def test_what_was_delivered_is_not_delivered_again() -> None:
    packet = DataPacket(sequence=7, user=UserPacket(payload=b"x"))
    assert send(packet, last=6).sequence == 7
    with pytest.raises(DataRefused, match="already delivered"):
        send(packet, last=7)
    assert send(packet, LOSSY, last=7)


@pytest.mark.parametrize(
    ("packet", "label", "told"),
    [
        (b"\xff\xff", RELIABLE, "malformed"),
        (b"", RELIABLE, "unknown kind"),
        (DataPacket(speaker=ActiveSpeakerUpdate(speakers=[SpeakerInfo()])), RELIABLE, "unknown kind"),
        (DataPacket(user=UserPacket()), "other", "unknown channel"),
        (DataPacket(user=UserPacket(payload=bytes(70_000))), RELIABLE, "too large"),
        (DataPacket(user=UserPacket(), destination_identities=["x"] * 200), RELIABLE, "too many"),
        (DataPacket(user=UserPacket(), destination_identities=["x" * 300]), RELIABLE, "too many"),
        (DataPacket(user=UserPacket(destination_sids=["PA_b"])), RELIABLE, "by sid"),
    ],
)
def test_refusals(packet: DataPacket | bytes, label: str, told: str) -> None:
    with pytest.raises(DataRefused, match=told):
        send(packet, label)


def test_permission_is_needed() -> None:
    with pytest.raises(DataRefused, match="not permitted"):
        send(DataPacket(user=UserPacket()), permission=Permission(can_publish_data=False))


@given(st.binary(max_size=200))
def test_any_bytes_pass_or_are_refused(payload: bytes) -> None:
    try:
        send(payload)
    except DataRefused:
        return


def test_the_servers_own_packets() -> None:
    routed = from_server(b"x", topic="t", identities=["bo"])
    packet = DataPacket.FromString(routed.payload)
    assert (routed.label, routed.identities, packet.user.topic, packet.participant_identity) == (
        RELIABLE,
        frozenset({"bo"}),
        "t",
        "",
    )
    assert from_server(b"x", topic=None, identities=[], reliable=False).label == LOSSY
    with pytest.raises(DataRefused):
        from_server(bytes(70_000), topic=None, identities=[])
