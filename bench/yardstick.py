"""How fast the machine is right now: CPU microseconds for sending one packet of a fixed size, and nothing else.

A virtual machine's cores slow down with their neighbours. Beside each figure stands what the cheapest thing a
forwarding server must do cost at that moment, so that figures of different hours and machines can be compared.
"""

import socket
import statistics
import time

SIZE = 1050
_SENDS = 4000
_ROUNDS = 9


def sending() -> float:
    """CPU microseconds of one `sendto` of SIZE bytes over loopback to a socket that nobody reads, in Python."""
    payload = bytes(SIZE)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source,
    ):
        sink.bind(("127.0.0.1", 0))
        address = sink.getsockname()
        send = source.sendto
        rounds = []
        for _ in range(_ROUNDS):
            start = time.thread_time_ns()
            for _ in range(_SENDS):
                send(payload, address)
            rounds.append((time.thread_time_ns() - start) / _SENDS / 1000)
    return statistics.median(rounds)
