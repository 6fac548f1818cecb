"""What forwarding costs: CPU microseconds of the media server per packet sent out, at 1, 2, 4 and 8 rooms of six."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.accounting import usage
from bench.client import Client, Refused
from bench.connection import NotConnected
from bench.figures import Spread, percentile, spread
from bench.load import Load, NewParticipant, NotDelivered, joined
from bench.machine import activity, load_average
from bench.media_server import Command, MediaServer, cores, pinned, running
from bench.yardstick import sending

ROOMS = (1, 2, 4, 8)
LEAST_DELIVERED = 0.99


@dataclass(frozen=True, slots=True)
class Plan:
    """rooms: counts to measure, in turn. repeats: rounds over all of them. Times in seconds.

    feedback: receivers tell of each packet's arrival (transport-wide), from which servers estimate what the path
    carries; they then begin with less than everything, so the warm-up goes on until all is delivered.
    """

    rooms: Sequence[int] = ROOMS
    repeats: int = 5
    warm_up: float = 2.0
    verify: float = 1.0
    measure: float = 5.0
    feedback: bool = False
    longest_warm_up: float = 25.0

    def rounds(self) -> list[list[int]]:
        """The counts of each round; each begins with another, so that none always follows the same."""
        return [[*self.rooms[i % len(self.rooms) :], *self.rooms[: i % len(self.rooms)]] for i in range(self.repeats)]


@dataclass(frozen=True, slots=True)
class Window:
    """One measurement, with a server and clients of its own.

    microseconds: the server's CPU time per packet it sent and that arrived. yardstick: `bench.yardstick.sending` on
    the server's core just before. packets_out: a second. delivered: share of
    the packets that should have arrived; worst: the same, of one track at one receiver. delay_median, delay_p95: ms
    from a client's send to the other's receipt, with the generator's tick of 1 ms in them, while all was decrypted.
    starved: part of the time in which the server waited for its core, which another process had.
    server, generator: share of a core; idle: the server's before any media, with everyone joined. user: part of the
    server's CPU time outside the kernel. waits: times the server slept, per packet out. resident: MiB. lateness: ms,
    the most by which the generator sent late. others: cores that other processes used meanwhile. stolen: cores taken by
    the host.
    """

    rooms: int
    microseconds: float
    yardstick: float
    packets_out: float
    delivered: float
    worst: float
    delay_median: float
    delay_p95: float
    server: float
    starved: float
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
    """All windows of one number of rooms.

    growth: the median in terms of that at the fewest rooms. refused: why there is no figure, where any window of this
    number was not fully delivered; microseconds and growth are then None.
    """

    rooms: int
    microseconds: Spread | None
    growth: float | None
    windows: list[Window]
    refused: list[str]


async def measure(plan: Plan, command: Command, log: Path, tell: Callable[[str], None]) -> list[Row]:
    """Gives no figure for a number of rooms whose load was not there; that is told instead."""
    windows: dict[int, list[Window]] = {rooms: [] for rooms in plan.rooms}
    refused: dict[int, list[str]] = {rooms: [] for rooms in plan.rooms}
    server_core, generator_core = cores()
    with pinned(generator_core):
        for number, counts in enumerate(plan.rounds(), 1):
            for rooms in counts:
                title = f"forward {number}/{plan.repeats}: {rooms} rooms"
                try:
                    found = await window(plan, rooms, running(command, log, server_core), server_core)
                except (NotDelivered, NotConnected, Refused) as failure:
                    refused[rooms].append(str(failure))
                    tell(f"{title}: no figure: {failure}")
                    continue
                windows[rooms].append(found)
                tell(f"{title} {told(found)}")
    return summarise(windows, refused)


def told(found: Window) -> str:
    """A line for the terminal."""
    return (
        f"{found.microseconds:.2f} µs a packet (yardstick {found.yardstick:.2f}), {found.delivered:.2%} delivered, "
        f"server {found.server:.0%} (starved {found.starved:.0%}), generator {found.generator:.0%}"
    )


async def window(
    plan: Plan,
    rooms: int,
    serving: AbstractAsyncContextManager[MediaServer],
    server_core: int | None,
    participant: NewParticipant = Client,
) -> Window:
    """One measurement of one server, with clients of its own. Raises NotDelivered, NotConnected or Refused."""
    with pinned(server_core):
        yardstick = sending()
    async with serving as server, joined(server.access, rooms, participant=participant, feedback=plan.feedback) as load:
        before = usage(server.pid)
        await load.idle(1.0)
        idle = usage(server.pid).since(before).cpu
        await _warm_up(load, plan)
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
        yardstick=yardstick,
        packets_out=delivery.received / plan.measure,
        delivered=delivery.share,
        worst=delivery.worst,
        delay_median=statistics.median(delays) * 1e3,
        delay_p95=percentile(delays, 95) * 1e3,
        server=used.cpu / delivery.lasted,
        starved=used.starved / delivery.lasted,
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


async def _warm_up(load: Load, plan: Plan) -> None:
    delivery = await load.run(plan.warm_up)
    start = time.monotonic()
    while plan.feedback and delivery.share < LEAST_DELIVERED and time.monotonic() - start < plan.longest_warm_up:
        delivery = await load.run(plan.warm_up)


def summarise(windows: Mapping[int, Sequence[Window]], refused: Mapping[int, Sequence[str]]) -> list[Row]:
    """By number of rooms, fewest first."""
    rows: list[Row] = []
    for rooms in sorted(windows):
        good = [window.microseconds for window in windows[rooms]]
        figure = spread(good) if good and not refused[rooms] else None
        base = next((row.microseconds for row in rows if row.microseconds is not None), figure)
        growth = figure.median / base.median if figure is not None and base is not None else None
        rows.append(Row(rooms, figure, growth, list(windows[rooms]), list(refused[rooms])))
    return rows
