"""Rates from measurements: what arrives, what growing delay allows, what loss allows (draft-ietf-rmcat-gcc-02)."""

from collections import deque

from sfu.bandwidth_delay import Usage

LEAST, MOST = 50_000.0, 20_000_000.0  # bit/s of any estimate
RATE_WINDOW, SHORT_WINDOW = 0.3, 0.1  # seconds over which arrivals are counted
GAP = 2.0  # seconds without arrivals after which counting begins anew
BACK_OFF = 0.85
GROWTH = 1.08  # a second, far from the known capacity
AHEAD = 1.5  # an estimate is never raised past this times what arrives: more is not proven
LOSS_WINDOW, LOSS_PACKETS = 0.3, 20
LOSS_HIGH, LOSS_LOW, LOSS_HEAVY = 0.10, 0.02, 0.30
INHERENT_FOR = 10.0  # seconds that a lower loss is remembered
TRUSTED_FOR = 3.0  # seconds that a new path is taken to lose nothing by itself


class Acknowledged:
    """The rate at which packets arrive, over the last RATE_WINDOW on the receiver's clock."""

    def __init__(self) -> None:
        self._packets: deque[tuple[float, int]] = deque()
        self._octets = 0
        self._since: float | None = None

    def packet(self, arrival: float, size: int) -> None:
        """arrival: seconds on the receiver's clock."""
        packets = self._packets
        if self._since is None or (packets and not -1.0 < arrival - packets[-1][0] < GAP):
            packets.clear()
            self._octets = 0
            self._since = arrival
        packets.append((arrival, size))
        self._octets += size
        while arrival - packets[0][0] > RATE_WINDOW:
            self._octets -= packets.popleft()[1]

    @property
    def rate(self) -> float | None:
        """bit/s; None before a whole window."""
        if self._since is None or not self._packets or self._packets[-1][0] - self._since < RATE_WINDOW:
            return None
        return self._octets * 8 / RATE_WINDOW

    @property
    def peak(self) -> float | None:
        """bit/s at most of late: also over the last SHORT_WINDOW, when a full queue sends at the path's own pace."""
        rate = self.rate
        if rate is None:
            return None
        newest = self._packets[-1][0]
        octets = 0
        for arrival, size in reversed(self._packets):
            if newest - arrival > SHORT_WINDOW:
                break
            octets += size
        return max(rate, octets * 8 / SHORT_WINDOW)


class _Capacity:
    """Where over-use was met: mean and deviation of what arrived then, in kbit/s."""

    def __init__(self) -> None:
        self.mean: float | None = None
        self._deviation = 0.4

    def met(self, rate: float) -> None:
        sample = rate / 1000
        if self.mean is None:
            self.mean = sample
        else:
            self.mean += 0.05 * (sample - self.mean)
        error = (self.mean - sample) ** 2 / max(self.mean, 1.0)
        self._deviation = max(0.4, min(2.5, 0.95 * self._deviation + 0.05 * error))

    def place_of(self, rate: float) -> int:
        """-1 below what is known, 0 within, 1 above."""
        if self.mean is None:
            return -1
        margin = 3 * (self._deviation * self.mean) ** 0.5
        return -1 if rate / 1000 < self.mean - margin else 1 if rate / 1000 > self.mean + margin else 0

    def forget(self) -> None:
        self.mean = None


class DelayRate:
    """Additive increase near the known capacity, multiplicative far from it, 0.85 of what arrives at over-use."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._capacity = _Capacity()
        self._updated_at: float | None = None
        self._decreased_at = -1e9
        self._holds = False

    def update(self, usage: Usage, acknowledged: float | None, round_trip: float, now: float) -> bool:
        """After each feedback. Whether the rate went down."""
        passed = min(1.0, now - self._updated_at) if self._updated_at is not None else 0.0
        self._updated_at = now
        if usage is Usage.OVER:
            return self._decrease(acknowledged, round_trip, now)
        if usage is Usage.UNDER:
            self._holds = True
        elif self._holds:
            self._holds = False
        else:
            self._increase(acknowledged, round_trip, passed)
        return False

    def raise_to(self, rate: float) -> None:
        """A probe has proven this much."""
        if rate > self.rate:
            if self._capacity.place_of(rate) > 0:
                self._capacity.forget()
            self.rate = min(MOST, rate)

    def cut_to(self, rate: float) -> None:
        """Another signal than delay demands less."""
        self.rate = max(LEAST, min(self.rate, rate))

    def _decrease(self, acknowledged: float | None, round_trip: float, now: float) -> bool:
        far = acknowledged is not None and acknowledged < 0.5 * self.rate
        if now - self._decreased_at < max(0.05, min(0.2, round_trip)) and not far:
            return False
        measured = acknowledged if acknowledged is not None else self.rate
        if self._capacity.place_of(measured) != 0:
            self._capacity.forget()
        self._capacity.met(measured)
        self._decreased_at = now
        self._holds = True
        before = self.rate
        self.rate = max(LEAST, min(self.rate, BACK_OFF * measured))
        return self.rate < before

    def _increase(self, acknowledged: float | None, round_trip: float, passed: float) -> None:
        place = self._capacity.place_of(acknowledged if acknowledged is not None else self.rate)
        if place > 0:
            self._capacity.forget()
        if place == 0:
            # One packet more for each response time.
            raised = self.rate + max(4_000.0, 9_600.0 / (round_trip + 0.1)) * passed
        else:
            raised = self.rate * GROWTH**passed + 1_000 * passed
        limit = AHEAD * acknowledged + 10_000 if acknowledged is not None else self.rate
        self.rate = max(self.rate, min(MOST, raised, limit))


class LossRate:
    """Section 6: down at more than 10 % loss, up at less than 2 %.

    Loss that stays whatever is sent is the path's own (a weak radio), and no reason to send less: what was lost in the
    better half of the last INHERENT_FOR seconds does not count.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.fraction = 0.0
        self._since: float | None = None
        self._windows: deque[tuple[float, float]] = deque()
        self._lost = self._all = 0

    def update(self, lost: int, all_packets: int, acknowledged: float | None, now: float, growing: bool) -> bool:
        """After each feedback. growing: delay allows more. Whether the rate went down."""
        if self._since is None:
            self._since = now
            self._windows.append((now - INHERENT_FOR + TRUSTED_FOR, 0.0))
        self._lost += lost
        self._all += all_packets
        passed = now - self._since
        if self._all < LOSS_PACKETS or passed < LOSS_WINDOW:
            return False
        fraction = self._lost / self._all
        if passed < 2 * LOSS_WINDOW and fraction < LOSS_HEAVY:
            return False  # a longer window is surer
        self.fraction = fraction
        self._since, self._lost, self._all = now, 0, 0
        while self._windows and now - self._windows[0][0] > INHERENT_FOR:
            self._windows.popleft()
        least = sorted(value for _, value in self._windows)[: (len(self._windows) + 1) // 2]
        inherent = sum(least) / len(least) if least else 0.0
        self._windows.append((now, fraction))
        excess = max(0.0, fraction - inherent)
        if excess > LOSS_HIGH:
            before = self.rate
            reduced = before * (1 - 0.5 * excess)
            if excess > LOSS_HEAVY and acknowledged is not None:
                reduced = min(reduced, acknowledged)
            self.rate = max(LEAST, reduced)
            return self.rate < before
        if excess < LOSS_LOW and growing:
            self.rate = min(MOST, self.rate * 1.08 ** min(1.0, passed))
        return False

    def raise_to(self, rate: float) -> None:
        self.rate = max(self.rate, rate)
