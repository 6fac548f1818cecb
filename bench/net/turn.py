"""coturn with `deploy/coturn.conf` in the server's namespace, and the drop-in a machine gives it."""

import subprocess
from pathlib import Path

from bench.net.namespaces import Network

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "coturn.conf"
TLS_PORT = 443
PORT = 3478
PROGRAM = "turnserver"


def command(secret: str, address: str, folder: Path, *, allowed: tuple[str, ...] = ()) -> list[str]:
    """The tested file, with what it leaves to the machine: secret, addresses, certificate. folder: for its database."""
    return [
        PROGRAM,
        *("-c", str(CONFIGURATION), "--static-auth-secret", secret, "--realm", "turn.test"),
        *("--listening-ip", address, "--relay-ip", address, "--userdb", str(folder / "turndb")),
        *("--pidfile", str(folder / "turn.pid")),
        *(f"--allowed-peer-ip={peer}" for peer in allowed),
    ]


def start_coturn(network: Network, secret: str) -> list[str]:
    """Start it in the server's namespace, where the media server's addresses are its only allowed peers. URLs."""
    import tempfile  # noqa: PLC0415  only here

    folder = Path(tempfile.mkdtemp(prefix="hemmaplan-turn-"))
    addresses = tuple(network.server_address(number + 1) for number in range(len(network.clients)))
    network.start(
        network.server,
        *command(secret, addresses[0], folder, allowed=addresses),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return [f"turn:{addresses[0]}:{TLS_PORT}?transport=tcp", f"turn:{addresses[0]}:{PORT}?transport=tcp"]
