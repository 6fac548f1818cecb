"""RTCP packets, read and written: reports (RFC 3550), feedback (RFC 4585, RFC 5104), REMB and transport-wide feedback.

REMB: draft-alvestrand-rmcat-remb-03. Transport-wide: draft-holmer-rmcat-transport-wide-cc-extensions-01.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct

from sfu.rtp import MalformedPacket

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION = 200, 201, 202
TRANSPORT_LAYER, PAYLOAD_SPECIFIC = 205, 206
MOST_PACKETS = 64  # in one compound: no honest sender comes near
MOST_STATUSES = 4096  # packets told of in one transport-wide feedback
FEEDBACK_COST = 16  # what reading one costs besides, in packets told of
MOST_LOST = 1000  # numbers asked for in one NACK, as many as libwebrtc asks for at most

_HEAD = Struct("!BBH")
_SSRC = Struct("!I")
_TWO_SSRCS = Struct("!II")
_SENDER = Struct("!IQIII")
_BLOCK = Struct("!IIIIII")
_PAIR = Struct("!HH")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one receiver tells of one stream.

    fraction_lost: of 256; lost: packets in all, signed 24 bit; highest: extended sequence number; jitter: clock units;
    last_report: middle 32 bits of the sender report's NTP time; delay: since then, in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """ntp: 64-bit NTP time; timestamp: the same instant on the stream's RTP clock."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Nack:
    """lost: sequence numbers, each once, in the order asked for."""

    sender_ssrc: int
    media_ssrc: int
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLossIndication:
    sender_ssrc: int
    media_ssrc: int


@dataclass(frozen=True, slots=True)
class FullIntraRequest:
    """entries: (SSRC, request number)."""

    sender_ssrc: int
    entries: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ReceiverEstimate:
    """REMB. bitrate in bit/s."""

    sender_ssrc: int
    bitrate: int
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """reference_time: in 64 ms, 24 bit; deltas: from base_sequence on, ticks of 250 us, None for what has not come."""

    sender_ssrc: int
    media_ssrc: int
    base_sequence: int
    reference_time: int
    feedback_count: int
    deltas: tuple[int | None, ...]


Packet = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Nack
    | PictureLossIndication
    | FullIntraRequest
    | ReceiverEstimate
    | TransportFeedback
)


def parse(data: bytes, statuses: float = MOST_STATUSES) -> list[Packet]:
    """Read a compound packet; kinds we have no use for are passed over. Raises MalformedPacket.

    statuses: of how many packets its transport-wide feedback may tell together; feedback beyond that is passed over.
    """
    packets: list[Packet] = []
    position = 0
    for _ in range(MOST_PACKETS):
        if position == len(data):
            return packets
        if len(data) - position < 4:
            raise MalformedPacket("cut in a header")
        first, kind, words = _HEAD.unpack_from(data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise MalformedPacket("wrong version or length")
        body = data[position + 4 : end]
        if first & 0x20:
            if not body or body[-1] == 0 or body[-1] > len(body):
                raise MalformedPacket("wrong padding")
            body = body[: -body[-1]]
        if kind == TRANSPORT_LAYER and first & 31 == 15:
            statuses -= FEEDBACK_COST + _statuses(body)
            if statuses < 0:
                position = end
                continue
        packets.extend(_parse_one(kind, first & 31, body))
        position = end
    raise MalformedPacket("too many packets")


def _parse_one(kind: int, count: int, body: bytes) -> Iterable[Packet]:
    if kind == SENDER_REPORT:
        _demand(body, 24 + 24 * count)
        ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
        return (SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(body, 24, count)),)
    if kind == RECEIVER_REPORT:
        _demand(body, 4 + 24 * count)
        return (ReceiverReport(_SSRC.unpack_from(body)[0], _blocks(body, 4, count)),)
    if kind == SOURCE_DESCRIPTION:
        return _descriptions(body, count)
    if kind in (TRANSPORT_LAYER, PAYLOAD_SPECIFIC):
        _demand(body, 8)
        return _feedback(kind, count, body)
    return ()


