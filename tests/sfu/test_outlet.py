"""Numbers, repairs within bounds, probes."""

from sfu.outlet import LEAST_REPAIRS, REPAIR_BURST, Outlet
from sfu.pacer import STEP
from sfu.rtcp import TransportFeedback


class Bench:
    """Also a source of probes."""

    def __init__(self) -> None:
        self.now = 5.0
        self.sent: list[tuple[bytes, int, int]] = []
        self.made = 0
        self.outlet = Outlet(lambda *packet: self.sent.append(packet), lambda: self.now)

    def probe(self, size: int) -> tuple[bytes, int] | None:
        self.made += 1
        return bytes(size), 17


def test_numbered_packets_are_counted_and_others_pass() -> None:
    bench = Bench()
    bench.outlet.send(b"a" * 20, 17)
    bench.outlet.send(b"b" * 20, 0)
    bench.outlet.send(b"c" * 20, 18)
    assert [(at, number) for _, at, number in bench.sent] == [(17, 1), (0, 0), (18, 2)]


def test_repairs_have_a_share_of_the_path() -> None:
    bench = Bench()
    bench.outlet.bandwidth.estimate = 100_000
    bench.now += 10
    taken = sum(bench.outlet.repair(bytes(1000), 17) for _ in range(100))
    assert taken == LEAST_REPAIRS / 8 * REPAIR_BURST // 1000
    assert all(bench.outlet.repair(bytes(1000), 0) for _ in range(10)), "without feedback there is no measure"


def test_a_probe_goes_out_in_steps() -> None:
    bench = Bench()
    outlet = bench.outlet
    started = []
    outlet.pacer.on_wait = lambda: started.append(bench.now)
    outlet.send(bytes(100), 17)
    outlet.probe(3e6, [bench], bench.now)
    assert not started, "this client has told nothing yet"
    outlet.bandwidth.take(TransportFeedback(1, 1, 1, 0, 0, (0,)), bench.now)
    outlet.probe(3e6, [], bench.now)
    outlet.probe(3e6, [bench], bench.now)
    assert started
    rounds = 0
    while outlet.work(bench.now):
        bench.now += STEP
        rounds += 1
    assert rounds == 5
    probe = outlet.bandwidth.prober.active
    assert probe is not None
    assert probe.is_sent
    assert len(probe.numbers) == bench.made
    assert probe.sent >= 2.5e6 * 0.03 / 8


def test_a_source_that_fails_ends_the_probe() -> None:
    class Dry:
        def probe(self, size: int) -> None:  # noqa: ARG002  a source's signature
            return None

    bench = Bench()
    bench.outlet.send(bytes(100), 17)
    bench.outlet.bandwidth.take(TransportFeedback(1, 1, 1, 0, 0, (0,)), bench.now)
    bench.outlet.probe(3e6, [Dry()], bench.now)
    assert not bench.outlet.work(bench.now)
