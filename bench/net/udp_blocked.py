"""UDP blocked: seconds from connect() to the other's picture and sound; bar 6 s.

``[tcp|turn-tcp|turn-udp|turn-tls] [page]``. tcp: TCP to the media port. The others: nothing reaches the media port, and
only coturn is left, over TCP or UDP on 3478 or over TLS on 443. page: the one who is measured is real Chromium; always
with TLS, since the SDK trusts no certificate but the world's.
"""

import sys

from bench.net.namespaces import network
from bench.net.scene import MEDIA_PORT, Scene, show
from bench.net.turn import PORT, start_coturn

BAR = 6.0
WAYS = ("tcp", "turn-tcp", "turn-udp", "turn-tls")


def measure(way: str, *, page: bool = False) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        scene = Scene(net)
        if way == "tcp":
            scene.start_server()
            net.block_udp()
        else:
            url, scene.trusted = start_coturn(net, scene.secret, way.removeprefix("turn-"))
            scene.start_server("--turn-secret", scene.secret, "--turn-url", url)
            open_to = f"udp sport {PORT} accept" if way == "turn-udp" else ""
            for client in clients:
                net.filter(client, *filter(None, (open_to, "meta l4proto udp drop")))
            # What coturn relays comes from the server's own namespace.
            net.filter(
                net.server,
                *([f'iifname "s*" udp dport {PORT} accept'] if way == "turn-udp" else []),
                'iifname "s*" meta l4proto udp drop',
                f'iifname "s*" tcp dport {MEDIA_PORT} drop',
            )
        if way == "turn-tls":
            # The first is only to be seen and heard: it stands beside the server, where nothing is blocked.
            net.filter(clients[0])
            net.filter(
                net.server, *(f'iifname "s2" {rule} drop' for rule in ("meta l4proto udp", f"tcp dport {MEDIA_PORT}"))
            )
        first = scene.seat(clients[0])
        scene.until(lambda: first.when("published"), "the first has published")
        second = scene.seat(clients[1], page=page or way == "turn-tls")
        scene.until(scene.all_seen, "everybody sees and hears everybody")
        begun = second.when("connecting")
        assert begun is not None
        return {what: second.arrivals[what, first.identity][0] - begun for what in ("picture", "sound")}


if __name__ == "__main__":
    way = sys.argv[1] if len(sys.argv) > 1 else "tcp"
    if way not in WAYS:
        sys.exit(f"one of {', '.join(WAYS)}")
    is_page = "page" in sys.argv or way == "turn-tls"
    times = measure(way, page=is_page)
    show(f"UDP blocked, over {way}{', Chromium' if is_page else ''}", BAR, max(times.values()), **times)
