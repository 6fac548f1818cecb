"""coturn with `deploy/coturn.conf` in the server's namespace, and the drop-in a machine gives it."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.net.namespaces import Network

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "coturn.conf"
TLS_PORT = 443
PORT = 3478
PROGRAM = "turnserver"


def command(secret: str, addresses: Sequence[str], folder: Path, *, allowed: Sequence[str] = ()) -> list[str]:
    """How to start it. addresses: to relay from; the first is listened on. folder: for the file and what it writes.

    The file is made as compose.yaml makes it: the tested one, and after it what only this machine knows.
    """
    lines = [
        *("realm=turn.test", f"static-auth-secret={secret}", f"listening-ip={addresses[0]}"),
        *(f"relay-ip={address}" for address in addresses),
        *(f"allowed-peer-ip={peer}" for peer in allowed),
        *(f"userdb={folder / 'turndb'}", f"pidfile={folder / 'turn.pid'}"),
    ]
    file = folder / "coturn.conf"
    file.touch(mode=0o600)
    file.write_text("\n".join([CONFIGURATION.read_text(encoding="utf-8"), *lines, ""]), encoding="utf-8")
    return [PROGRAM, "-c", str(file)]


def start_coturn(network: Network, secret: str) -> list[str]:
    """Start it in the server's namespace, where the media server's addresses are its only allowed peers. URLs."""
    folder = Path(tempfile.mkdtemp(prefix="hemmaplan-turn-"))
    addresses = tuple(network.server_address(number + 1) for number in range(len(network.clients)))
    network.start(
        network.server,
        *command(secret, addresses[:1], folder, allowed=addresses),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return [f"turn:{addresses[0]}:{TLS_PORT}?transport=tcp", f"turn:{addresses[0]}:{PORT}?transport=tcp"]
