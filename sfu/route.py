"""Where a subscription's packets go, and what they look like there: what `DownTrack.open` settles."""

from collections.abc import Callable
from dataclasses import dataclass

from sfu import rtcp
from sfu.arrived import Form, Shape
from sfu.arrived import shape as shape_of
from sfu.codecs import Vp8Rewriter
from sfu.negotiated import SendSection
from sfu.rtp import MID, TRANSPORT_CC, write_elements

Send = Callable[[bytes, int], None]
Repair = Callable[[bytes, int], bool]
SendRun = Callable[[Form, float, "Numbers"], bool]
Again = Callable[[int], bool]
SendFeedback = Callable[[rtcp.Packet], None]


def number_id(section: SendSection) -> int:
    """The extension id of transport-wide numbers on a section; 0 where the client gives no feedback on them."""
    identifier = section.extensions.get(TRANSPORT_CC, 0)
    return identifier if identifier < 15 and "transport-cc" in section.codec.feedback else 0


@dataclass(slots=True)
class Numbers:
    """What a run's packets become for one subscriber. sequence, timestamp: added to theirs. vp8: None where VP8's own
    numbers stay.
    """

    payload_type: int
    ssrc: int
    sequence: int
    timestamp: int
    vp8: Vp8Rewriter | None


@dataclass(slots=True)
class Route:
    """send takes a packet and where its transport-wide number goes, 0 where none is negotiated; repair the same for
    what is sent again, and says False when there is no room for more. send_run takes a whole run made ready, and the
    time, or says False and takes nothing: it must then go packet by packet. again sends a number once more, bit for
    bit, where there is no repair stream: under one number a cipher must never see two packets (RFC 7714, 8.4). It says
    False where that is no longer kept.

    sent_payload_type: the codec's own, or that of its redundant form.
    """

    send: Send
    repair: Repair
    send_run: SendRun | None
    again: Again | None
    send_feedback: SendFeedback
    payload_type: int
    rtx_payload_type: int | None
    red_payload_type: int | None
    sent_payload_type: int
    number_id: int
    mid: str
    mid_elements: tuple[bytes, bytes]
    extensions: dict[str, int]

    def shape(self, *, is_known: bool, distance: int) -> Shape:
        """How packets look. The mid is in them until the subscriber has told of the stream (RFC 8843, 15).

        distance: packets of sound repeated in each, where redundancy is negotiated.
        """
        mid = (b"", b"") if is_known else self.mid_elements
        red = None if self.red_payload_type is None else (self.payload_type, distance)
        return shape_of(self.extensions, self.number_id, mid, red)


def route(
    section: SendSection,
    send: Send,
    send_feedback: SendFeedback,
    repair: Repair | None = None,
    send_run: SendRun | None = None,
    *,
    again: Again | None = None,
) -> Route:
    """Of a negotiated section. Without a `repair` of its own, repairs go by `send`."""

    def send_again(packet: bytes, number_at: int) -> bool:
        send(packet, number_at)
        return True

    extensions = dict(section.extensions)
    mid_id = extensions.get(MID, 0)
    mid = section.mid.encode()[:16]
    one_byte = write_elements([(mid_id, mid)], two_byte=False) if mid_id and mid_id <= 14 and mid else b""
    two_byte = write_elements([(mid_id, mid)], two_byte=True) if mid_id else b""
    return Route(
        send=send,
        repair=repair or send_again,
        send_run=send_run,
        again=again,
        send_feedback=send_feedback,
        payload_type=section.codec.payload_type,
        rtx_payload_type=section.codec.rtx_payload_type,
        red_payload_type=section.codec.red_payload_type,
        sent_payload_type=section.codec.red_payload_type or section.codec.payload_type,
        number_id=number_id(section),
        mid=section.mid,
        mid_elements=(one_byte, two_byte),
        extensions=extensions,
    )
