"""Loss both ways, ``<percent>``: share of sound that had to be invented, and whether everybody is still connected.

Bars: at 10 % at most 2 % concealed; at 30 % still connected.
"""

import sys
import time

from bench.net.namespaces import network
from bench.net.scene import Scene, show

SECONDS = 20.0
CONCEALED_BAR = 0.02


def measure(percent: int) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        scene = Scene(net)
        scene.start_server()
        scene.meet(clients)
        before = [scene.sound(seat) for seat in scene.seats]
        net.lose(percent)
        begun = time.monotonic()
        time.sleep(SECONDS)
        after = [scene.sound(seat) for seat in scene.seats]
        lost = sum(event["event"] in ("reconnecting", "disconnected") for seat in scene.seats for event in seat.events)
        pictures = [
            sum(at > begun for at in seat.arrivals[what, whose]) / SECONDS
            for seat, what, whose in scene.everything()
            if what == "picture"
        ]
        net.lose(0)
        heard = [late.since(early) for early, late in zip(before, after, strict=True)]
        concealed = max(sound.share_concealed for sound in heard)
        return {"concealed": concealed, "interruptions": lost, "frames_per_second": min(pictures)}


if __name__ == "__main__":
    percent = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    result = measure(percent)
    show(f"{percent} % loss", CONCEALED_BAR if percent <= 10 else None, result.pop("concealed"), **result)
