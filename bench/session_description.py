"""The load generator's half of LiveKit's single connection: its offers, and what it reads of the server's answers.

Written by hand and apart from `sfu.sdp`, so that a misreading there cannot hide here. SDP: RFC 8866; JSEP: RFC 9429.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.packets import ExtensionIds, Kind

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
ABSOLUTE_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_WIDE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

OPUS, VP8, VP8_REPAIR = 111, 96, 97

_CODECS = {
    "audio": (
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=rtcp-fb:{OPUS} transport-cc",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        f"a=extmap:1 {AUDIO_LEVEL}",
    ),
    "video": (
        f"a=rtpmap:{VP8} VP8/90000",
        f"a=rtcp-fb:{VP8} goog-remb",
        f"a=rtcp-fb:{VP8} transport-cc",
        f"a=rtcp-fb:{VP8} ccm fir",
        f"a=rtcp-fb:{VP8} nack",
        f"a=rtcp-fb:{VP8} nack pli",
        f"a=rtpmap:{VP8_REPAIR} rtx/90000",
        f"a=fmtp:{VP8_REPAIR} apt={VP8}",
    ),
}
_UNDERSTOOD = (MID, ABSOLUTE_SEND_TIME, TRANSPORT_WIDE, AUDIO_LEVEL)
_FORMATS = {"audio": f"{OPUS}", "video": f"{VP8} {VP8_REPAIR}"}
_EXTENSIONS = (f"a=extmap:2 {ABSOLUTE_SEND_TIME}", f"a=extmap:3 {TRANSPORT_WIDE}", f"a=extmap:4 {MID}")


class BadAnswer(Exception):
    """For the operator: the server's answer lacks what a client needs."""


@dataclass(frozen=True, slots=True)
class LocalTransport:
    ufrag: str
    password: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """A section we send on (with the SSRC and the cid its track was announced by) or receive on (without)."""

    kind: Kind
    mid: str
    ssrc: int | None = None
    cid: str = ""


@dataclass(slots=True)
class AnsweredSection:
    """What the server said of one section. stream, track: the two words of its msid."""

    kind: str
    port: int
    payload_types: tuple[int, ...]
    mid: str = ""
    direction: Literal["sendrecv", "sendonly", "recvonly", "inactive"] = "sendrecv"
    ssrcs: list[int] = field(default_factory=list)
    repairs: set[int] = field(default_factory=set)
    stream: str = ""
    track: str = ""
    extensions: dict[str, int] = field(default_factory=dict)

    @property
    def extension_ids(self) -> ExtensionIds:
        return ExtensionIds(
            mid=self.extensions.get(MID),
            absolute_send_time=self.extensions.get(ABSOLUTE_SEND_TIME),
            transport_wide=self.extensions.get(TRANSPORT_WIDE),
            audio_level=self.extensions.get(AUDIO_LEVEL),
        )

    @property
    def media_ssrcs(self) -> list[int]:
        return [ssrc for ssrc in self.ssrcs if ssrc not in self.repairs]


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's transport and sections.

    address: its first IPv4 UDP host candidate, None where those come apart from it (trickled). passive: it is the DTLS
    server.
    """

    ufrag: str
    password: str
    fingerprint_algorithm: str
    fingerprint: str
    passive: bool
    address: tuple[str, int] | None
    sections: dict[str, AnsweredSection]


def offer(sections: Sequence[OfferedSection], local: LocalTransport, version: int) -> str:
    """A whole offer: everything in one bundle, trickle promised but not used."""
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(section.mid for section in sections),
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
    ]
    for section in sections:
        lines += _section(section, local)
    return "".join(f"{line}\r\n" for line in lines)


def answer(offered: Answer, local: LocalTransport) -> str:
    """To a server's offer of things to receive: all of them, by the numbers it gave."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + " ".join(offered.sections)]
    for section in offered.sections.values():
        is_audio = section.kind == "audio"
        kinds = [number for number in section.payload_types if number in ((OPUS,) if is_audio else (VP8, VP8_REPAIR))]
        ids = {uri: number for uri, number in section.extensions.items() if uri in _UNDERSTOOD}
        lines += [
            f"m={section.kind} 9 UDP/TLS/RTP/SAVPF " + " ".join(map(str, kinds)),
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{local.ufrag}",
            f"a=ice-pwd:{local.password}",
            f"a=fingerprint:sha-256 {local.fingerprint}",
            "a=setup:active",
            f"a=mid:{section.mid}",
            *(f"a=extmap:{number} {uri}" for uri, number in ids.items()),
            "a=recvonly",
            "a=rtcp-mux",
            *(line for line in _CODECS[section.kind] if not line.startswith("a=extmap")),
        ]
    return "".join(f"{line}\r\n" for line in lines)


