"""How one peer's packets leave: numbered for the subscriber's feedback, video paced, repairs bounded, probes sent."""

from collections.abc import Callable, Iterable
from typing import Protocol

from sfu.arrived import Form
from sfu.bandwidth import Bandwidth
from sfu.bandwidth_history import SentHistory
from sfu.bandwidth_probe import Probe
from sfu.pacer import STEP, Pacer
from sfu.route import Numbers

LEAST_REPAIRS = 64_000.0  # bit/s
REPAIR_SHARE = 0.5  # of the estimate
REPAIR_BURST = 0.5  # seconds of that rate
MOST_PROBE_PACKETS = 400


class ProbeSource(Protocol):
    """What probes are made of; `sfu.down_track.DownTrack` is one."""

    def probe(self, size: int) -> tuple[bytes, int] | None:
        """A packet of about that many bytes that its receiver drops, and where its number goes; None when none is."""


class Outlet:
    """send: (packet, where its transport-wide number stands or 0, the number) to the transport. send_run: a run that it
    numbers by the history, or does not take.
    """

    def __init__(
        self,
        send: Callable[[bytes, int, int], None],
        clock: Callable[[], float],
        send_run: Callable[[Form, Numbers, SentHistory], bool] = lambda *_: False,
    ) -> None:
        self.bandwidth = Bandwidth()
        self.pacer = Pacer(self.send, clock)
        self._history = self.bandwidth.history
        self._send = send
        self._send_run = send_run
        self._clock = clock
        self._repairs = LEAST_REPAIRS / 8
        self._repairs_at = clock()
        self._probe: Probe | None = None
        self._probe_source: ProbeSource | None = None
        self._steps = 0

    def send(self, packet: bytes, number_at: int) -> None:
        """At once. number_at: where in the packet its number goes, 0 when it has none."""
        if number_at:
            self._send(packet, number_at, self._history.sent(len(packet), self._clock()))
        else:
            self._send(packet, 0, 0)

    def send_run(self, form: Form, _now: float, numbers: Numbers) -> bool:
        """The same for a run of packets; False when they must go one by one."""
        return form.is_numbered and self._send_run(form, numbers, self._history)

    def pace_run(self, form: Form, now: float, numbers: Numbers) -> bool:
        """The same for video, which may have to wait."""
        if not form.is_numbered or not self.pacer.passes(form.octets, now):
            return False
        if self._send_run(form, numbers, self._history):
            return True
        self.pacer.spent(-form.octets)
        return False

    def repair(self, packet: bytes, number_at: int) -> bool:
        """Send a video packet again; False when repairs have had their share of the path for now."""
        if number_at:
            now = self._clock()
            rate = max(LEAST_REPAIRS, REPAIR_SHARE * self.bandwidth.estimate) / 8
            self._repairs = min(rate * REPAIR_BURST, self._repairs + (now - self._repairs_at) * rate)
            self._repairs_at = now
            if self._repairs < len(packet):
                return False
            self._repairs -= len(packet)
            self.pacer.spent(len(packet))
        self.send(packet, number_at)
        return True

    # Work by the owner's timer

    @property
    def is_busy(self) -> bool:
        """Whether `work` has something to do in `sfu.pacer.STEP` seconds."""
        return self._probe is not None or self.pacer.is_waiting

    def probe(self, rate: float, sources: Iterable[ProbeSource], now: float) -> None:
        """bit/s that would be of use: find out whether they pass, if it is time for that."""
        source = next(iter(sources), None)
        if source is None or self._probe is not None:
            return
        self._probe = self.bandwidth.want(rate, now)
        if self._probe is not None:
            self._probe_source, self._steps = source, 0
            self.pacer.on_wait()

    def work(self, now: float) -> bool:
        """Send what waits and is due. Whether more remains."""
        self.pacer.drain(now)
        if self._probe is not None and self._probe_source is not None:
            self._probe_step(self._probe, self._probe_source)
        return self.is_busy

    def _probe_step(self, probe: Probe, source: ProbeSource) -> None:
        steps = round(probe.length / STEP)
        self._steps = steps if probe.falters else self._steps + 1
        due = 0.0 if probe.falters else probe.octets * self._steps / steps
        while probe.sent < due and len(probe.numbers) < MOST_PROBE_PACKETS:
            made = source.probe(probe.size)
            if made is None or not made[1]:
                self._steps = steps
                break
            self.send(*made)
            probe.sent += len(made[0])
            probe.numbers.add(self._history.newest)
        if self._steps >= steps:
            probe.is_sent = True
            self._probe = self._probe_source = None
