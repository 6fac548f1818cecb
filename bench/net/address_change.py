"""A client's address changes in mid-call, ``[round trip in seconds] [page]``: seconds until picture and sound are back
both ways; bar 3 s at 50 ms. page: the one who moves is real Chromium.
"""

import random
import sys
import time

from bench.net.namespaces import network
from bench.net.scene import Scene, longest_gap_end, show

BAR = 3.0


def measure(round_trip: float, *, page: bool = False) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(delay=round_trip / 2), net.add_client()]
        scene = Scene(net)
        scene.start_server()
        scene.meet(clients, pages=clients[:1] if page else ())
        # libwebrtc looks at the machine's addresses every two seconds: at any moment between.
        time.sleep(random.uniform(0.0, 2.0))
        fault = time.monotonic()
        net.move(clients[0], delay_device=bool(round_trip))
        back = scene.back_after(fault, watch=20)
        mover = scene.seats[0].identity
        ways = {"to_mover": [], "from_mover": []}  # type: dict[str, list[float]]
        for seat, what, whose in scene.everything():
            end = longest_gap_end([at for at in seat.arrivals[what, whose] if at > fault - 5], fault)
            ways["from_mover" if whose == mover else "to_mover"].append(end - fault)
        return back | {way: max(times) for way, times in ways.items()}


if __name__ == "__main__":
    round_trip = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
    is_page = "page" in sys.argv
    times = measure(round_trip, page=is_page)
    name = f"address change at {round_trip * 1000:.0f} ms{', Chromium' if is_page else ''}"
    show(name, BAR, max(times.values()), **times)
