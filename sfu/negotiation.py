"""Offer and answer as pure functions: a description and what stands so far in, a description and what now stands out.

Two shapes of connection exist (LiveKit's protocol): *single* (v1), where the client always offers and we send on its
``recvonly`` sections, and *dual* (v0), where the client's offer only publishes and we offer the subscriptions
(`sfu.server_offer`). JSEP: RFC 9429; BUNDLE: RFC 9143; simulcast: RFC 8853; ICE-lite: RFC 8445, 2.5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sfu.codecs_offered import SUPPORTED, choose, codecs_of, fitting
from sfu.negotiated import Codec, LocalTransport, ReceiveSection, RemoteTransport, SendSection
from sfu.placement import Announced, Forwarded, Layout, kind_of, match_published, place_forwarded
from sfu.rtp import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    DEPENDENCY_DESCRIPTOR,
    MID,
    ORIENTATION,
    REPAIRED_RID,
    RID,
    TRANSPORT_CC,
)
from sfu.sdp import Description, Direction, SdpError, Section, write

# The same set is accepted on every section of a kind: Chromium offers later only what was answered before, also on
# sections that were placeholders then.
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "audio": (MID, AUDIO_LEVEL, ABS_SEND_TIME, TRANSPORT_CC),
    "video": (MID, RID, REPAIRED_RID, ABS_SEND_TIME, TRANSPORT_CC, ORIENTATION, DEPENDENCY_DESCRIPTOR),
}
FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
_START_RATE = "x-google-start-bitrate"  # kbit/s; a format parameter of libwebrtc's alone
SCTP_PORT = 5000  # RFC 8841 section 12.1 leaves it to the SDP; everybody takes this
MAX_MESSAGE_SIZE = 65_536  # bytes of one data-channel message
MAX_RIDS = 3


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer and what it settles.

    receive, send: by track sid. ended: sids of tracks whose section the client closed.
    unplaced: forwarded tracks still without a section. unsupported: those whose codec the client does not take.
    data: whether a data channel section stands.
    """

    sdp: str
    layout: Layout
    receive: Mapping[str, ReceiveSection]
    send: Mapping[str, SendSection]
    ended: tuple[str, ...]
    unplaced: tuple[str, ...]
    unsupported: tuple[str, ...]
    mid_to_track_id: Mapping[str, str]
    data: bool


def remote_transport(description: Description) -> RemoteTransport:
    """The client's side of ICE and DTLS, from its first live section. Raises SdpError where it is incomplete."""
    live = [section for section in description.sections if not section.rejected]
    if not live:
        raise SdpError("no live media section")
    if any(section.mid not in description.bundle for section in live):
        raise SdpError("every media section must be in the BUNDLE group")
    first = live[0]
    if not first.ice_ufrag or not first.ice_pwd or first.fingerprint is None:
        raise SdpError("ICE credentials or fingerprint missing")
    role: Literal["server", "client"] = "client" if first.setup == "passive" else "server"
    algorithm, digest = first.fingerprint
    return RemoteTransport(first.ice_ufrag, first.ice_pwd, algorithm, digest, role)


