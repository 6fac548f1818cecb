"""Which track stands on which section where the client offers: those it publishes, and those it is to receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sfu.codecs_offered import by_identity, identity
from sfu.negotiated import Codec, Kind
from sfu.sdp import Description, Section


@dataclass(frozen=True, slots=True)
class Announced:
    """A track the client told of by ``add_track``. cids: the track ids its section may carry in msid.

    codecs: mime types wanted, best first; stereo, dtx: what our answer tells its Opus encoder. red: whether redundant
    audio is wanted of it, and may be made of it.
    """

    sid: str
    kind: Kind
    cids: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ()
    stereo: bool = False
    dtx: bool = True
    red: bool = False


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A track this client is to receive. stream: the publisher's participant sid. ssrc, rtx_ssrc: ours.

    red: whether it may be sent with redundancy to who takes that.
    """

    sid: str
    stream: str
    kind: Kind
    codec: Codec
    ssrc: int
    rtx_ssrc: int | None = None
    red: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands on the sections of one client-offered connection, between negotiations.

    receiving: mid -> sid of the track the client sends there; sending: mid -> sid of the track we send there.
    codecs: mid -> codec chosen. free: unused sections of the last offer by kind, ready for tracks we send.
    """

    receiving: Mapping[str, str] = field(default_factory=dict)
    sending: Mapping[str, str] = field(default_factory=dict)
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    free: Mapping[Kind, int] = field(default_factory=dict)
    version: int = 1

    def sections_needed(self, wanted: Sequence[Forwarded]) -> tuple[int, int]:
        """How many more audio and video sections the client must open before all of `wanted` have one."""
        placed = set(self.sending.values())
        unplaced = [track.kind for track in wanted if track.sid not in placed]
        return (
            max(0, unplaced.count("audio") - self.free.get("audio", 0)),
            max(0, unplaced.count("video") - self.free.get("video", 0)),
        )


def match_published(
    offer: Description, layout: Layout, announced: Sequence[Announced]
) -> tuple[dict[str, str], list[str]]:
    """Which announced track stands on which section, and which ones the client ended."""
    known = {track.sid for track in announced}
    standing = {mid: sid for mid, sid in layout.receiving.items() if sid in known}
    pending = [track for track in announced if track.sid not in standing.values()]
    sends = [
        section
        for section in offer.sections
        if section.kind != "application" and not section.rejected and section.direction in {"sendonly", "sendrecv"}
    ]
    receiving = {section.mid: standing[section.mid] for section in sends if section.mid in standing}
    unmatched = [section for section in sends if section.mid not in receiving]
    # By the id it was announced with first; Firefox writes other track ids, so the rest go by kind in order.
    for by_id in (True, False):
        for section in list(unmatched):
            for track in pending:
                if track.kind == section.kind and (not by_id or (section.msid and section.msid[-1] in track.cids)):
                    receiving[section.mid] = track.sid
                    pending.remove(track)
                    unmatched.remove(section)
                    break
    ended = [sid for mid, sid in standing.items() if mid not in receiving]
    return receiving, ended


def place_forwarded(
    offer: Description,
    codecs_offered: Mapping[str, Sequence[Codec]],
    layout: Layout,
    receiving: Mapping[str, str],
    wanted: Sequence[Forwarded],
) -> tuple[dict[str, str], list[str], dict[Kind, int]]:
    """Which section each forwarded track goes on.

    A section that carried a track no longer wanted is left out once, so that it is answered ``inactive`` in between.
    """
    by_sid = {track.sid: track for track in wanted}
    open_sections = {
        section.mid: by_identity(codecs_offered[section.mid])
        for section in offer.sections
        if section.kind != "application"
        and not section.rejected
        and section.direction in {"recvonly", "sendrecv"}
        and section.mid not in receiving
    }
    kinds = {section.mid: kind_of(section) for section in offer.sections}
    sending = {
        mid: sid
        for mid, sid in layout.sending.items()
        if mid in open_sections and sid in by_sid and identity(by_sid[sid].codec) in open_sections[mid]
    }
    candidates = [mid for mid in open_sections if mid not in layout.sending]
    unsupported = []
    for track in wanted:
        if track.sid in sending.values():
            continue
        wanted_codec = identity(track.codec)
        same_kind = [mid for mid in open_sections if kinds[mid] == track.kind]
        fits = [mid for mid in same_kind if wanted_codec in open_sections[mid]]
        if same_kind and not fits:
            unsupported.append(track.sid)
        elif (mid := next((mid for mid in fits if mid in candidates), None)) is not None:
            sending[mid] = track.sid
            candidates.remove(mid)
    free: dict[Kind, int] = {"audio": 0, "video": 0}
    for mid in open_sections:
        if mid not in sending:
            free[kinds[mid]] += 1
    return sending, unsupported, free


def kind_of(section: Section) -> Kind:
    return "audio" if section.kind == "audio" else "video"
