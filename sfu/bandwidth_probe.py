"""Finding out whether a path carries more than is sent: short bursts at a higher rate, and how they arrive.

Probes are repair or padding packets, so that a receiver throws nothing useful away when they are lost.

A token bucket, as mobile operators have it, lets some kilobytes pass at any rate after a rest: a short probe always
fits in. Where the path did not keep what a probe had promised, the next are longer, until they do not fit; they stop as
soon as the path falters.
"""

from dataclasses import dataclass, field

from sfu.bandwidth_history import Told

LENGTH, LONGEST = 0.03, 1.5  # seconds of one probe
DOUBTS = (0, 8_000, 24_000, 64_000)  # bytes by which a probe is larger after so many broken promises
PROMISE = 6.0  # seconds a path must carry what a probe has proven
BELIEVED_AGAIN = 60.0  # seconds without a broken promise
FALTER = 0.06  # seconds by which a probe's packet is later than its first: it has gone on long enough
LEAST_PACKETS = 5
FACTOR = 2.5  # a probe asks for at most this times the estimate: a slow path has then some 75 ms to drain
NEXT_AFTER = 0.4  # seconds after a success
FIRST_RETRY, LAST_RETRY = 1.0, 2.0  # seconds after a failure, growing
USEFUL = 1.2  # times the estimate: a probe that proves this was worth its while
FORGET_AFTER = 1.0  # seconds without a whole answer
SHADOW = 0.25  # seconds after a probe in which delay tells of the probe


@dataclass(slots=True)
class Probe:
    """rate: bit/s aimed at, for `length` seconds. estimate: when it began.

    octets: to send in all, in packets of about `size`. numbers: its packets', extended. falters: no more is sent.
    """

    rate: float
    estimate: float
    began_at: float
    octets: float
    size: int
    length: float = LENGTH
    falters: bool = False
    sent: int = 0
    is_sent: bool = False
    numbers: set[int] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)

    def result(self) -> float | None:
        """The rate that it proves, None when too little of it came."""
        if self.falters:
            return None
        came = [one for one in self.told if one.received_at is not None]
        if len(came) < max(LEAST_PACKETS - 1, 0.7 * len(self.numbers)):
            return None
        sent = _rate([(one.sent_at, one.size) for one in came], self.rate, last=True)
        received = _rate([(one.received_at or 0.0, one.size) for one in came], self.rate, last=False)
        proven = min(sent, received, self.rate)
        return 0.95 * proven if received < 0.9 * sent else proven

    def take(self, told: Told) -> None:
        """What became of one of its packets."""
        self.told.append(told)
        if self.length > LENGTH and not self.is_sent:
            first = self.told[0]
            if told.received_at is None or first.received_at is None:
                self.falters = True
            else:
                self.falters |= told.received_at - told.sent_at > first.received_at - first.sent_at + FALTER


def _rate(points: list[tuple[float, int]], most: float, *, last: bool) -> float:
    """bit/s between first and last packet: the last one sent, or the first one received, opens no interval."""
    points.sort()
    spread = points[-1][0] - points[0][0]
    octets = sum(size for _, size in points) - (points[-1][1] if last else points[0][1])
    return octets * 8 / spread if spread > 0.001 else most * 2


class Prober:
    """Decides when to probe and for how much. active: the probe that is being sent or awaits its answer."""

    def __init__(self) -> None:
        self.active: Probe | None = None
        self.shadow_until = -1e9
        self._due = -1e9
        self._retry = FIRST_RETRY
        self.begun = 0
        self._doubt = 0  # which of DOUBTS
        self._promised_at = self._broken_at = -1e9

    def want(self, rate: float, estimate: float, now: float) -> Probe | None:
        """More is wanted than estimated. Returns the probe to send now, if it is time for one."""
        if self.active is not None and now - self.active.began_at > FORGET_AFTER + self.active.length:
            # Its answer is lost, which tells nothing.
            self.active = None
        if self.active is not None or now < self._due or rate <= estimate:
            return None
        aim = min(rate, FACTOR * estimate)
        if now - self._broken_at > BELIEVED_AGAIN:
            self._doubt = 0
        length = min(LONGEST, LENGTH + DOUBTS[self._doubt] * 8 / aim)
        octets = max(aim * length / 8, LEAST_PACKETS * 80)
        packets = max(LEAST_PACKETS, round(octets / 1000))
        self.active = Probe(aim, estimate, now, octets, int(octets / packets), length)
        self.begun += 1
        self.shadow_until = now + length + SHADOW
        return self.active

    def hold(self, now: float, seconds: float) -> None:
        """Not before then: the path has just shown its limit."""
        self._due = max(self._due, now + seconds)

    def believed(self, now: float) -> None:
        """The estimate was raised to what a probe has proven."""
        self._promised_at = now

    def fell(self, now: float) -> None:
        """The path carries less than was thought. Soon after a proof: that one fooled us, and the next are longer."""
        if now - self._promised_at < PROMISE:
            self._doubt = min(self._doubt + 1, len(DOUBTS) - 1)
            self._broken_at = now
        self._promised_at = -1e9

    def take(self, told: Told, now: float) -> float | None:
        """Feedback on one packet, which may belong to the probe. The proven rate when the probe is complete."""
        probe = self.active
        if probe is None or told.number not in probe.numbers:
            return None
        probe.take(told)
        # What the last is told with is all that comes: a feedback that was lost is not sent again.
        if not probe.is_sent or told.number != max(probe.numbers):
            return None
        self.active = None
        proven = probe.result()
        if proven is None or proven < min(USEFUL * probe.estimate, 0.9 * probe.rate):
            self.failed(now)
        else:
            self._retry = FIRST_RETRY
            self._due = now + NEXT_AFTER
        return proven

    def failed(self, now: float) -> None:
        self.active = None
        self._due = now + self._retry
        self._retry = min(LAST_RETRY, self._retry * 1.5)
