"""One client's incoming packets, fed by hand: a microphone and a camera of three layers."""

from sfu import rtcp, rtp
from sfu.negotiated import Codec, ReceiveSection
from sfu.reception import Reception
from sfu.rtp import RtpPacket
from sfu.up_track import UpTrack

VIDEO = Codec("video/h264", 102, 90000, rtx_payload_type=103, feedback=frozenset({"nack", "nack pli"}))
AUDIO = Codec("audio/opus", 111, 48000, 2)
EXTENSIONS = {1: rtp.AUDIO_LEVEL, 3: rtp.TRANSPORT_CC, 4: rtp.MID, 10: rtp.RID, 11: rtp.REPAIRED_RID}


class Table:
    def __init__(self) -> None:
        self.feedback: list[rtcp.Packet] = []
        self.reception = Reception(self.feedback.append)
        self.audio, self.video = UpTrack("audio"), UpTrack("video")
        self.reception.add(ReceiveSection("0", "audio", AUDIO, EXTENSIONS, ssrcs=(5,)), self.audio)
        section = ReceiveSection("1", "video", VIDEO, EXTENSIONS, rids=("q", "h", "f"))
        self.reception.add(section, self.video)

    def take(
        self, ssrc: int, number: int, payload_type: int = 102, payload: bytes = b"A", **extensions: str | bytes
    ) -> None:
        ids = {"level": 1, "twcc": 3, "mid": 4, "rid": 10, "rrid": 11}
        elements = [
            (ids[name], value.encode() if isinstance(value, str) else value) for name, value in extensions.items()
        ]
        packet = RtpPacket(payload_type, False, number, number, ssrc, payload, elements)
        self.reception.take(rtp.write(packet), 10.0)
