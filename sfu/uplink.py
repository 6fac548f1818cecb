"""What a client's own line carries towards us: where it is too narrow, its sender is held back before sound is lost.

Each packet tells when it left (abs-send-time) and comes at a time we know, so that a queue on the way shows at once and
as long as it stands. libwebrtc watches whether delay grows, which in a full queue it does not: it then waits for losses
and goes on sending too much for ten seconds and more. What it obeys at once is a receiver's limit (REMB,
draft-alvestrand-rmcat-remb-03), and when that goes, its own estimate holds again. Pure; seconds that never go back.
"""

from collections import deque
from math import inf

from sfu.bandwidth_rate import MOST
from sfu.layers import HIGH, LOW

NOTHING = -1
WRAP, HALF = 1 << 24, 1 << 23  # of abs-send-time, in units of 2^-18 s: 64 s
UNIT = 1 / (1 << 18)
SHORTEST_FOR = 15.0  # seconds that the shortest way is remembered
BURST = 0.004  # seconds
WINDOW = 0.2  # seconds whose shortest way is the queue that stands; what jitter adds is not in it
LONG, FULL, FLOOD = 0.08, 0.25, 0.5  # seconds of a queue: too long with losses or under a limit, by far, and by itself
EMPTY = 0.03
LOSS_HIGH = 0.08
COUNTED, SHORT = 0.4, 0.15  # seconds over which loss and rate are counted; and the rate while a queue stands
SHARE, FULL_SHARE, FLOOD_SHARE = 0.85, 0.75, 0.4  # of what comes, for a queue that is longer each time: to empty it
REACTION = 0.4  # seconds until a limit shows
HOLD, LONGEST_HOLD = 1.0, 3.0  # seconds without queue before more is tried, doubled each time that was too much
CAREFUL, BOLD = 1.2, 3.0  # growth a second: until it is proven that the line carries more than it did, and then
ABOVE, BEYOND = 1.3, 1.5  # times what it has carried: with the first picture, and at most until it is proven
SOUND_ALONE = 20_000.0  # bit/s of a limit under which there are no pictures; libwebrtc limits no sound
USED, PATIENCE = 0.85, 1.0  # a sender that for so many seconds uses less of a limit is held back by its own estimate
PROOF = 12_000  # bytes above what it has carried: more than a token bucket that has rested lets through
NO_PICTURE_BELOW, PICTURE_ABOVE, ALL_ABOVE = 200_000.0, 260_000.0, 600_000.0  # bit/s: what pictures there is room for
CALM = 15.0  # seconds without queue after which nothing need be proven: little may be sent
REPEAT = 0.5  # seconds between tellings of the same limit, as one may be lost


