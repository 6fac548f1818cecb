"""Which data packets pass, and to whom: pure decisions over LiveKit's DataPacket.

Packets pass on as they came, with the sender's identity stamped by us, so that nobody speaks in another's name. What
is in them (text and byte streams, remote calls, chat, encrypted packets) is the clients' own matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from livekit.protocol.models import DataPacket, UserPacket

from sfu.access_token import MAX_NAME, Permission

RELIABLE = "_reliable"
LOSSY = "_lossy"
MAX_PACKET = 64 * 1024
MAX_DESTINATIONS = 128
# What one participant may send, as `cost` counts it, over all its channels: about a quarter of a processor core.
DATA_PER_SECOND = 2000.0
DATA_BURST = 2000.0
_PIECE = 1200  # bytes that leave in one datagram
_PASSED = frozenset(
    {
        "user",
        "chat_message",
        "transcription",
        "sip_dtmf",
        "rpc_request",
        "rpc_ack",
        "rpc_response",
        "stream_header",
        "stream_chunk",
        "stream_trailer",
        "encrypted_packet",
    }
)


@dataclass(frozen=True, slots=True)
class Routed:
    """A packet to pass on. identities: empty for everybody but the sender. sequence: 0 where the sender gave none.

    sender: its sid, empty for the server itself.
    """

    label: str
    payload: bytes
    identities: frozenset[str]
    sequence: int
    sender: str = ""


def cost(payload: bytes) -> int:
    """What a message costs for each who gets it: as much as the datagrams it fills."""
    return 1 + len(payload) // _PIECE


class DataRefused(Exception):
    """Why a packet goes nowhere, in two or three words: for counting and the log."""


def route(label: str, payload: bytes, *, identity: str, sid: str, permission: Permission, last_sequence: int) -> Routed:
    """Decide on a packet a participant sent. last_sequence: of its last reliable packet, 0 before any.

    Raises DataRefused. A reliable packet at or below last_sequence is one sent again after a resume: already delivered.
    """
    if label not in (RELIABLE, LOSSY):
        raise DataRefused("unknown channel")
    if not permission.can_publish_data:
        raise DataRefused("not permitted")
    if len(payload) > MAX_PACKET:
        raise DataRefused("too large")
    try:
        packet = DataPacket.FromString(payload)
    except DecodeError:
        raise DataRefused("malformed") from None
    kind = packet.WhichOneof("value")
    if kind not in _PASSED:
        raise DataRefused("unknown kind")
    if label == RELIABLE and packet.sequence and packet.sequence <= last_sequence:
        raise DataRefused("already delivered")
    packet.participant_identity, packet.participant_sid = identity, sid
    named = list(packet.destination_identities)
    if kind == "user":
        packet.user.participant_identity, packet.user.participant_sid = identity, sid
        named += packet.user.destination_identities
        if packet.user.destination_sids and not named:
            raise DataRefused("destination by sid")
    if len(named) > MAX_DESTINATIONS or any(len(name) > MAX_NAME for name in named):
        raise DataRefused("too many destinations")
    return Routed(label, packet.SerializeToString(), frozenset(named), packet.sequence, sid)


def from_server(payload: bytes, *, topic: str | None, identities: Sequence[str], reliable: bool = True) -> Routed:
    """A packet the server itself sends. Raises DataRefused where it is too large."""
    if len(payload) > MAX_PACKET - 1024:
        raise DataRefused("too large")
    user = UserPacket(payload=payload, destination_identities=identities)
    if topic is not None:
        user.topic = topic
    kind = DataPacket.RELIABLE if reliable else DataPacket.LOSSY
    packet = DataPacket(kind=kind, user=user, destination_identities=identities)
    return Routed(RELIABLE if reliable else LOSSY, packet.SerializeToString(), frozenset(identities), 0)