def _section(section: OfferedSection, local: LocalTransport) -> list[str]:
    lines = [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {_FORMATS[section.kind]}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:actpass",
        f"a=mid:{section.mid}",
        *_EXTENSIONS,
        "a=sendonly" if section.ssrc is not None else "a=recvonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *_CODECS[section.kind],
    ]
    if section.ssrc is not None:
        lines += [
            f"a=msid:- {section.cid}",
            f"a=ssrc:{section.ssrc} cname:bench",
            f"a=ssrc:{section.ssrc} msid:- {section.cid}",
        ]
    return lines


def read_answer(text: str) -> Answer:
    """Raises BadAnswer where transport lines are missing; lines it does not need are passed over."""
    sections: list[AnsweredSection] = []
    transport: dict[str, str] = {}
    candidates: list[str] = []
    for line in text.splitlines():
        if line.startswith("m="):
            kind, port, _, *formats = line[2:].split()
            sections.append(AnsweredSection(kind, int(port), tuple(int(f) for f in formats if f.isdigit())))
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            if name in {"ice-ufrag", "ice-pwd", "fingerprint", "setup"}:
                transport.setdefault(name, value)
            elif name == "candidate":
                candidates.append(value)
            elif sections:
                _attribute(sections[-1], name, value)
    missing = {"ice-ufrag", "ice-pwd", "fingerprint", "setup"} - transport.keys()
    if missing:
        raise BadAnswer("answer without " + ", ".join(sorted(missing)))
    algorithm, fingerprint = transport["fingerprint"].split()
    return Answer(
        ufrag=transport["ice-ufrag"],
        password=transport["ice-pwd"],
        fingerprint_algorithm=algorithm,
        fingerprint=fingerprint,
        passive=transport["setup"] != "active",  # an offer leaves it to us
        address=next((found for line in candidates if (found := host_address(line))), None),
        sections={section.mid: section for section in sections},
    )


def _attribute(section: AnsweredSection, name: str, value: str) -> None:
    match name:
        case "mid":
            section.mid = value
        case "sendrecv" | "sendonly" | "recvonly" | "inactive":
            section.direction = name
        case "msid":
            section.stream, _, section.track = value.partition(" ")
        case "ssrc":
            ssrc = int(value.split(maxsplit=1)[0])
            if ssrc not in section.ssrcs:
                section.ssrcs.append(ssrc)
        case "ssrc-group":
            semantics, *members = value.split()
            if semantics == "FID":
                section.repairs.update(int(member) for member in members[1:])
        case "extmap":
            number, uri = value.split()[:2]
            section.extensions[uri] = int(number.split("/")[0])


def host_address(candidate: str) -> tuple[str, int] | None:
    """Of an IPv4 UDP host candidate, else None.

    RFC 8839, 5.1: foundation component transport priority address port "typ" type.
    """
    words = candidate.split()
    if len(words) >= 8 and words[2].lower() == "udp" and words[7] == "host" and ":" not in words[4]:
        return words[4], int(words[5])
    return None
