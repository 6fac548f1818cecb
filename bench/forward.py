"""What forwarding costs: CPU microseconds of the media server per packet sent out, at 1, 2, 4 and 8 rooms of six."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.accounting import usage
from bench.figures import Spread, percentile, spread
from bench.load import joined
from bench.machine import activity, load_average
from bench.media_server import Command, cores, pinned, running

ROOMS = (1, 2, 4, 8)
LEAST_DELIVERED = 0.99


@dataclass(frozen=True, slots=True)
class Plan:
    """rooms: counts to measure, in turn. repeats: rounds over all of them. Times in seconds."""

    rooms: Sequence[int] = ROOMS
    repeats: int = 5
    warm_up: float = 2.0
    verify: float = 1.0
    measure: float = 5.0

    def rounds(self) -> list[list[int]]:
        """The counts of each round; each begins with another, so that none always follows the same."""
        return [[*self.rooms[i % len(self.rooms) :], *self.rooms[: i % len(self.rooms)]] for i in range(self.repeats)]


@dataclass(frozen=True, slots=True)
class Window:
    """One measurement, with a server and clients of its own.

    microseconds: the server's CPU time per packet it sent and that arrived. packets_out: a second. delivered: share of
    the packets that should have arrived; worst: the same, of one track at one receiver. delay_median, delay_p95: ms
    from a client's send to the other's receipt, with the generator's tick of 1 ms in them, while all was decrypted.
    server, generator: share of a core; idle: the server's before any media, with everyone joined. user: part of the
    server's CPU time outside the kernel. waits: times the server slept, per packet out. resident: MiB. lateness: ms,
    the most by which the generator sent late. others: cores that other processes used meanwhile. stolen: cores taken by
    the host.
    """

    rooms: int
    microseconds: float
    packets_out: float
    delivered: float
    worst: float
    delay_median: float
    delay_p95: float
    server: float
    idle: float
    user: float
    waits: float
    resident: float
    generator: float
    lateness: float
    others: float
    stolen: float
    load_average: float


@dataclass(frozen=True, slots=True)
class Row:
    """All windows of one number of rooms. growth: the median in terms of that at the fewest rooms."""

    rooms: int
    microseconds: Spread
    growth: float
    windows: list[Window]


async def measure(plan: Plan, command: Command, log: Path, tell: Callable[[str], None]) -> list[Row]:
    """Raises NotDelivered rather than give a figure of a load that was not there."""
    windows: list[Window] = []
    server_core, generator_core = cores()
    with pinned(generator_core):
        for number, counts in enumerate(plan.rounds(), 1):
            for rooms in counts:
                window = await _window(plan, command, rooms, log, server_core)
                windows.append(window)
                tell(
                    f"forward {number}/{plan.repeats}: {rooms} rooms {window.microseconds:.2f} us a packet, "
                    f"{window.delivered:.2%} delivered, server {window.server:.0%}, generator {window.generator:.0%}"
                )
    return rows(windows)


async def _window(plan: Plan, command: Command, rooms: int, log: Path, server_core: int | None) -> Window:
    async with running(command, log, server_core) as server, joined(server.access, rooms) as load:
        before = usage(server.pid)
        await load.idle(1.0)
        idle = usage(server.pid).since(before).cpu
        await load.run(plan.warm_up)
        checked, delays = await load.verify(plan.verify)
        checked.demand(LEAST_DELIVERED)
        used_before, own_before, all_before = usage(server.pid), time.process_time(), activity()
        delivery = await load.run(plan.measure)
        used = usage(server.pid).since(used_before)
        own = time.process_time() - own_before
        machine = activity().since(all_before)
    delivery.demand(LEAST_DELIVERED)
    return Window(
        rooms=rooms,
        microseconds=used.cpu / delivery.received * 1e6,
        packets_out=delivery.received / plan.measure,
        delivered=delivery.share,
        worst=delivery.worst,
        delay_median=statistics.median(delays) * 1e3,
        delay_p95=percentile(delays, 95) * 1e3,
        server=used.cpu / delivery.lasted,
        idle=idle,
        user=used.user_share,
        waits=used.waits / delivery.received,
        resident=used.resident,
        generator=own / delivery.lasted,
        lateness=delivery.lateness * 1e3,
        others=max(0.0, (machine.busy - used.cpu - own) / delivery.lasted),
        stolen=machine.stolen / delivery.lasted,
        load_average=load_average(),
    )


def rows(windows: Sequence[Window]) -> list[Row]:
    """By number of rooms, fewest first."""
    counts = sorted({window.rooms for window in windows})
    by_count = {count: [window for window in windows if window.rooms == count] for count in counts}
    spreads = {count: spread([window.microseconds for window in by_count[count]]) for count in counts}
    return [
        Row(count, spreads[count], spreads[count].median / spreads[counts[0]].median, by_count[count])
        for count in counts
    ]
