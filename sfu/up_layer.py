"""One incoming stream of a published track: what has come, what is missing, and what its sender is told (RFC 3550)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sfu.bandwidth_history import OVERHEAD
from sfu.layers import HOLD_UP, SILENT_AFTER
from sfu.packet_cache import SIZE, PacketCache
from sfu.rtcp import ReportBlock, SenderReport
from sfu.rtp import forward_distance

LONGEST_GAP = 200  # packets: after a longer one only a key frame helps
LONGEST_SILENCE = 0.7  # seconds: what was lost in a longer one comes too late, and only a key frame helps
MOST_MISSING = 256
MOST_TRIES = 8
RETRY_AFTER = 0.08  # seconds, growing by half with each try
RETRY_SOUND_AFTER = 0.03  # sound is of use for a few packets only
GIVE_UP_AFTER = 1.2  # seconds: by then the receiver has moved on
MEASURE_INTERVAL = 0.5  # seconds of one sample of the rate
KEY_FRAME_INTERVAL = 0.5  # seconds between two requests for the same layer


@dataclass(slots=True)
class _Missing:
    since: float
    retry_at: float
    tries: int = 1


class UpLayer:
    """Statistics of one SSRC. quality: 0 to 2. All times are monotonic seconds. kept: its last packets, so many."""

    def __init__(
        self,
        ssrc: int,
        clock_rate: int,
        *,
        rid: str = "",
        quality: int = 2,
        retry_after: float = RETRY_AFTER,
        keep: int = SIZE,
    ) -> None:
        self.ssrc = ssrc
        self.rid = rid
        self.quality = quality
        self.clock_rate = clock_rate
        self.kept = PacketCache(keep)
        self.retry_after = retry_after
        self.packets = 0
        self.octets = 0
        self.last_at = -1e9
        self.live_since = 0.0
        self.jitter = 0.0
        self.sender_report: SenderReport | None = None
        self.key_frames_asked = 0
        self.is_dropped = False  # by its track: only what is under way still comes
        self._sender_report_at = 0.0
        self._base: int | None = None
        self._highest = 0  # extended sequence number
        self._transit: float | None = None
        self._reported = (0, 0)  # expected and received at the last report
        self._windowed = (0, 0)  # the same at the last `take_window`
        self._missing: dict[int, _Missing] = {}
        self._asked_at = -1e9
        self._key_frame_wanted = False
        self.rate: float | None = None  # bit/s with all headers; once silent, what it was
        self._measured = (0, 0)  # packets and octets when it was last measured
        self._measured_at: float | None = None

    @property
    def expected(self) -> int:
        return 0 if self._base is None else self._highest - self._base + 1

    def is_live(self, now: float) -> bool:
        return now - self.last_at < SILENT_AFTER and not self.is_dropped

    def is_steady(self, now: float) -> bool:
        return self.is_live(now) and now - self.live_since >= HOLD_UP

    def count(self, sequence_number: int, timestamp: int, size: int, arrival: float) -> tuple[bool, list[int]]:
        """Take note of a packet. Says whether it is new, and which numbers now turn out to be missing."""
        if self._base is None:
            self._base = self._highest = sequence_number
            self.live_since = arrival
            self._note(size, arrival)
            return True, []
        ahead = forward_distance(self._highest & 0xFFFF, sequence_number)
        if ahead <= 0:
            if self._missing.pop(sequence_number, None) is None:
                return False, []
            self._note(size, arrival)
            return True, []
        silence = arrival - self.last_at
        if silence >= SILENT_AFTER:
            self.live_since = arrival
        self._note(size, arrival)
        self._measure_jitter(timestamp, arrival)
        before = self._highest
        self._highest += ahead
        if ahead == 1:
            return True, []
        if ahead > LONGEST_GAP or silence > LONGEST_SILENCE or len(self._missing) + ahead > MOST_MISSING:
            self._missing.clear()
            self._key_frame_wanted = True
            return True, []
        lost = [number & 0xFFFF for number in range(before + 1, self._highest)]
        for number in lost:
            self._missing[number] = _Missing(arrival, arrival + self.retry_after)
        return True, lost

    def is_missing(self, sequence_number: int) -> bool:
        """Whether a repair packet is still of use: it is neither a duplicate nor a bandwidth probe."""
        return sequence_number in self._missing

    @property
    def has_missing(self) -> bool:
        return bool(self._missing)

    def retries(self, now: float) -> list[int]:
        """Numbers to ask for again now; those too old or asked for too often are given up."""
        due: list[int] = []
        for number, missing in tuple(self._missing.items()):
            if now - missing.since > GIVE_UP_AFTER or missing.tries >= MOST_TRIES:
                del self._missing[number]
            elif now >= missing.retry_at:
                missing.tries += 1
                missing.retry_at = now + self.retry_after * 1.5**missing.tries
                due.append(number)
        return due

    def take_sender_report(self, report: SenderReport, now: float) -> None:
        self.sender_report = report
        self._sender_report_at = now

    def report(self, now: float) -> ReportBlock | None:
        """The report block on this stream since the last one (RFC 3550 section 6.4.1, appendix A.3)."""
        if self._base is None:
            return None
        expected, received = self.expected, self.packets
        new_expected = expected - self._reported[0]
        lost = new_expected - (received - self._reported[1])
        self._reported = (expected, received)
        fraction = min(255, lost * 256 // new_expected) if new_expected > 0 and lost > 0 else 0
        last_report = delay = 0
        if self.sender_report is not None:
            last_report = self.sender_report.ntp >> 16 & 0xFFFFFFFF
            delay = min(0xFFFFFFFF, int((now - self._sender_report_at) * 65536))
        highest = self._highest & 0xFFFFFFFF
        return ReportBlock(
            self.ssrc, fraction, expected - received, highest, int(self.jitter) & 0xFFFFFFFF, last_report, delay
        )

    def take_window(self) -> tuple[int, int]:
        """Packets expected and lost since the last call, for the connection's quality."""
        expected, received = self.expected, self.packets
        window = expected - self._windowed[0], expected - received - (self._windowed[0] - self._windowed[1])
        self._windowed = (expected, received)
        return window[0], max(0, window[1])

    def measure_rate(self, now: float) -> None:
        """Called many times a second: keeps `rate`, which follows a rise sooner than a fall."""
        if self._measured_at is None:
            if self.packets:
                self._measured_at, self._measured = now, (self.packets, self.octets)
            return
        passed = now - self._measured_at
        if passed < MEASURE_INTERVAL:
            return
        packets, octets = self.packets - self._measured[0], self.octets - self._measured[1]
        self._measured_at, self._measured = now, (self.packets, self.octets)
        if packets:
            sample = (octets + OVERHEAD * packets) * 8 / passed
            if self.rate is None:
                self.rate = sample
            else:
                self.rate += (0.5 if sample > self.rate else 0.2) * (sample - self.rate)

    def want_key_frame(self, now: float) -> bool:
        """Whether a request may go out now; a throttled one is kept and falls due in `due_key_frame`."""
        if now - self._asked_at < KEY_FRAME_INTERVAL:
            self._key_frame_wanted = True
            return False
        self._asked_at = now
        self._key_frame_wanted = False
        self.key_frames_asked += 1
        return True

    def key_frame_later(self) -> None:
        """It is wanted, but is not to be asked for now."""
        self._key_frame_wanted = True

    def due_key_frame(self, now: float) -> bool:
        return self._key_frame_wanted and self.want_key_frame(now)

    def key_frame_came(self) -> None:
        """A request that was held back is answered by it too."""
        self._key_frame_wanted = False

    def _note(self, size: int, arrival: float) -> None:
        self.packets += 1
        self.octets += size
        self.last_at = arrival

    def _measure_jitter(self, timestamp: int, arrival: float) -> None:
        transit = arrival * self.clock_rate - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            # A time stamp that wrapped or jumped (another source behind the same SSRC) is no jitter.
            if difference < 10 * self.clock_rate:
                self.jitter += (difference - self.jitter) / 16
        self._transit = transit


def live(layers: Iterable[UpLayer], now: float) -> list[UpLayer]:
    return [layer for layer in layers if layer.is_live(now)]