def _feedback(kind: int, form: int, body: bytes) -> Iterable[Packet]:
    sender, media = _TWO_SSRCS.unpack_from(body)
    if kind == TRANSPORT_LAYER and form == 1:
        return (Nack(sender, media, _lost(body)),)
    if kind == TRANSPORT_LAYER and form == 15:
        return (_transport_feedback(sender, media, body),)
    if kind == PAYLOAD_SPECIFIC and form == 1:
        return (PictureLossIndication(sender, media),)
    if kind == PAYLOAD_SPECIFIC and form == 4:
        entries = [(_SSRC.unpack_from(body, at)[0], body[at + 4]) for at in range(8, len(body) - 7, 8)]
        return (FullIntraRequest(sender, tuple(entries)),)
    if kind == PAYLOAD_SPECIFIC and form == 15 and body[8:12] == b"REMB":
        _demand(body, 16 + 4 * (body[12] if len(body) > 12 else 0))
        exponent, mantissa = body[13] >> 2, (body[13] & 3) << 16 | body[14] << 8 | body[15]
        return (ReceiverEstimate(sender, mantissa << exponent, _ssrcs(body, 16, body[12])),)
    return ()


def _demand(body: bytes, length: int) -> None:
    if len(body) < length:
        raise MalformedPacket("shorter than it says")


def _ssrcs(body: bytes, start: int, count: int) -> tuple[int, ...]:
    return tuple(_SSRC.unpack_from(body, start + 4 * index)[0] for index in range(count))


def _blocks(body: bytes, start: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(count):
        ssrc, loss, highest, jitter, last_report, delay = _BLOCK.unpack_from(body, start + 24 * index)
        lost = loss & 0xFFFFFF
        blocks.append(
            ReportBlock(ssrc, loss >> 24, lost - (lost >> 23 << 24), highest, jitter, last_report, delay),
        )
    return tuple(blocks)


def _descriptions(body: bytes, count: int) -> list[SourceDescription]:
    found = []
    position = 0
    for _ in range(count):
        _demand(body, position + 5)
        ssrc = _SSRC.unpack_from(body, position)[0]
        position += 4
        cname = ""
        while position < len(body) and body[position] != 0:
            _demand(body, position + 2)
            stop = position + 2 + body[position + 1]
            _demand(body, stop)
            if body[position] == 1:
                cname = body[position + 2 : stop].decode("utf-8", "replace")
            position = stop
        position = position // 4 * 4 + 4  # one to four zero bytes end a chunk (RFC 3550 section 6.5)
        found.append(SourceDescription(ssrc, cname))
    return found


def _lost(body: bytes) -> tuple[int, ...]:
    lost: dict[int, None] = {}
    for at in range(8, len(body) - 3, 4):
        if len(lost) >= MOST_LOST:
            break
        first, mask = _PAIR.unpack_from(body, at)
        lost[first] = None
        for bit in range(16):
            if mask >> bit & 1:
                lost[(first + bit + 1) & 0xFFFF] = None
    return tuple(lost)


def _statuses(body: bytes) -> int:
    _demand(body, 16)
    count = body[10] << 8 | body[11]
    if count > MOST_STATUSES:
        raise MalformedPacket("feedback on too many packets")
    return count


def _transport_feedback(sender: int, media: int, body: bytes) -> TransportFeedback:
    base, count = _PAIR.unpack_from(body, 8)
    symbols: list[int] = []
    position = 16
    while len(symbols) < count:
        _demand(body, position + 2)
        chunk = body[position] << 8 | body[position + 1]
        position += 2
        if chunk < 0x8000:
            symbols += [chunk >> 13] * min(chunk & 0x1FFF, count - len(symbols))
            if chunk & 0x1FFF == 0:
                raise MalformedPacket("empty run")
        elif chunk < 0xC000:
            symbols += [chunk >> bit & 1 for bit in range(13, -1, -1)]
        else:
            symbols += [chunk >> bit & 3 for bit in range(12, -1, -2)]
    deltas: list[int | None] = []
    for symbol in symbols[:count]:
        if symbol == 1:
            _demand(body, position + 1)
            deltas.append(body[position])
            position += 1
        elif symbol == 2:
            _demand(body, position + 2)
            deltas.append(int.from_bytes(body[position : position + 2], "big", signed=True))
            position += 2
        else:
            deltas.append(None)
    reference = int.from_bytes(body[12:15], "big")
    return TransportFeedback(sender, media, base, reference, body[15], tuple(deltas))


def build(*packets: Packet) -> bytes:
    """The packets one after the other, as one compound."""
    return b"".join([_build_one(packet) for packet in packets])


def _build_one(packet: Packet) -> bytes:  # noqa: PLR0911  one return per kind of packet reads best
    match packet:
        case SenderReport():
            fixed = _SENDER.pack(packet.ssrc, packet.ntp, packet.timestamp, packet.packets, packet.octets)
            return _packet(SENDER_REPORT, len(packet.blocks), fixed + _pack_blocks(packet.blocks))
        case ReceiverReport():
            return _packet(RECEIVER_REPORT, len(packet.blocks), _SSRC.pack(packet.ssrc) + _pack_blocks(packet.blocks))
        case SourceDescription():
            name = packet.cname.encode()[:255]
            chunk = _SSRC.pack(packet.ssrc) + bytes((1, len(name))) + name
            return _packet(SOURCE_DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))
        case Nack():
            head = _TWO_SSRCS.pack(packet.sender_ssrc, packet.media_ssrc)
            return _packet(TRANSPORT_LAYER, 1, head + _pack_lost(packet.lost))
        case TransportFeedback():
            return _pack_transport_feedback(packet)
        case PictureLossIndication():
            return _packet(PAYLOAD_SPECIFIC, 1, _TWO_SSRCS.pack(packet.sender_ssrc, packet.media_ssrc))
        case FullIntraRequest():
            entries = b"".join([_SSRC.pack(ssrc) + bytes((number, 0, 0, 0)) for ssrc, number in packet.entries])
            return _packet(PAYLOAD_SPECIFIC, 4, _TWO_SSRCS.pack(packet.sender_ssrc, 0) + entries)
        case ReceiverEstimate():
            exponent = max(0, packet.bitrate.bit_length() - 18)
            value = exponent << 18 | packet.bitrate >> exponent
            body = _TWO_SSRCS.pack(packet.sender_ssrc, 0) + b"REMB" + bytes((len(packet.ssrcs),))
            body += value.to_bytes(3, "big") + b"".join([_SSRC.pack(ssrc) for ssrc in packet.ssrcs])
            return _packet(PAYLOAD_SPECIFIC, 15, body)


