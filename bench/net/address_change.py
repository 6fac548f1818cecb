"""A client's address changes in mid-call: seconds until picture and sound are back both ways; bar 3 s at 50 ms."""

import random
import sys
import time

from bench.net.namespaces import network
from bench.net.scene import Scene, show

BAR = 3.0


def measure(round_trip: float) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(delay=round_trip / 2), net.add_client()]
        scene = Scene(net)
        scene.start_server()
        scene.meet(clients)
        # libwebrtc looks at the machine's addresses every two seconds: at any moment between.
        time.sleep(random.uniform(0.0, 2.0))
        fault = time.monotonic()
        net.move(clients[0], delay_device=bool(round_trip))
        return scene.back_after(fault, watch=20)


if __name__ == "__main__":
    round_trip = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
    times = measure(round_trip)
    show(f"address change at {round_trip * 1000:.0f} ms", BAR, max(times.values()), **times)
