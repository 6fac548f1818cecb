"""Session descriptions as WebRTC uses them (RFC 8866, RFC 8829): bounded parsing, and writing.

Only what this server acts on is kept; anything else in a description is passed over.
"""

from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass, field
from typing import Literal, get_args

MAX_SIZE = 256 * 1024
MAX_SECTIONS = 128
MAX_LINES = 20_000
MAX_LINE = 4096
MAX_SOURCES = 64  # SSRCs, repair groups, rids of one section: of each
MAX_PARAMETERS = 512  # characters of one fmtp: a publisher's are told to subscribers

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS = frozenset(get_args(Direction))


class SdpError(ValueError):
    """For the client's programmer: which rule the description breaks. Never quotes the description."""


@dataclass(slots=True)
class Section:
    """One media section ("m=").

    rtpmaps: payload type -> ``VP8/90000``. fmtps, feedback: by payload type. extensions: id -> URI (RFC 8285).
    rids: restriction ids with direction ``send`` or ``recv`` (RFC 8851). simulcast: the value of ``a=simulcast``.
    ssrcs: in order of appearance; repair_ssrcs: repair -> primary, of FID groups (RFC 5576).
    bundle_only with port 0 is not a rejected section (RFC 9143).
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    mid: str = ""
    direction: Direction = "sendrecv"
    rtpmaps: dict[int, str] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)
    feedback: dict[int, list[str]] = field(default_factory=dict)
    extensions: dict[int, str] = field(default_factory=dict)
    msid: tuple[str, ...] = ()
    ssrcs: list[int] = field(default_factory=list)
    repair_ssrcs: dict[int, int] = field(default_factory=dict)
    cname: str = ""
    rids: list[tuple[str, str]] = field(default_factory=list)
    simulcast: str = ""
    ice_ufrag: str = ""
    ice_pwd: str = ""
    fingerprint: tuple[str, str] | None = None
    setup: str = ""
    candidates: tuple[str, ...] = ()
    bundle_only: bool = False
    sctp_port: int | None = None
    max_message_size: int | None = None

    @property
    def rejected(self) -> bool:
        return self.port == 0 and not self.bundle_only

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The formats that an rtpmap explains, each once, in the order of preference."""
        known = {str(number): number for number in self.rtpmaps}
        return tuple(known[text] for text in dict.fromkeys(self.formats) if text in known)


@dataclass(slots=True)
class Description:
    """A whole description. bundle: the mids of its BUNDLE group (RFC 9143)."""

    sections: list[Section] = field(default_factory=list)
    bundle: tuple[str, ...] = ()
    ice_lite: bool = False
    extmap_allow_mixed: bool = False
    session_id: int = 1
    session_version: int = 1


def parse(text: str) -> Description:
    """Read a description. Raises SdpError for one that is too large, torn or not for WebRTC."""
    lines = _checked_lines(text)
    description = Description()
    shared = Section("session", 0, "", ())
    section = shared
    for number, line in enumerate(lines, 1):
        if line.startswith("m="):
            section = _media_line(line[2:], number)
            description.sections.append(section)
            if len(description.sections) > MAX_SECTIONS:
                raise SdpError(f"more than {MAX_SECTIONS} media sections")
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            if section is shared:
                _session_attribute(description, name, value)
            if (read := _ATTRIBUTES.get(name)) is not None:
                try:
                    read(section, value)
                except SdpError:
                    raise
                except (ValueError, IndexError):
                    raise SdpError(f"line {number}: malformed {name}") from None
            elif name in DIRECTIONS:
                section.direction = name  # type: ignore[assignment]  # just checked to be one of the four
    _inherit(description, shared)
    return description


def _checked_lines(text: str) -> list[str]:
    if len(text) > MAX_SIZE:
        raise SdpError(f"description larger than {MAX_SIZE} bytes")
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        raise SdpError(f"description of more than {MAX_LINES} lines")
    if not lines[0].startswith("v=0"):
        raise SdpError("description does not begin with v=0")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise SdpError(f"line {number} is longer than {MAX_LINE} characters")
        if not line.isprintable():
            raise SdpError(f"line {number} holds control characters")
    return lines


