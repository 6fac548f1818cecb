"""How much one subscriber's path carries, estimated at the sender (Google congestion control, draft-ietf-rmcat-gcc-02).

From the subscriber's transport-wide feedback; without that, from what it reports of loss and by REMB. The clock is
passed in: seconds that never go back.
"""

from math import inf

from sfu.bandwidth_delay import DelayDetector, Usage
from sfu.bandwidth_history import SentHistory, Told
from sfu.bandwidth_probe import Probe, Prober
from sfu.bandwidth_rate import LEAST, Acknowledged, DelayRate, LossRate
from sfu.rtcp import TransportFeedback

FIRST = 1_000_000.0  # bit/s before anything is known
PROOF_TIME = 1.5  # seconds of feedback until a first guess counts
SILENCE = 1.0  # seconds without feedback, while sending, after which the estimate is halved
LONGEST_QUEUE = 0.25  # seconds on top of the shortest way of late
SHORTEST_FOR = 15.0  # seconds
HOLD_AFTER_DECREASE = 1.0  # seconds without probes


class Bandwidth:
    """One transport's estimate. estimate: bit/s, all headers counted."""

    def __init__(self) -> None:
        self.history = SentHistory()
        self.prober = Prober()
        self.estimate = FIRST
        self.decreases = 0
        self.loss = 0.0
        self.round_trip = 0.1  # seconds, the feedback's own delay included
        self._first_heard_at: float | None = None
        self._acknowledged = Acknowledged()
        self._detector = DelayDetector()
        self._delay = DelayRate(FIRST)
        self._loss = LossRate(FIRST)
        self._trip = self._shortest = self._next_shortest = inf
        self._shortest_at = 0.0
        self._measured_from = -inf
        self._heard_at: float | None = None
        self._sent_when_heard = 0

    @property
    def has_feedback(self) -> bool:
        return self._first_heard_at is not None

    @property
    def acknowledged(self) -> float | None:
        """bit/s that arrive."""
        return self._acknowledged.rate

    def is_measured(self, now: float) -> bool:
        """Whether the estimate is more than a first guess: the path has shown a limit, or had time to prove itself."""
        return self._first_heard_at is not None and (self.decreases > 0 or now - self._first_heard_at > PROOF_TIME)

    def take(self, feedback: TransportFeedback, now: float) -> None:
        """The subscriber's feedback, as it comes."""
        told = self.history.take(feedback)
        self._heard_at, self._sent_when_heard = now, self.history.newest
        if not told:
            return
        if self._first_heard_at is None:
            self._first_heard_at = now
        lost = 0
        proven: float | None = None
        newest: Told | None = None
        probe = self.prober.active
        for one in told:
            is_probe = probe is not None and one.number in probe.numbers
            if is_probe:
                found = self.prober.take(one, now)
                proven = found if found is not None else proven
            if one.received_at is None:
                lost += 1
                continue
            if not is_probe:
                self._acknowledged.packet(one.received_at, one.size)
            if one.sent_at < self._measured_from:
                continue
            newest = one
            if is_probe or one.sent_at < self.prober.shadow_until:
                self._detector.skip()
            else:
                self._detector.packet(one.sent_at, one.received_at)
        if newest is not None:
            self._measure_trip(newest, now)
        self._conclude(lost, len(told), proven, now)

    def _measure_trip(self, newest: Told, now: float) -> None:
        """The way there alone shows the queue: the way back has its own. How far its clocks differ stays the same."""
        self.round_trip += 0.2 * (max(0.0, now - newest.sent_at) - self.round_trip)
        trip = self._trip = (newest.received_at or 0.0) - newest.sent_at
        if now - self._shortest_at > SHORTEST_FOR:
            self._shortest, self._shortest_at = self._next_shortest, now
            self._next_shortest = trip
        self._shortest = min(self._shortest, trip)
        self._next_shortest = min(self._next_shortest, trip)

    def _usage(self) -> Usage:
        """The detector's verdict; a queue already long is over-use whatever its trend."""
        usage = self._detector.usage
        return Usage.OVER if self._trip > self._shortest + LONGEST_QUEUE and usage is Usage.NORMAL else usage

    def _conclude(self, lost: int, packets: int, proven: float | None, now: float) -> None:
        arriving = self._acknowledged.rate
        usage = self._usage()
        measured = self._acknowledged.peak if usage is Usage.OVER else arriving
        fell = self._delay.update(usage, measured, self.round_trip, now)
        if self._loss.update(lost, packets, arriving, now, growing=not fell):
            fell = True
            self._delay.cut_to(self._loss.rate)
        self.loss = self._loss.fraction
        if fell:
            self.decreases += 1
            self.prober.fell(now)
            self.prober.hold(now, HOLD_AFTER_DECREASE)
        elif proven is not None and proven > self.estimate:
            self.prober.believed(now)
            self._delay.raise_to(proven)
            self._loss.raise_to(proven)
        # Loss holds the estimate down, but does not run away from it.
        self._loss.rate = max(self._loss.rate, LEAST)
        self.estimate = min(self._delay.rate, max(self._loss.rate, LEAST))
        if self._loss.fraction < 0.02:
            self._loss.raise_to(self._delay.rate)

    def tick(self, now: float) -> None:
        """About ten times a second or more: a path that answers nothing any more carries less."""
        if self._heard_at is None or self.history.newest - self._sent_when_heard < 10:
            if self._heard_at is not None and self.history.newest == self._sent_when_heard:
                self._heard_at = now
            return
        if now - self._heard_at > SILENCE:
            self._heard_at = now
            self._delay.cut_to(self.estimate / 2)
            self.estimate = max(LEAST, self.estimate / 2)
            self.decreases += 1
            self.prober.hold(now, HOLD_AFTER_DECREASE)

    def path_changed(self, now: float) -> None:
        """The client has another address: what was measured of delay holds no more; the rate may."""
        self._measured_from = now
        self._detector = DelayDetector()
        self._trip = self._shortest = self._next_shortest = inf
        self.prober.active = None

    def want(self, rate: float, now: float) -> Probe | None:
        """Something is withheld that this rate would allow: the probe to send now, if it is time."""
        return self.prober.want(rate, self.estimate, now) if self.has_feedback else None


class ReportedBandwidth:
    """For clients without transport-wide feedback: loss as reported, and REMB where it says less than what is sent.

    A receiver's own estimate grows only with what it gets, so that it proves a limit, never room.
    """

    def __init__(self) -> None:
        self.estimate: float | None = None  # bit/s; None: no limit is known

    def report(self, loss: float, sent: float, passed: float) -> None:
        """About once a second. loss: 0 to 1; sent: bit/s; passed: seconds since the last call."""
        if loss > 0.10 and sent > LEAST:
            self.estimate = max(LEAST, min(self.estimate or sent, sent) * (1 - 0.5 * loss))
        elif self.estimate is not None and loss < 0.02:
            self.estimate *= 1.08 ** min(2.0, passed)

    def remote(self, rate: float, sent: float) -> None:
        """The client's REMB, bit/s."""
        if rate < 0.9 * sent:
            self.estimate = max(LEAST, rate)
