"""What signalling and the packet plane agree on: the values a finished SDP negotiation leaves behind.

`sfu.negotiation` makes them from offers and answers (RFC 8829, RFC 9429), `sfu.peer` obeys them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["audio", "video"]


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type of a media section.

    mime_type: lower case: ``audio/opus``, ``video/vp8``, ``video/h264``, ``video/vp9``, ``video/av1``.
    fmtp: format parameters as written in SDP, empty when there are none.
    rtx_payload_type: RFC 4588 retransmission payload type bound to this one, if negotiated.
    red_payload_type: the same for redundant audio (RFC 2198).
    """

    mime_type: str
    payload_type: int
    clock_rate: int
    channels: int = 0
    fmtp: str = ""
    rtx_payload_type: int | None = None
    feedback: frozenset[str] = field(default=frozenset())
    red_payload_type: int | None = None


@dataclass(frozen=True, slots=True)
class ReceiveSection:
    """A media section on which the client sends to us.

    extensions: header extension id -> URI (RFC 8285), for the whole bundle they are the same.
    rids: restriction ids in the client's order (RFC 8851), empty without simulcast.
    ssrcs: primary SSRCs announced by ``a=ssrc`` (repair SSRCs of an FID group left out).
    """

    mid: str
    kind: Kind
    codec: Codec
    extensions: Mapping[int, str]
    rids: tuple[str, ...] = ()
    ssrcs: tuple[int, ...] = ()
    rtx_ssrcs: Mapping[int, int] = field(default_factory=dict)  # repair SSRC -> primary SSRC (FID)


@dataclass(frozen=True, slots=True)
class SendSection:
    """A media section on which we send one forwarded track. extensions: URI -> header extension id."""

    mid: str
    kind: Kind
    codec: Codec
    extensions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RemoteTransport:
    """The client's ICE and DTLS parameters. dtls_role is ours: we are passive in answers to actpass."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint_algorithm: str
    fingerprint: str
    dtls_role: Literal["server", "client"] = "server"


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our ICE and DTLS parameters. candidates: SDP values without ``a=``: ``candidate:1 1 udp ...``."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint_algorithm: str
    fingerprint: str
    candidates: tuple[str, ...]
