"""Offers as clients write them, in the shape of Chromium's and Firefox's, for tests of negotiation."""

from dataclasses import dataclass, field

from sfu.negotiated import LocalTransport
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
from sfu.sdp import Description, Direction, Section, parse, write

LOCAL = LocalTransport(
    "ufrag", "password-of-ours-password", "sha-256", "AA:BB", ("candidate:1 1 udp 1 192.0.2.1 7882 typ host",)
)
AUDIO_EXTENSIONS = {1: AUDIO_LEVEL, 2: ABS_SEND_TIME, 3: TRANSPORT_CC, 4: MID, 9: "urn:unknown"}
VIDEO_EXTENSIONS = {
    2: ABS_SEND_TIME,
    3: TRANSPORT_CC,
    4: MID,
    10: RID,
    11: REPAIRED_RID,
    13: ORIENTATION,
    15: DEPENDENCY_DESCRIPTOR,
}
H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"


@dataclass
class Offer:
    """A client's offer in the making; sections get mids 0, 1, 2..."""

    ufrag: str = "client"
    setup: str = "actpass"
    sections: list[Section] = field(default_factory=list)

    def _add(self, section: Section) -> Section:
        section.mid = str(len(self.sections))
        section.ice_ufrag, section.ice_pwd = self.ufrag, "password-of-the-client-pw"
        section.fingerprint, section.setup = ("sha-256", "CC:DD"), self.setup
        self.sections.append(section)
        return section

    def audio(self, direction: Direction = "sendonly", cid: str = "") -> Section:
        section = Section("audio", 9, "UDP/TLS/RTP/SAVPF", ("111", "63"), direction=direction)
        section.rtpmaps = {111: "opus/48000/2", 63: "red/48000/2"}
        section.fmtps = {111: "minptime=10;useinbandfec=1", 63: "111/111"}
        section.feedback = {111: ["transport-cc", "nack"]}
        section.extensions = dict(AUDIO_EXTENSIONS)
        section.msid = ("stream", cid) if cid else ()
        return self._add(section)

    def video(self, direction: Direction = "sendonly", cid: str = "", rids: tuple[str, ...] = ()) -> Section:
        section = Section(
            "video", 9, "UDP/TLS/RTP/SAVPF", ("96", "97", "102", "103", "98", "99", "116"), direction=direction
        )
        section.rtpmaps = {
            96: "VP8/90000",
            97: "rtx/90000",
            102: "H264/90000",
            103: "rtx/90000",
            98: "VP9/90000",
            99: "rtx/90000",
            116: "ulpfec/90000",
        }
        section.fmtps = {97: "apt=96", 102: H264, 103: "apt=102", 98: "profile-id=0", 99: "apt=98"}
        section.feedback = {
            number: ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"] for number in (96, 102, 98)
        }
        section.extensions = dict(VIDEO_EXTENSIONS)
        section.msid = ("stream", cid) if cid else ()
        section.rids = [(rid, "send") for rid in rids]
        section.simulcast = "send " + ";".join(rids) if rids else ""
        return self._add(section)

    def data(self) -> Section:
        section = Section("application", 9, "UDP/DTLS/SCTP", ("webrtc-datachannel",), sctp_port=5000)
        return self._add(section)

    @property
    def text(self) -> str:
        live = tuple(section.mid for section in self.sections if not section.rejected)
        return write(Description(self.sections, live, extmap_allow_mixed=True))

    def parsed(self) -> Description:
        return parse(self.text)
