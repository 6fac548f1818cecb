"""Delays every packet between two tunnels: ``python -m bench.net.delay <namespace> <device> <namespace> <device> <s>``.

For kernels without netem. Works on whole IP packets, so UDP, TCP and everything else are delayed alike, in order.
"""

import asyncio
import fcntl
import os
import struct
import sys
from collections import deque

from bench.net.namespaces import inside

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
LONGEST = 65536
MOST_WAITING = 5000  # packets; more are lost, as in any queue


def open_tunnel(namespace: str, device: str) -> int:
    """The file descriptor of a device made by ``ip tuntap add``."""

    def open_here() -> int:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
        return descriptor

    return inside(namespace, open_here)


class Direction:
    """Packets from one tunnel to another, `delay` seconds later."""

    def __init__(self, source: int, target: int, delay: float) -> None:
        self._source, self._target, self._delay = source, target, delay
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(source, self._readable)

    def _readable(self) -> None:
        due = self._loop.time() + self._delay
        for _ in range(64):
            try:
                packet = os.read(self._source, LONGEST)
            except BlockingIOError:
                break
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append((due, packet))
        if self._timer is None and self._waiting:
            self._timer = self._loop.call_at(self._waiting[0][0], self._pass_on)

    def _pass_on(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            try:
                os.write(self._target, self._waiting.popleft()[1])
            except OSError:
                continue  # the device is down, or full: lost
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0][0], self._pass_on)


async def relay(one: int, other: int, delay: float) -> None:
    directions = [Direction(one, other, delay), Direction(other, one, delay)]
    print("ready", flush=True)
    await asyncio.Event().wait()
    directions.clear()


if __name__ == "__main__":
    first, second = open_tunnel(sys.argv[1], sys.argv[2]), open_tunnel(sys.argv[3], sys.argv[4])
    asyncio.run(relay(first, second, float(sys.argv[5])))