def _packet(kind: int, count: int, body: bytes, padded: bool = False) -> bytes:
    return _HEAD.pack(0x80 | (0x20 if padded else 0) | count, kind, len(body) // 4) + body


def _pack_blocks(blocks: Sequence[ReportBlock]) -> bytes:
    return b"".join(
        [
            _BLOCK.pack(
                block.ssrc,
                block.fraction_lost << 24 | max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF,
                block.highest,
                block.jitter,
                block.last_report,
                block.delay,
            )
            for block in blocks
        ]
    )


def _pack_lost(lost: Sequence[int]) -> bytes:
    pairs: list[list[int]] = []
    for number in lost:
        if pairs and 0 < (ahead := (number - pairs[-1][0]) & 0xFFFF) <= 16:
            pairs[-1][1] |= 1 << ahead - 1
        else:
            pairs.append([number, 0])
    return b"".join([_PAIR.pack(first, mask) for first, mask in pairs])


def _pack_transport_feedback(packet: TransportFeedback) -> bytes:
    symbols = [0 if delta is None else 1 if 0 <= delta <= 255 else 2 for delta in packet.deltas]
    body = bytearray(_TWO_SSRCS.pack(packet.sender_ssrc, packet.media_ssrc))
    body += _PAIR.pack(packet.base_sequence, len(symbols))
    body += packet.reference_time.to_bytes(3, "big") + bytes((packet.feedback_count,))
    position = 0
    while position < len(symbols):
        symbol = symbols[position]
        run = 1
        while run < 0x1FFF and position + run < len(symbols) and symbols[position + run] == symbol:
            run += 1
        if run >= 7:
            body += (symbol << 13 | run).to_bytes(2, "big")
            position += run
            continue
        chunk = 0xC000  # two-bit vector of seven
        for index, value in enumerate(symbols[position : position + 7]):
            chunk |= value << 12 - 2 * index
        body += chunk.to_bytes(2, "big")
        position += 7
    for delta, symbol in zip(packet.deltas, symbols, strict=True):
        if delta is not None:
            body += delta.to_bytes(1, "big") if symbol == 1 else delta.to_bytes(2, "big", signed=True)
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    return _packet(TRANSPORT_LAYER, 15, bytes(body), padded=padding > 0)
