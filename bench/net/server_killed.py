"""``kill -9`` of the server under a supervisor that starts it again: seconds until media is back; bar 5 s."""

import shlex
import subprocess
import time

from bench.net.namespaces import is_open, network
from bench.net.scene import PORT, Scene, show

BAR = 5.0


def measure() -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        scene = Scene(net)
        # What systemd does with Restart=always and RestartSec=0.1.
        command = shlex.join(scene.server_command())
        loop = f"while :; do {command} >/dev/null 2>&1 & echo $!; wait $!; sleep 0.1; done"
        supervisor = net.start(net.server, "bash", "-c", loop, stdout=subprocess.PIPE)
        assert supervisor.stdout is not None
        server = int(supervisor.stdout.readline())
        try:
            scene.until(lambda: is_open(net.server, PORT), "the server listens")
            scene.meet(clients)
            fault = time.monotonic()
            subprocess.run(["kill", "-9", str(server)], check=True)
            server = int(supervisor.stdout.readline())
            return scene.back_after(fault, watch=20)
        finally:
            supervisor.kill()
            subprocess.run(["kill", "-9", str(server)], check=False)


if __name__ == "__main__":
    times = measure()
    show("server killed", BAR, max(times.values()), **times)
