"""A look at an SCTP packet before the stack gets it: what would make it loop or break is refused here (RFC 9260).

The packets come inside DTLS, so from somebody who was let in; that one must still not stop the server for the others.
"""

from struct import Struct

MOST_CHUNKS = 64
MOST_GAP = 16384  # sequence numbers told of in one SACK: more than our send window ever holds

_CHUNK = Struct("!BBH")
_PAIR = Struct("!HH")
_DATA, _INIT, _INIT_ACK, _SACK, _HEARTBEAT, _HEARTBEAT_ACK, _ABORT, _SHUTDOWN, _ERROR = 0, 1, 2, 3, 4, 5, 6, 7, 9
_RECONFIGURE, _FORWARD_TSN = 130, 192
_PARAMETERS_AT = {_INIT: 16, _INIT_ACK: 16, _HEARTBEAT: 0, _HEARTBEAT_ACK: 0, _ABORT: 0, _ERROR: 0, _RECONFIGURE: 0}
_LEAST_BODY = {_DATA: 13, _INIT: 16, _INIT_ACK: 16, _SACK: 12, _SHUTDOWN: 4, _FORWARD_TSN: 4}


def is_sound(packet: bytes) -> bool:
    """Whether every length and count in the packet holds. The checksum is the stack's business."""
    if len(packet) < 16:
        return False
    position = 12
    kinds: list[int] = []
    while position + 4 <= len(packet):
        kind, _flags, length = _CHUNK.unpack_from(packet, position)
        if length < 4 or position + length > len(packet) or len(kinds) == MOST_CHUNKS:
            return False
        kinds.append(kind)
        if not _is_sound_chunk(kind, packet[position + 4 : position + length]):
            return False
        position += (length + 3) // 4 * 4
    # INIT comes alone (RFC 9260 section 3.3.2).
    return _INIT not in kinds or len(kinds) == 1


def _is_sound_chunk(kind: int, body: bytes) -> bool:
    if len(body) < _LEAST_BODY.get(kind, 0):
        return False
    if kind in _PARAMETERS_AT:
        return _are_sound_parameters(body, _PARAMETERS_AT[kind])
    if kind == _SACK:
        return _is_sound_sack(body)
    return kind != _FORWARD_TSN or len(body) % 4 == 0


def _are_sound_parameters(body: bytes, position: int) -> bool:
    while position + 4 <= len(body):
        length = _PAIR.unpack_from(body, position)[1]
        if length < 4 or position + length > len(body):
            return False
        position += (length + 3) // 4 * 4
    return True


def _is_sound_sack(body: bytes) -> bool:
    gaps, duplicates = _PAIR.unpack_from(body, 8)
    if len(body) < 12 + 4 * (gaps + duplicates):
        return False
    told = 0
    for index in range(gaps):
        first, last = _PAIR.unpack_from(body, 12 + 4 * index)
        if last < first:
            return False
        told += last - first + 1
    return told <= MOST_GAP
