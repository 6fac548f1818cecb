"""Network namespaces to break things in: a server and clients, each client on a link of its own.

Nothing outside the namespaces is touched, and nothing in them reaches outside. A link is a pair of virtual Ethernet
devices, or, where there shall be delay, a pair of tunnels with `bench.net.delay` between them.
"""

import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

TOOLS = ("ip", "nft", "tc")
_CLONE_NEWNET = 0x40000000


class NoNamespaces(Exception):
    """For the operator: why no namespaces can be had here."""


def unavailable() -> str | None:
    """Why there can be no namespaces, None where there can."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)} (Debian: iproute2, nftables)"
    probe = f"hpprobe{secrets.token_hex(2)}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode:
        return "this machine allows no network namespaces"
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return None


def run(*command: str) -> str:
    """Raises NoNamespaces with what the command said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNamespaces(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def inside(namespace: str, work: Callable[[], T]) -> T:
    """Do it in a thread of that namespace; a socket made there belongs there for ever after."""
    results: list[T] = []
    failures: list[BaseException] = []

    def body() -> None:
        try:
            with Path(f"/run/netns/{namespace}").open("rb") as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            results.append(work())
        except BaseException as failure:  # noqa: BLE001  handed to the caller
            failures.append(failure)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


class Network:
    """One server namespace and any number of clients. Use as a context manager; everything is gone at its end.

    server: the server namespace's name. Client number n has 10.231.n.2, its server side 10.231.n.1.
    """

    def __init__(self) -> None:
        self._tag = f"hp{secrets.token_hex(3)}"
        self.server = f"{self._tag}s"
        self.clients: list[str] = []
        self._namespaces: list[str] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        if (why := unavailable()) is not None:
            raise NoNamespaces(why)
        self._add(self.server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.kill()
            process.wait()
        for name in self._namespaces:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def _add(self, name: str) -> None:
        run("ip", "netns", "add", name)
        self._namespaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    @staticmethod
    def server_address(number: int) -> str:
        return f"10.231.{number}.1"

    def add_client(self, *, delay: float = 0.0) -> str:
        """A namespace with a link to the server. delay: seconds each way. Its name."""
        number = len(self.clients) + 1
        name = f"{self._tag}c{number}"
        self._add(name)
        self.clients.append(name)
        ours, theirs = f"s{number}", "c0"
        if delay:
            for namespace, device in ((self.server, ours), (name, theirs)):
                run("ip", "-n", namespace, "tuntap", "add", "dev", device, "mode", "tun")
            self._start_relay(name, ours, theirs, delay)
        else:
            run("ip", "-n", self.server, "link", "add", ours, "type", "veth", "peer", theirs, "netns", name)
        run("ip", "-n", self.server, "addr", "add", f"10.231.{number}.1/24", "dev", ours)
        run("ip", "-n", name, "addr", "add", f"10.231.{number}.2/24", "dev", theirs)
        for namespace, device in ((self.server, ours), (name, theirs)):
            # Datagrams sent as one run are parted on their way out, as on a real network, and lost one by one.
            run("ip", "-n", namespace, "link", "set", device, "gso_max_segs", "1")
            run("ip", "-n", namespace, "link", "set", device, "up")
        via = ("dev", theirs) if delay else ("via", f"10.231.{number}.1")
        run("ip", "-n", name, "route", "add", "default", *via)
        return name

    def _start_relay(self, client: str, ours: str, theirs: str, delay: float) -> None:
        import sys  # noqa: PLC0415  only here

        process = subprocess.Popen(
            [sys.executable, "-m", "bench.net.delay", self.server, ours, client, theirs, str(delay)],
            stdout=subprocess.PIPE,
        )
        self._processes.append(process)
        assert process.stdout is not None
        if process.stdout.readline().strip() != b"ready":
            raise NoNamespaces("the delay relay did not start")

    def move(self, client: str, *, delay_device: bool = False) -> None:
        """The client's address changes, as from Wi-Fi to a mobile network: the old one is gone at once."""
        number = self.clients.index(client) + 1
        run("ip", "-n", client, "addr", "del", f"10.231.{number}.2/24", "dev", "c0")
        run("ip", "-n", client, "addr", "add", f"10.231.{number}.3/24", "dev", "c0")
        via = ("dev", "c0") if delay_device else ("via", f"10.231.{number}.1")
        run("ip", "-n", client, "route", "replace", "default", *via)

    @staticmethod
    def filter(namespace: str, *rules: str) -> None:
        """Rules of nftables on the input hook: on output the sender would be told. Replaces those before."""
        lines = ["type filter hook input priority 0", "policy accept", *rules]
        chain = "\n".join(["table inet faults {", "chain input {", *lines, "}", "}", ""])
        text = f"table inet faults\ndelete table inet faults\n{chain}"
        subprocess.run(["ip", "netns", "exec", namespace, "nft", "-f", "-"], input=text.encode(), check=True)

    def lose(self, percent: int) -> None:
        """Loss both ways, on the media port's UDP and whatever else is UDP."""
        for namespace in self._namespaces:
            self.filter(namespace, f"meta l4proto udp numgen random mod 100 < {percent} drop")

    def block_udp(self, *ports: int) -> None:
        """No UDP into or out of the clients, or none to these ports of the server."""
        match = f"udp dport {{ {', '.join(map(str, ports))} }}" if ports else "meta l4proto udp"
        self.filter(self.server, f"{match} drop")

    @staticmethod
    def limit(namespace: str, device: str, rate: str) -> None:
        """What leaves by the device: tbf at this rate, such as ``200kbit``."""
        run("tc", "-n", namespace, "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate, "burst", "8kb",
            "latency", "300ms")  # fmt: skip

    @staticmethod
    def lift(namespace: str, device: str) -> None:
        """The opposite of `limit`."""
        run("tc", "-n", namespace, "qdisc", "del", "dev", device, "root")

    def start(self, namespace: str, *command: str, **options: object) -> "subprocess.Popen[bytes]":
        """A process in a namespace, killed at the end."""
        process: subprocess.Popen[bytes] = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command],
            **options,  # type: ignore[call-overload]  # passed on as they are
        )
        self._processes.append(process)
        return process


@contextlib.contextmanager
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


def is_open(namespace: str, port: int) -> bool:
    """Whether something in the namespace listens there."""

    def probe() -> bool:
        with socket.socket() as sock:
            sock.settimeout(0.5)
            return sock.connect_ex(("127.0.0.1", port)) == 0

    return inside(namespace, probe)
