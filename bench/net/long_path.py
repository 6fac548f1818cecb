"""A path of 300 ms there and back: seconds from connect() to the other's picture and sound; bar 4 s."""

import sys

from bench.net.namespaces import network
from bench.net.scene import Scene, show

BAR = 4.0


def measure(round_trip: float) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client(delay=round_trip / 2)]
        scene = Scene(net)
        scene.start_server()
        first = scene.seat(clients[0])
        scene.until(lambda: first.when("published"), "the first has published")
        second = scene.seat(clients[1])
        scene.until(scene.all_seen, "everybody sees and hears everybody")
        begun, connected = second.when("connecting"), second.when("connected")
        assert begun is not None
        assert connected is not None
        times = {what: second.arrivals[what, first.identity][0] - begun for what in ("picture", "sound")}
        return {**times, "connected": connected - begun}


if __name__ == "__main__":
    round_trip = float(sys.argv[1]) if len(sys.argv) > 1 else 0.3
    times = measure(round_trip)
    show(f"join at {round_trip * 1000:.0f} ms", BAR, max(times.values()), **times)
