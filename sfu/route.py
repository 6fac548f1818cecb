"""Where a subscription's packets go, and what they look like there: what `DownTrack.open` settles."""

from collections.abc import Callable
from dataclasses import dataclass

from sfu import rtcp
from sfu.negotiated import SendSection
from sfu.rtp import ABS_SEND_TIME, MID, TRANSPORT_CC, write_elements
from sfu.up_track import SharedIds, shared_ids

Send = Callable[[bytes, int], None]
Repair = Callable[[bytes, int], bool]
SendFeedback = Callable[[rtcp.Packet], None]


def number_id(section: SendSection) -> int:
    """The extension id of transport-wide numbers on a section; 0 where the client gives no feedback on them."""
    identifier = section.extensions.get(TRANSPORT_CC, 0)
    return identifier if identifier < 15 and "transport-cc" in section.codec.feedback else 0


@dataclass(slots=True)
class Route:
    """send takes a packet and where its transport-wide number goes, 0 where none is negotiated; repair the same for
    what is sent again, and says False when there is no room for more.

    sent_payload_type: the codec's own, or that of its redundant form.
    """

    send: Send
    repair: Repair
    send_feedback: SendFeedback
    payload_type: int
    rtx_payload_type: int | None
    red_payload_type: int | None
    sent_payload_type: int
    ids: SharedIds
    has_send_time: bool
    number_id: int
    mid_one_byte: bytes
    mid_two_byte: bytes
    mid: str


def route(section: SendSection, send: Send, send_feedback: SendFeedback, repair: Repair | None = None) -> Route:
    """Of a negotiated section. Without a `repair` of its own, what is sent again goes by `send`."""

    def send_again(packet: bytes, number_at: int) -> bool:
        send(packet, number_at)
        return True

    extensions = dict(section.extensions)
    mid_id = extensions.get(MID, 0)
    mid = section.mid.encode()[:16]
    one_byte = bool(mid_id and mid_id <= 14 and mid)
    return Route(
        send=send,
        repair=repair or send_again,
        send_feedback=send_feedback,
        payload_type=section.codec.payload_type,
        rtx_payload_type=section.codec.rtx_payload_type,
        red_payload_type=section.codec.red_payload_type,
        sent_payload_type=section.codec.red_payload_type or section.codec.payload_type,
        ids=shared_ids(extensions),
        has_send_time=bool(extensions.get(ABS_SEND_TIME)),
        number_id=number_id(section),
        mid_one_byte=write_elements([(mid_id, mid)], two_byte=False) if one_byte else b"",
        mid_two_byte=write_elements([(mid_id, mid)], two_byte=True) if mid_id else b"",
        mid=section.mid,
    )
