"""Which codecs a media section names, and which of them fits a track (RFC 2198, 4588, 6184, 7587, 9628)."""

from collections.abc import Sequence

from sfu.negotiated import Codec
from sfu.sdp import Section

SUPPORTED = {
    "audio": ("audio/opus",),
    "video": ("video/vp8", "video/h264", "video/vp9", "video/av1"),
}
# Format parameters that must agree between the publisher's and the subscriber's payload type.
_IDENTITY = {
    "video/h264": ("packetization-mode", "profile"),
    "video/vp9": ("profile-id",),
    "video/av1": ("profile",),
}
_DEFAULTS = {"packetization-mode": "0", "profile-id": "0", "profile": "0", "profile-level-id": "42e01f"}


def parameters(fmtp: str) -> dict[str, str]:
    """``a=1;b=2`` as a mapping with names in lower case."""
    pairs = (item.partition("=") for item in fmtp.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs if name.strip()}


def codecs_of(section: Section) -> list[Codec]:
    """The supported codecs of a section in its order, each with its payload types of repair and redundancy."""
    repairs: dict[int, int] = {}
    for payload_type in section.payload_types:
        if section.rtpmaps[payload_type].lower().startswith("rtx/"):
            associated = parameters(section.fmtps.get(payload_type, "")).get("apt", "")
            if associated.isascii() and associated.isdigit():
                repairs.setdefault(int(associated), payload_type)
    redundancy = _redundancy(section)
    found = []
    for payload_type in section.payload_types:
        name, rate, *channels = section.rtpmaps[payload_type].split("/")
        mime_type = f"{section.kind}/{name.lower()}"
        if mime_type in SUPPORTED.get(section.kind, ()):
            found.append(
                Codec(
                    mime_type=mime_type,
                    payload_type=payload_type,
                    clock_rate=int(rate),
                    channels=int(channels[0]) if channels else 0,
                    fmtp=section.fmtps.get(payload_type, ""),
                    rtx_payload_type=repairs.get(payload_type),
                    feedback=frozenset(section.feedback.get(payload_type, ())),
                    red_payload_type=redundancy.get(payload_type),
                )
            )
    return found


def _redundancy(section: Section) -> dict[int, int]:
    """Payload type -> that of its redundant form, where all blocks are of the one codec: ``111/111``."""
    found: dict[int, int] = {}
    for payload_type in section.payload_types:
        if section.kind == "audio" and section.rtpmaps[payload_type].lower().startswith("red/"):
            blocks = set(section.fmtps.get(payload_type, "").split("/"))
            associated = blocks.pop()
            if not blocks and associated.isascii() and associated.isdigit():
                found.setdefault(int(associated), payload_type)
    return found


def choose(offered: Sequence[Codec], wanted: Sequence[str]) -> Codec | None:
    """The codec to receive: the first wanted type that is offered. wanted: mime types, best first."""
    for mime_type in wanted:
        of_type = [codec for codec in offered if codec.mime_type == mime_type]
        if of_type:
            return min(of_type, key=_awkwardness)
    return None


def _awkwardness(codec: Codec) -> int:
    """H264: constrained baseline in fragmentation units is what every browser decodes; profile 0 elsewhere."""
    values = parameters(codec.fmtp)
    if codec.mime_type == "video/h264":
        baseline = values.get("profile-level-id", "").startswith("42e0")
        return (values.get("packetization-mode") != "1") * 2 + (not baseline)
    return values.get("profile-id", values.get("profile", "0")) != "0"


def fitting(offered: Sequence[Codec], published: Codec) -> Codec | None:
    """The offered payload type that can carry the published stream unchanged."""
    return by_identity(offered).get(identity(published))


def by_identity(offered: Sequence[Codec]) -> dict[tuple[str, ...], Codec]:
    """Of each identity the first: read once, and asked for many tracks."""
    found: dict[tuple[str, ...], Codec] = {}
    for codec in offered:
        found.setdefault(identity(codec), codec)
    return found


def identity(codec: Codec) -> tuple[str, ...]:
    """What two payload types must share. H264: the profile without its level (RFC 6184, 8.1)."""
    values = _DEFAULTS | parameters(codec.fmtp)
    if codec.mime_type == "video/h264":
        return (codec.mime_type, values["packetization-mode"], _h264_profile(values["profile-level-id"]))
    return (codec.mime_type, *(values[name] for name in _IDENTITY.get(codec.mime_type, ())))


def _h264_profile(profile_level_id: str) -> str:
    # 4240xx and 42e0xx are both constrained baseline (RFC 6184, table 5).
    profile = profile_level_id[:4]
    return "42e0" if profile in {"42c0", "42e0", "4240"} else profile