def answer(
    offer: Description,
    layout: Layout,
    local: LocalTransport,
    announced: Sequence[Announced] = (),
    wanted: Sequence[Forwarded] = (),
    *,
    enabled: Mapping[str, Sequence[str]] = SUPPORTED,
    start_rate: int | None = None,
) -> Answered:
    """Answer a client's offer. announced: all its tracks, also those already placed; wanted: all we want to send it.

    start_rate: kbit/s that its sender is to begin from, where that is not its own matter.
    """
    role = remote_transport(offer).dtls_role
    receiving, ended = match_published(offer, layout, announced)
    codecs_offered = {section.mid: codecs_of(section) for section in offer.sections if not section.rejected}
    sending, unsupported, free = place_forwarded(offer, codecs_offered, layout, receiving, wanted)
    tracks = {track.sid: track for track in announced}
    forwarded = {track.sid: track for track in wanted}
    codecs: dict[str, Codec] = {}
    receive: dict[str, ReceiveSection] = {}
    send: dict[str, SendSection] = {}
    sections: list[Section] = []
    for section in offer.sections:
        if section.rejected:
            sections.append(_refused(section))
            continue
        if section.kind == "application":
            sections.append(data_section(section.protocol, section.formats, section.mid))
            continue
        kind = kind_of(section)
        offered = [_repairable(codec) for codec in codecs_offered[section.mid]]
        if (sid := receiving.get(section.mid)) is not None:
            codec = _receive_codec(offered, layout.codecs.get(section.mid), tracks[sid], enabled[kind])
            if codec is None:
                ended.append(sid)
                del receiving[section.mid]
                sections.append(_media_section(section, offered, "inactive"))
                continue
            codecs[section.mid] = codec
            if not tracks[sid].red:
                codec = replace(codec, red_payload_type=None)
            receive[sid] = _receive_section(section, codec)
            sections.append(_receiving(section, codec, tracks[sid], start_rate))
        elif (sid := sending.get(section.mid)) is not None:
            track = forwarded[sid]
            fit = fitting(offered, track.codec)
            assert fit is not None, "placed only where it fits"
            codecs[section.mid] = fit
            if not track.red:
                fit = replace(fit, red_payload_type=None)
            extensions = {uri: number for number, uri in _accepted_extensions(section).items()}
            send[sid] = SendSection(section.mid, kind, fit, extensions)
            sections.append(_sending(section, fit, track))
        elif offered:
            sections.append(_media_section(section, offered, "inactive"))
        else:
            sections.append(_refused(section))
    with_transport(sections, local, "passive" if role == "server" else "active")
    placed = set(sending.values())
    new = Layout(receiving, sending, codecs, free, layout.version + 1)
    return Answered(
        sdp=write(
            Description(
                sections=sections,
                bundle=tuple(section.mid for section in sections if not section.rejected),
                ice_lite=True,
                extmap_allow_mixed=True,
                session_version=new.version,
            )
        ),
        layout=new,
        receive=receive,
        send=send,
        ended=tuple(ended),
        unplaced=tuple(track.sid for track in wanted if track.sid not in placed and track.sid not in unsupported),
        unsupported=tuple(unsupported),
        mid_to_track_id=dict(sending),
        data=any(section.kind == "application" and not section.rejected for section in sections),
    )


def _receive_codec(
    offered: Sequence[Codec], standing: Codec | None, track: Announced, enabled: Sequence[str]
) -> Codec | None:
    for codec in offered:
        if standing is not None and (codec.payload_type, codec.mime_type) == (
            standing.payload_type,
            standing.mime_type,
        ):
            return codec
    wanted = [mime_type for mime_type in track.codecs if mime_type in enabled]
    return choose(offered, [*wanted, *(mime_type for mime_type in enabled if mime_type not in wanted)])


def _repairable(codec: Codec) -> Codec:
    """Sound is asked for again as well: libwebrtc never offers that, and does it where the answer says so."""
    return replace(codec, feedback=codec.feedback | {"nack"}) if codec.mime_type.startswith("audio/") else codec


def _rids(section: Section) -> tuple[str, ...]:
    names = tuple(name for name, direction in section.rids if direction == "send")[:MAX_RIDS]
    return names if len(names) > 1 and section.simulcast else ()


def _receive_section(section: Section, codec: Codec) -> ReceiveSection:
    repairs = section.repair_ssrcs if codec.rtx_payload_type is not None else {}
    return ReceiveSection(
        mid=section.mid,
        kind=kind_of(section),
        codec=codec,
        extensions=_accepted_extensions(section),
        rids=_rids(section),
        ssrcs=tuple(ssrc for ssrc in section.ssrcs if ssrc not in section.repair_ssrcs),
        rtx_ssrcs=dict(repairs),
    )


def _accepted_extensions(section: Section) -> dict[int, str]:
    accepted = EXTENSIONS[section.kind]
    return {number: uri for number, uri in section.extensions.items() if uri in accepted}