def _media_line(value: str, number: int) -> Section:
    words = value.split()
    try:
        port = _number(words[1].split("/")[0], 65535)
    except (ValueError, IndexError):
        raise SdpError(f"line {number}: malformed media line") from None
    if len(words) < 4 or words[0] not in {"audio", "video", "application"}:
        raise SdpError(f"line {number}: media line of an unknown kind, or without formats")
    return Section(words[0], port, words[2], tuple(words[3:]))


def _session_attribute(description: Description, name: str, value: str) -> None:
    if name == "group":
        words = value.split()
        if words and words[0] == "BUNDLE":
            description.bundle = tuple(words[1:])
    elif name == "ice-lite":
        description.ice_lite = True
    elif name == "extmap-allow-mixed":
        description.extmap_allow_mixed = True


def _inherit(description: Description, shared: Section) -> None:
    """Session-level ICE and DTLS lines hold for every section without its own (RFC 8839, RFC 8842)."""
    mids: set[str] = set()
    for section in description.sections:
        section.ice_ufrag = section.ice_ufrag or shared.ice_ufrag
        section.ice_pwd = section.ice_pwd or shared.ice_pwd
        section.fingerprint = section.fingerprint or shared.fingerprint
        section.setup = section.setup or shared.setup
        if not section.mid:
            raise SdpError("a media section has no mid")
        if section.mid in mids:
            raise SdpError("two media sections share a mid")
        mids.add(section.mid)


