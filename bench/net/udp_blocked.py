"""UDP blocked: seconds from connect() to the other's picture and sound, ``[tcp|turn]``; bar 6 s.

turn: the media port's TCP is blocked as well, and only coturn on TCP 443 is left.
"""

import sys

from bench.net.namespaces import network
from bench.net.scene import MEDIA_PORT, Scene, show

BAR = 6.0


def measure(way: str) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        scene = Scene(net)
        if way == "turn":
            from bench.net.turn import start_coturn  # noqa: PLC0415  only where coturn is

            urls = start_coturn(net, scene.secret)
            scene.start_server("--turn-secret", scene.secret, *(word for url in urls for word in ("--turn-url", url)))
            for client in clients:
                net.filter(client, "meta l4proto udp drop")
            # What coturn relays comes from the server's own namespace.
            net.filter(
                net.server,
                'iifname "s*" meta l4proto udp drop',
                f'iifname "s*" tcp dport {MEDIA_PORT} drop',
            )
        else:
            scene.start_server()
            net.block_udp()
        first = scene.seat(clients[0])
        scene.until(lambda: first.when("published"), "the first has published")
        second = scene.seat(clients[1])
        scene.until(scene.all_seen, "everybody sees and hears everybody")
        begun = second.when("connecting")
        assert begun is not None
        return {what: second.arrivals[what, first.identity][0] - begun for what in ("picture", "sound")}


if __name__ == "__main__":
    way = sys.argv[1] if len(sys.argv) > 1 else "tcp"
    times = measure(way)
    show(f"UDP blocked, over {way}", BAR, max(times.values()), **times)