def _media_section(section: Section, codecs: Sequence[Codec], direction: Direction) -> Section:
    """Our half of an offered section, with these codecs and their repair formats."""
    formats: list[str] = []
    ours = Section(section.kind, 9, section.protocol, (), mid=section.mid, direction=direction)
    for codec in codecs:
        for payload_type in (codec.payload_type, codec.rtx_payload_type, codec.red_payload_type):
            if payload_type is not None and str(payload_type) not in formats:
                formats.append(str(payload_type))
                ours.rtpmaps[payload_type] = section.rtpmaps[payload_type]
                if payload_type in section.fmtps:
                    ours.fmtps[payload_type] = section.fmtps[payload_type]
        ours.feedback[codec.payload_type] = [kind for kind in FEEDBACK if kind in codec.feedback]
    ours.formats = tuple(formats)
    ours.extensions = _accepted_extensions(section)
    return ours


def _receiving(section: Section, codec: Codec, track: Announced, start_rate: int | None) -> Section:
    ours = _media_section(section, [codec], "recvonly")
    if start_rate is not None and section.kind == "video":
        kept = [item for item in codec.fmtp.split(";") if item and not item.startswith(_START_RATE)]
        ours.fmtps[codec.payload_type] = ";".join([*kept, f"{_START_RATE}={start_rate}"])
    if codec.mime_type == "audio/opus":
        ours.fmtps[codec.payload_type] = _opus_parameters(codec.fmtp, track)
    if codec.red_payload_type is not None:
        # What stands first is what the client sends.
        ours.formats = (str(codec.red_payload_type), str(codec.payload_type))
    if rids := _rids(section):
        ours.rids = [(name, "recv") for name in rids]
        ours.simulcast = "recv " + ";".join(rids)
    return ours


def _opus_parameters(fmtp: str, track: Announced) -> str:
    """What the client's encoder is asked for (RFC 7587, 7): our answer speaks for every receiver."""
    kept = [item for item in fmtp.split(";") if item.split("=")[0].strip() not in {"usedtx", "stereo"}]
    if track.stereo:
        kept += ["stereo=1"]
    elif track.dtx:
        kept += ["usedtx=1"]
    return ";".join(item for item in kept if item)


def _sending(section: Section, codec: Codec, track: Forwarded) -> Section:
    repaired = codec if track.rtx_ssrc is not None else replace(codec, rtx_payload_type=None)
    ours = _media_section(section, [repaired], "sendonly")
    describe_forwarded(ours, track)
    return ours


def describe_forwarded(section: Section, track: Forwarded) -> None:
    """Name the track on the section we send it on; the client reads publisher and track from msid."""
    section.msid = (f"{track.stream}|{track.sid}", track.sid)
    section.cname = track.stream
    section.ssrcs = [track.ssrc]
    if track.rtx_ssrc is not None:
        section.ssrcs.append(track.rtx_ssrc)
        section.repair_ssrcs = {track.rtx_ssrc: track.ssrc}


def data_section(protocol: str, formats: tuple[str, ...], mid: str) -> Section:
    return Section(
        "application",
        9,
        protocol,
        formats,
        mid=mid,
        sctp_port=SCTP_PORT,
        max_message_size=MAX_MESSAGE_SIZE,
    )


def _refused(section: Section) -> Section:
    refused = Section(section.kind, 0, section.protocol, section.formats, mid=section.mid, direction="inactive")
    refused.rtpmaps = dict(section.rtpmaps)
    return refused


def with_transport(sections: Sequence[Section], local: LocalTransport, setup: str) -> None:
    """Our ICE and DTLS lines on every live section; the candidates on the first, which carries the bundle."""
    first = True
    for section in sections:
        if not section.rejected:
            section.ice_ufrag, section.ice_pwd = local.ice_ufrag, local.ice_pwd
            section.fingerprint = (local.fingerprint_algorithm, local.fingerprint)
            section.setup = setup
            if first:
                section.candidates = local.candidates
                first = False
