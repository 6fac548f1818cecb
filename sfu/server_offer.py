"""What we offer to a v0 client's subscriber connection, and what its answer settles. Pure, like `sfu.negotiation`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sfu.codecs_offered import codecs_of, fitting, identity
from sfu.negotiated import Codec, Kind, LocalTransport, SendSection
from sfu.negotiation import (
    FEEDBACK,
    data_section,
    describe_forwarded,
    with_transport,
)
from sfu.placement import Forwarded
from sfu.rtp import ABS_SEND_TIME, AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, MID, ORIENTATION, TRANSPORT_CC
from sfu.sdp import MAX_SECTIONS, Description, SdpError, Section, write

_EXTENSIONS: Mapping[str, Mapping[int, str]] = {
    "audio": {1: MID, 2: ABS_SEND_TIME, 3: TRANSPORT_CC, 4: AUDIO_LEVEL},
    "video": {1: MID, 2: ABS_SEND_TIME, 3: TRANSPORT_CC, 5: ORIENTATION, 6: DEPENDENCY_DESCRIPTOR},
}
_ENCODINGS = {
    "audio/opus": "opus/48000/2",
    "video/vp8": "VP8/90000",
    "video/h264": "H264/90000",
    "video/vp9": "VP9/90000",
    "video/av1": "AV1/90000",
}
# Dynamic payload types (RFC 3551, 6) in pairs: the codec's own and its retransmission's.
_PAYLOAD_TYPES = (*range(96, 128, 2), *range(36, 62, 2))


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One section of our offers. sid: the track on it; None for a free one, which is answered inactive."""

    mid: str
    kind: Kind
    codec: Codec
    sid: str | None


@dataclass(frozen=True, slots=True)
class OfferLayout:
    """What stands on the sections we offer. payload_types: by codec identity, one for the whole bundle."""

    sections: tuple[OfferedSection, ...] = ()
    payload_types: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer. unplaced: tracks for which no section or payload type is left."""

    sdp: str
    layout: OfferLayout
    mid_to_track_id: Mapping[str, str]
    unplaced: tuple[str, ...]


def offer(layout: OfferLayout, wanted: Sequence[Forwarded], local: LocalTransport) -> Offered:
    """The next offer: tracks keep their section, freed sections go inactive once before another track takes them."""
    by_sid = {track.sid: track for track in wanted}
    payload_types = dict(layout.payload_types)
    sections = [section if _stays(section, by_sid) else replace(section, sid=None) for section in layout.sections]
    reusable = {section.mid for section in layout.sections if section.sid is None}
    placed = {section.sid for section in sections}
    unplaced = []
    for track in wanted:
        if track.sid in placed:
            continue
        codec = _our_codec(track, payload_types)
        free = next(
            (i for i, s in enumerate(sections) if s.mid in reusable and s.sid is None and s.kind == track.kind), None
        )
        if codec is None or (free is None and len(sections) >= MAX_SECTIONS - 1):
            unplaced.append(track.sid)
        elif free is not None:
            sections[free] = OfferedSection(sections[free].mid, track.kind, codec, track.sid)
        else:
            sections.append(OfferedSection(str(len(sections) + 1), track.kind, codec, track.sid))
    new = OfferLayout(tuple(sections), payload_types, layout.version + 1)
    written = [
        data_section("UDP/DTLS/SCTP", ("webrtc-datachannel",), "0"),
        *(_written(section, by_sid) for section in sections),
    ]
    with_transport(written, local, "actpass")
    description = Description(
        sections=written,
        bundle=tuple(section.mid for section in written),
        ice_lite=True,
        extmap_allow_mixed=True,
        session_version=new.version,
    )
    mids = {section.mid: section.sid for section in sections if section.sid is not None}
    return Offered(write(description), new, mids, tuple(unplaced))


def _stays(section: OfferedSection, by_sid: Mapping[str, Forwarded]) -> bool:
    """Not where its track is gone, or comes in another codec now."""
    track = by_sid.get(section.sid) if section.sid is not None else None
    return track is not None and track.codec.mime_type == section.codec.mime_type


def settle(answer: Description, layout: OfferLayout) -> tuple[Mapping[str, SendSection], tuple[str, ...]]:
    """What the client's answer lets us send, by track sid, and the sids of tracks it refuses.

    Raises SdpError where the answer does not mirror the offer.
    """
    expected = ["0", *(section.mid for section in layout.sections)]
    if [section.mid for section in answer.sections] != expected:
        raise SdpError("the answer's sections are not those of the offer")
    send: dict[str, SendSection] = {}
    refused = []
    for ours, theirs in zip(layout.sections, answer.sections[1:], strict=True):
        if ours.sid is None:
            continue
        fit = None if theirs.rejected else fitting(codecs_of(theirs), ours.codec)
        if fit is None or theirs.kind != ours.kind or theirs.direction not in {"recvonly", "sendrecv"}:
            refused.append(ours.sid)
            continue
        offered = _EXTENSIONS[ours.kind]
        extensions = {uri: number for number, uri in theirs.extensions.items() if offered.get(number) == uri}
        send[ours.sid] = SendSection(ours.mid, ours.kind, fit, extensions)
    return send, tuple(refused)


def _our_codec(track: Forwarded, payload_types: dict[tuple[str, ...], int]) -> Codec | None:
    """The published codec under a payload type of ours: one for all tracks of the same codec identity."""
    published = track.codec
    key = identity(published)
    if key not in payload_types:
        taken = set(payload_types.values())
        free = next((number for number in _PAYLOAD_TYPES if number not in taken), None)
        if free is None or published.mime_type not in _ENCODINGS:
            return None
        payload_types[key] = free
    number = payload_types[key]
    is_video = published.mime_type.startswith("video/")
    return replace(
        published,
        payload_type=number,
        rtx_payload_type=number + 1 if is_video else None,
        red_payload_type=number + 1 if track.red and not is_video else None,
    )


def _written(section: OfferedSection, by_sid: Mapping[str, Forwarded]) -> Section:
    codec = section.codec
    track = by_sid.get(section.sid) if section.sid is not None else None
    written = Section(section.kind, 9, "UDP/TLS/RTP/SAVPF", (str(codec.payload_type),), mid=section.mid)
    written.direction = "inactive" if track is None else "sendonly"
    written.rtpmaps[codec.payload_type] = _ENCODINGS[codec.mime_type]
    if codec.fmtp:
        written.fmtps[codec.payload_type] = codec.fmtp
    wanted = FEEDBACK if section.kind == "video" else ("transport-cc", "nack")
    written.feedback[codec.payload_type] = list(wanted)
    if codec.rtx_payload_type is not None and (track is None or track.rtx_ssrc is not None):
        written.formats += (str(codec.rtx_payload_type),)
        written.rtpmaps[codec.rtx_payload_type] = "rtx/90000"
        written.fmtps[codec.rtx_payload_type] = f"apt={codec.payload_type}"
    if codec.red_payload_type is not None:
        written.formats += (str(codec.red_payload_type),)
        written.rtpmaps[codec.red_payload_type] = "red/48000/2"
        written.fmtps[codec.red_payload_type] = f"{codec.payload_type}/{codec.payload_type}"
    written.extensions = dict(_EXTENSIONS[section.kind])
    if track is not None:
        describe_forwarded(written, track)
    return written