def _number(text: str, limit: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > limit:
        raise ValueError
    return int(text)


def _mid(section: Section, value: str) -> None:
    # 16 bytes fit the one-byte form of its header extension (RFC 8285).
    if not 0 < len(value) <= 16 or not value.isascii() or " " in value:
        raise ValueError
    section.mid = value


def _rtpmap(section: Section, value: str) -> None:
    payload_type, encoding = value.split(" ", 1)
    name, rate, *channels = encoding.strip().split("/")
    if not name or _number(rate, 0xFFFFFFFF) == 0 or any(_number(count, 255) == 0 for count in channels):
        raise ValueError
    section.rtpmaps[_number(payload_type, 127)] = encoding.strip()


def _fmtp(section: Section, value: str) -> None:
    payload_type, parameters = value.split(" ", 1)
    if len(parameters) > MAX_PARAMETERS:
        raise ValueError
    section.fmtps[_number(payload_type, 127)] = parameters


def _rtcp_feedback(section: Section, value: str) -> None:
    payload_type, kind = value.split(" ", 1)
    if payload_type != "*":
        section.feedback.setdefault(_number(payload_type, 127), []).append(kind)


def _extmap(section: Section, value: str) -> None:
    words = value.split()
    number = _number(words[0].split("/")[0], 255)
    if not 1 <= number <= 255:
        raise ValueError
    section.extensions[number] = words[1]


def _bound(sources: Sized) -> None:
    if len(sources) > MAX_SOURCES:
        raise SdpError(f"more than {MAX_SOURCES} SSRCs, groups or rids in one section")


def _ssrc(section: Section, value: str) -> None:
    words = value.split(" ", 1)
    ssrc = _number(words[0], 0xFFFFFFFF)
    if ssrc not in section.ssrcs:
        section.ssrcs.append(ssrc)
        _bound(section.ssrcs)
    if len(words) > 1 and words[1].startswith("cname:"):
        section.cname = words[1][6:]


def _ssrc_group(section: Section, value: str) -> None:
    words = value.split()
    if words[0] == "FID" and len(words) == 3:
        section.repair_ssrcs[_number(words[2], 0xFFFFFFFF)] = _number(words[1], 0xFFFFFFFF)
        _bound(section.repair_ssrcs)


def _rid(section: Section, value: str) -> None:
    name, direction = value.split()[:2]
    if not 0 < len(name) <= 16 or not name.isascii() or direction not in {"send", "recv"}:
        raise ValueError
    section.rids.append((name, direction))
    _bound(section.rids)


def _fingerprint(section: Section, value: str) -> None:
    algorithm, digest = value.split()
    section.fingerprint = (algorithm.lower(), digest)


def _text(name: str, limit: int = 256) -> Callable[[Section, str], None]:
    def read(section: Section, value: str) -> None:
        if not value or len(value) > limit or not value.isascii():
            raise ValueError
        setattr(section, name, value)

    return read


def _msid(section: Section, value: str) -> None:
    section.msid = tuple(value.split(" ")[:2])


def _candidate(section: Section, value: str) -> None:
    if len(section.candidates) < 64:
        section.candidates += (f"candidate:{value}",)


def _bundle_only(section: Section, value: str) -> None:  # noqa: ARG001
    section.bundle_only = True


def _sctp_port(section: Section, value: str) -> None:
    section.sctp_port = _number(value, 65535)


def _max_message_size(section: Section, value: str) -> None:
    section.max_message_size = _number(value, 0xFFFFFFFF)


_ATTRIBUTES: dict[str, Callable[[Section, str], None]] = {
    "mid": _mid,
    "rtpmap": _rtpmap,
    "fmtp": _fmtp,
    "rtcp-fb": _rtcp_feedback,
    "extmap": _extmap,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
    "rid": _rid,
    "simulcast": _text("simulcast"),
    "msid": _msid,
    "ice-ufrag": _text("ice_ufrag"),
    "ice-pwd": _text("ice_pwd"),
    "fingerprint": _fingerprint,
    "setup": _text("setup"),
    "candidate": _candidate,
    "bundle-only": _bundle_only,
    "sctp-port": _sctp_port,
    "max-message-size": _max_message_size,
}


def write(description: Description) -> str:
    """The description as text with CRLF line ends."""
    return "".join(f"{line}\r\n" for line in _lines(description))


def _lines(description: Description) -> Iterator[str]:
    yield "v=0"
    yield f"o=- {description.session_id} {description.session_version} IN IP4 0.0.0.0"
    yield "s=-"
    yield "t=0 0"
    if description.bundle:
        yield "a=group:BUNDLE " + " ".join(description.bundle)
    if description.ice_lite:
        yield "a=ice-lite"
    if description.extmap_allow_mixed:
        yield "a=extmap-allow-mixed"
    yield "a=msid-semantic: WMS *"
    for section in description.sections:
        yield from _section_lines(section)


def _section_lines(section: Section) -> Iterator[str]:
    yield f"m={section.kind} {section.port} {section.protocol} " + " ".join(section.formats)
    yield "c=IN IP4 0.0.0.0"
    yield f"a=mid:{section.mid}"
    if section.bundle_only:
        yield "a=bundle-only"
    if section.ice_ufrag:
        yield f"a=ice-ufrag:{section.ice_ufrag}"
        yield f"a=ice-pwd:{section.ice_pwd}"
    if section.fingerprint:
        yield "a=fingerprint:" + " ".join(section.fingerprint)
    if section.setup:
        yield f"a=setup:{section.setup}"
    for candidate in section.candidates:
        yield f"a={candidate}"
    if section.candidates:
        yield "a=end-of-candidates"
    if section.kind == "application":
        if section.sctp_port is not None:
            yield f"a=sctp-port:{section.sctp_port}"
        if section.max_message_size is not None:
            yield f"a=max-message-size:{section.max_message_size}"
    else:
        yield from _media_lines(section)


def _media_lines(section: Section) -> Iterator[str]:
    yield "a=rtcp:9 IN IP4 0.0.0.0"
    yield "a=rtcp-mux"
    yield "a=rtcp-rsize"
    yield f"a={section.direction}"
    for number, uri in section.extensions.items():
        yield f"a=extmap:{number} {uri}"
    for payload_type in section.payload_types:
        yield f"a=rtpmap:{payload_type} {section.rtpmaps[payload_type]}"
        if payload_type in section.fmtps:
            yield f"a=fmtp:{payload_type} {section.fmtps[payload_type]}"
        for kind in section.feedback.get(payload_type, ()):
            yield f"a=rtcp-fb:{payload_type} {kind}"
    for name, direction in section.rids:
        yield f"a=rid:{name} {direction}"
    if section.simulcast:
        yield f"a=simulcast:{section.simulcast}"
    if section.msid:
        yield "a=msid:" + " ".join(section.msid)
    for repair, primary in section.repair_ssrcs.items():
        yield f"a=ssrc-group:FID {primary} {repair}"
    for ssrc in section.ssrcs:
        yield f"a=ssrc:{ssrc} cname:{section.cname}"
