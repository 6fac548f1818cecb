"""A link of 200 kbit/s for a while, ``[up|down]``: the share of sound packets lost in it; bar 1 %.

up: the link of one who publishes, towards the server. down: the server's towards one who watches. Told besides: when
video first yielded (a second in which the link threw next to nothing away; bar 3 s), when it last had to, and when it
was back after the link was (it carries four fifths of what it did before; bar 10 s).
"""

import itertools
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.net.namespaces import network, run
from bench.net.scene import Scene, show

RATE = "200kbit"
SQUEEZED, AFTERWARDS = 30.0, 20.0  # seconds
CALM = 15.0  # seconds for the estimates to rise first
LOST_BAR = 0.01
EVERY = 0.25
BACK = 0.8


@dataclass(frozen=True, slots=True)
class Count:
    """Of a device, so far. at: monotonic seconds."""

    at: float
    octets: int
    dropped: int


def read(namespace: str, device: str) -> Count:
    (about,) = json.loads(run("ip", "-n", namespace, "-j", "-s", "link", "show", "dev", device))
    queues = json.loads(run("tc", "-n", namespace, "-j", "-s", "qdisc", "show", "dev", device))
    return Count(time.monotonic(), about["stats64"]["tx"]["bytes"], sum(queue.get("drops", 0) for queue in queues))


def rates(counts: Sequence[Count], *, over: int = 4) -> list[tuple[float, float]]:
    """(when, bit/s of the last `over` steps)."""
    return [(late.at, (late.octets - early.octets) * 8 / (late.at - early.at))
            for early, late in zip(counts, counts[over:], strict=False)]  # fmt: skip


def yielded(counts: Sequence[Count], begun: float) -> tuple[float, float]:
    """Seconds until the first second in which the link threw away no more than two packets, and until it last did more.

    A second may begin at each step; what the last of them threw away went in its first step, as the next was calm.
    """
    seconds = zip(counts, counts[1:], counts[round(1 / EVERY) :], strict=False)
    falls = [(early.at, next_.at, late.dropped - early.dropped) for early, next_, late in seconds]
    first = next((start - begun for start, _, dropped in falls if dropped <= 2), float("inf"))
    heavy = [end - begun for _, end, dropped in falls if dropped > 2]
    return max(0.0, first), heavy[-1] if heavy else 0.0


def measure(way: str) -> dict[str, float | list[float]]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        scene = Scene(net)
        scene.start_server()
        scene.meet(clients, large=True)
        namespace, device = (clients[0], "c0") if way == "up" else (net.server, "s1")
        listener = scene.seats[1 if way == "up" else 0]
        time.sleep(CALM - 4)
        calm = [read(namespace, device)]
        time.sleep(4)
        calm.append(read(namespace, device))
        ((_, usual),) = rates(calm, over=1)
        before = scene.sound(listener)
        net.limit(namespace, device, RATE)
        squeezed = time.monotonic()
        counts = _watch(namespace, device, SQUEEZED)
        sound = scene.sound(listener).since(before)
        net.lift(namespace, device)
        lifted = time.monotonic()
        after = _watch(namespace, device, AFTERWARDS)
        back = next((at - lifted for at, rate in rates(after) if rate >= BACK * usual), float("inf"))
        first, last = yielded(counts, squeezed)
        return {
            "lost": sound.share_lost,
            "concealed": sound.share_concealed,
            "yielded": first,
            "last_overflow": last,
            "back": back,
            "usual": usual / 1000,
            "squeezed": [round(rate / 1000) for _, rate in rates(counts)[::4]],
            "dropped": [late.dropped - early.dropped for early, late in itertools.pairwise(counts[::4])],
            "afterwards": [round(rate / 1000) for _, rate in rates(after)[::4]],
        }


def _watch(namespace: str, device: str, seconds: float) -> list[Count]:
    until = time.monotonic() + seconds
    counts = []
    while time.monotonic() < until:
        counts.append(read(namespace, device))
        time.sleep(EVERY)
    return counts


if __name__ == "__main__":
    way = sys.argv[1] if len(sys.argv) > 1 else "up"
    figures = measure(way)
    lost = figures.pop("lost")
    assert isinstance(lost, float)
    show(f"200 kbit/s {way}", LOST_BAR, lost, **figures)
