"""A media server and participants in namespaces, and what the participants saw and heard, and when."""

import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from livekit import api

from bench.net.namespaces import Network, inside

PORT, MEDIA_PORT, TURN_PORT = 7880, 7882, 3478
KEY = "net"
GAP = 0.35  # seconds without anything: an interruption, and not a frame that is late
PATIENCE = 60.0  # Chromium takes its time to start on a busy machine


class NotSeen(Exception):
    """For the operator: what was waited for in vain."""


@dataclass
class Seat:
    """A participant's process and what it has told. arrivals: by (what, whose), in order."""

    identity: str
    process: "subprocess.Popen[bytes]"
    events: list[dict[str, Any]] = field(default_factory=list)
    arrivals: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if "of" in event:
                self.arrivals.setdefault((event["event"], event["of"]), []).append(event["at"])
            else:
                self.events.append(event)

    def when(self, name: str) -> float | None:
        return next((float(event["at"]) for event in self.events if event["event"] == name), None)

    def ask(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()


@dataclass(frozen=True, slots=True)
class Sound:
    """concealed of total samples were made up by the receiver; lost and came: packets."""

    concealed: int
    total: int
    lost: int
    came: int

    def since(self, before: "Sound") -> "Sound":
        return Sound(self.concealed - before.concealed, self.total - before.total, self.lost - before.lost,
                     self.came - before.came)  # fmt: skip

    @property
    def share_concealed(self) -> float:
        return self.concealed / max(1, self.total)

    @property
    def share_lost(self) -> float:
        return max(0, self.lost) / max(1, self.lost + self.came)


class Scene:
    """A server in `network.server`, and participants one by one."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.secret = secrets.token_urlsafe(32)
        self.trusted = ""  # SPKI hash of a TURN server's key, for pages
        self.seats: list[Seat] = []

    def server_command(self, *more: str) -> list[str]:
        return [
            *(sys.executable, "-m", "signaling.media", "--host", "0.0.0.0", "--port", str(PORT)),
            *("--udp-port", str(MEDIA_PORT), "--key", KEY, "--secret", self.secret, *more),
        ]

    def start_server(self, *more: str) -> "subprocess.Popen[bytes]":
        process = self.network.start(
            self.network.server, *self.server_command(*more), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        while line := process.stdout.readline():
            if line.startswith(b"media server:"):
                threading.Thread(target=lambda: [None for _ in process.stdout or ()], daemon=True).start()
                return process
        raise NotSeen("the server did not start")

    def token(self, identity: str) -> str:
        grants = api.VideoGrants(room_join=True, room="room")
        return api.AccessToken(KEY, self.secret).with_identity(identity).with_grants(grants).to_jwt()

    def seat(self, client: str, *, address: str = "", large: bool = False, page: bool = False) -> Seat:
        """Start a participant in a client's namespace. Its connecting and what follows is told by itself.

        large: it publishes a picture worth some 600 kbit/s in two layers. page: it is real Chromium.
        """
        number = self.network.clients.index(client) + 1
        identity = f"p{number}"
        url = f"ws://{address or self.network.server_address(number)}:{PORT}"
        process = self.network.start(
            client,
            *(sys.executable, "-m", "bench.net.page" if page else "bench.net.participant", url, self.token(identity)),
            *((self.trusted,) if page else ("large",) if large else ()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        seat = Seat(identity, process)
        threading.Thread(target=seat.read, daemon=True).start()
        self.seats.append(seat)
        return seat

    def everything(self) -> list[tuple[Seat, str, str]]:
        """Each (seat, what, whose) that shall arrive."""
        return [
            (seat, what, other.identity)
            for seat in self.seats
            for other in self.seats
            if other is not seat
            for what in ("picture", "sound")
        ]

    def all_seen(self, after: float = 0.0) -> bool:
        """Whether everybody has seen and heard everybody since then."""
        return all(
            (times := seat.arrivals.get((what, whose))) and times[-1] > after for seat, what, whose in self.everything()
        )

    def until(self, condition: Callable[[], Any], what: str, *, seconds: float = PATIENCE) -> None:
        """Wait. Raises NotSeen."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise NotSeen(f"not within {seconds:.0f} s: {what}")
            time.sleep(0.05)

    def meet(self, clients: Sequence[str], *, large: bool = False, pages: Sequence[str] = ()) -> None:
        """Everybody in, everybody seen and heard, and a while of calm. pages: those of them that are Chromium."""
        for client in clients:
            self.seat(client, large=large, page=client in pages)
        self.until(self.all_seen, "everybody sees and hears everybody")
        time.sleep(2.0)

    def back_after(self, fault: float, *, watch: float) -> dict[str, float]:
        """Seconds from a fault to steady arrival, the slowest of all directions, by what; looked for in `watch` s.

        The end of the longest interruption counts. Raises NotSeen where something has not come back.
        """
        time.sleep(max(0.0, fault + watch - time.monotonic()))
        now = time.monotonic()
        slowest = {"picture": 0.0, "sound": 0.0}
        for seat, what, whose in self.everything():
            times = [at for at in seat.arrivals.get((what, whose), []) if at > fault - 5]
            if not times or now - times[-1] > 1.0:
                raise NotSeen(f"{seat.identity} has no {what} of {whose} {watch:.0f} s after the fault")
            slowest[what] = max(slowest[what], longest_gap_end(times, fault) - fault)
        return slowest

    def sound(self, seat: Seat) -> Sound:
        """What a participant has been given of the others' sound until now."""
        known = len(seat.events)
        seat.ask(b"stats")
        self.until(lambda: any(event["event"] == "stats" for event in seat.events[known:]), "figures of sound")
        last = next(event for event in reversed(seat.events) if event["event"] == "stats")
        return Sound(*(last[name] for name in ("concealed", "total", "lost", "came")))

    def udp_from_server(self) -> int:
        """Datagrams the server's namespace has received over UDP."""
        lines = inside(self.network.server, _snmp)
        names, values = (line.split()[1:] for line in lines if line.startswith("Udp:"))
        return int(dict(zip(names, values, strict=True))["InDatagrams"])


def longest_gap_end(times: Iterable[float], fault: float) -> float:
    """The end of the longest gap that ends after the fault; the fault itself where there is none.

    The longest and not the last: on a busy machine there are short ones at any time.
    """
    end, longest = fault, GAP
    before: float | None = None
    for at in times:
        if before is not None and at > fault and at - before > longest:
            end, longest = at, at - before
        before = at
    return end


def _snmp() -> list[str]:
    with open("/proc/thread-self/net/snmp", encoding="ascii") as file:  # noqa: PTH123  of this thread's namespace
        return file.readlines()


def show(name: str, bar: float | None, figure: float | None, **details: Any) -> None:
    """The script's one line."""
    reached = None if bar is None or figure is None else figure <= bar
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in details.items()}
    line = {"name": name, "figure": figure if figure is None else round(figure, 3), "bar": bar, "reached": reached}
    print(json.dumps({**line, **rounded}))