class Uplink:
    """One client's. limit: bit/s that its sender may send with all headers, None where nothing holds it back.

    pictures: the highest layer there is room for, -1 for none; a sender's least may be more than a limit. widened: the
    bit/s that came before, where the line seems wide again and its sender does not rise by itself; to be taken once.
    """

    def __init__(self) -> None:
        self.limit: float | None = None
        self.queue = 0.0  # seconds that stand on the way
        self.pictures = HIGH
        self.widened: float | None = None
        self._octets = 0
        self._sent: int | None = None  # unwrapped
        self._way = self._shortest = self._next_shortest = inf  # _way: the shortest since the last `conclude`
        self._shortest_at = self._measured_at = -inf
        self._ways: deque[tuple[float, float]] = deque()  # (when, way) of the last WINDOW
        self._counts: deque[tuple[float, int, int, int]] = deque()  # when; packets sent and come, octets, until then
        self._carried = 0.0  # bit/s that came while the queue stood
        self._usual = self._before = 0.0  # bit/s that come without a limit, and came before the last one
        self._hold, self._proof, self._has_asked = HOLD, 0.0, False
        self._tried_at: float | None = None  # since when more is allowed
        self._cut_at = self._stood_at = self._told_at = self._concluded_at = -inf

    @property
    def is_full(self) -> bool:
        """Whether a repair or a key frame would only make the queue longer."""
        return self.limit is not None and self.queue > LONG

    def packet(self, sent: bytes | None, arrival: float, size: int) -> None:
        """Each packet that comes. sent: abs-send-time as in the packet; size: with all headers."""
        self._octets += size
        # What comes in one burst has waited alike, and the first of it least.
        if sent is None or len(sent) != 3 or 0 <= arrival - self._measured_at < BURST:
            return
        self._measured_at = arrival
        stamp, last = int.from_bytes(sent, "big"), self._sent
        if last is not None:
            stamp = last + ((stamp - last + HALF) & (WRAP - 1)) - HALF
        self._sent = stamp
        way = arrival - stamp * UNIT
        if way < self._way:  # noqa: PLR1730  for each packet that comes: a call to min costs as much as the rest
            self._way = way

    def path_changed(self) -> None:
        """Another way, another length: what was measured holds no more."""
        self._ways.clear()
        self._way = self._shortest = self._next_shortest = inf
        self._sent = None
        self.queue = 0.0

    def conclude(self, sent: int, came: int, now: float) -> float | None:
        """Some twenty times a second. sent, came: packets so far. The limit to tell the sender now, None for none."""
        self._measure(now)
        counts = self._counts
        counts.append((now, sent, came, self._octets))
        while len(counts) > 2 and now - counts[1][0] >= COUNTED:
            counts.popleft()
        since, sent_before, came_before, octets_before = counts[0]
        if now - since < COUNTED or sent <= sent_before:
            return None
        loss = 1 - (came - came_before) / (sent - sent_before)
        arriving = (self._octets - octets_before) * 8 / (now - since)
        is_held = self.limit is not None
        if self.queue > EMPTY:
            self._stood_at = now
        if self.queue > FLOOD or (self.queue > LONG and (is_held or loss > LOSS_HIGH)):
            if now - self._cut_at >= REACTION:
                # A full queue lets packets go at the line's own pace; before that they came as they were sent.
                self._cut(min(arriving, self._rate_since(now - SHORT)), now)
        elif self.limit is None:
            self._usual += 0.02 * (arriving - self._usual)
        elif self.queue <= LONG:
            self._grow(arriving, now)
        self._concluded_at = now
        self._make_room()
        if self.limit is None:
            if is_held:
                self._told_at = now
                return MOST
            return None
        if now - self._told_at < REPEAT and self._told_at >= self._cut_at:
            return None
        self._told_at = now
        return self.limit

    def _rate_since(self, start: float) -> float:
        at, _, _, octets = next(count for count in reversed(self._counts) if count[0] <= start)
        return (self._octets - octets) * 8 / (self._counts[-1][0] - at)

    def _make_room(self) -> None:
        limit = self.limit or MOST
        if limit < NO_PICTURE_BELOW:
            self.pictures = NOTHING
        elif limit > ALL_ABOVE:
            self.pictures = HIGH
        elif self.pictures == HIGH or limit >= PICTURE_ABOVE:
            self.pictures = LOW

    def _measure(self, now: float) -> None:
        ways, way = self._ways, self._way
        if way < inf:
            self._way = inf
            ways.append((now, way))
            self._next_shortest = min(self._next_shortest, way)
            if way < self._shortest:
                self._shortest, self._shortest_at = way, now
        while ways and now - ways[0][0] > WINDOW:
            ways.popleft()
        # Where nothing comes, nothing is told.
        self.queue = min(way for _, way in ways) - self._shortest if ways else 0.0
        if now - self._shortest_at > SHORTEST_FOR and self.limit is None:
            self._shortest, self._shortest_at = self._next_shortest, now
            self._next_shortest = inf

    def _cut(self, arriving: float, now: float) -> None:
        if self.limit is None:
            self._before = self._usual
        if self._tried_at is not None:
            self._hold = min(LONGEST_HOLD, 2 * self._hold)
        self._carried = max(arriving, 0.8 * self._carried)
        share = FULL_SHARE if self.limit is None or self.queue > FULL else SHARE
        if self.queue > FLOOD:
            share = FLOOD_SHARE
        limit = min(self.limit or MOST, share * arriving)
        # Without pictures nothing needs a rate but what the sender still holds back: that leaves the slower.
        self.limit = SOUND_ALONE if limit < NO_PICTURE_BELOW else limit
        self._cut_at, self._proof, self._tried_at, self._has_asked = now, 0.0, None, False

    def _grow(self, arriving: float, now: float) -> None:
        calm_for = now - max(self._stood_at, self._cut_at)
        if self.limit is None or calm_for < self._hold:
            return
        if self._tried_at is None:
            self._tried_at = now
        if self.limit < PICTURE_ABOVE:
            self.limit = max(PICTURE_ABOVE, ABOVE * self._carried)
            return
        passed = max(0.0, min(0.2, now - self._concluded_at))
        self._proof += max(0.0, arriving - self._carried) * passed / 8
        is_proven = self._proof > PROOF or calm_for > CALM
        if is_proven:
            self.limit *= BOLD**passed
        else:
            self.limit = max(self.limit, min(BEYOND * self._carried, self.limit * CAREFUL**passed))
        if is_proven and self.limit > max(ALL_ABOVE, self._before):
            self.limit, self._hold, self._tried_at, self._carried = None, HOLD, None, 0.0
        elif not self._has_asked and arriving < USED * self.limit and now - self._tried_at > PATIENCE:
            self._has_asked = True
            self.widened = max(self._before, self.limit)
