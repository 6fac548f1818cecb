"""Media servers side by side under one load: the embedded one, compiled and not, Janus of Debian, and LiveKit's own."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from bench import janus
from bench.client import Client, Refused
from bench.connection import NotConnected
from bench.figures import Spread, spread
from bench.forward import Plan, Window, told, window
from bench.load import NewParticipant, NotDelivered
from bench.media_server import COMPILED, COMPILED_IN, Command, DidNotStart, MediaServer, cores, pinned, running
from bench.session_description import BadAnswer

LIVEKIT = Path("build/bin/livekit-server")
_LIVEKIT_COMMAND = "{program} --keys '{{key}}: {{secret}}' --port {{port}} --udp-port {{udp_port}}"


@dataclass(frozen=True, slots=True)
class Engine:
    """A server that can be measured. serving: starts it, given its log and core."""

    name: str
    serving: Callable[[Path, int | None], AbstractAsyncContextManager[MediaServer]]
    participant: NewParticipant = Client


@dataclass(frozen=True, slots=True)
class Standing:
    """One server at one number of rooms.

    ratio: the median over the rounds of its figure in terms of the embedded server's in the same round. refused: why
    there is no figure, where any window was not fully delivered.
    """

    engine: str
    rooms: int
    microseconds: Spread | None
    ratio: float | None
    windows: list[Window]
    refused: list[str]


def engines() -> tuple[list[Engine], list[str]]:
    """Those that are here, the embedded one first, and in words which are not."""
    found, missing = [], []
    if COMPILED_IN.exists():
        found.append(Engine("embedded", lambda log, core: running(Command(COMPILED), log, core)))
    else:
        missing.append("the compiled media path is not built (make compiled): embedded is measured interpreted alone")
    found.append(Engine("interpreted" if found else "embedded", lambda log, core: running(Command(), log, core)))
    if janus.is_installed():
        found.append(Engine("Janus", janus.running, janus.JanusParticipant))
    else:
        missing.append("Janus is not installed (apt-get install janus): not measured")
    program = str(LIVEKIT.resolve()) if LIVEKIT.exists() else shutil.which(LIVEKIT.name)
    if program is not None:
        command = Command(_LIVEKIT_COMMAND.format(program=program))
        found.append(Engine("LiveKit", lambda log, core: running(command, log, core)))
    else:
        missing.append("livekit-server is not built (make livekit-server): not measured")
    return found, missing


async def measure(plan: Plan, servers: Sequence[Engine], folder: Path, tell: Callable[[str], None]) -> list[Standing]:
    """Rounds over all servers at each number of rooms; each round begins with another server."""
    windows: dict[tuple[str, int], dict[int, Window]] = {}
    refused: dict[tuple[str, int], list[str]] = {}
    server_core, generator_core = cores()
    with pinned(generator_core):
        for round_number in range(plan.repeats):
            for rooms in plan.rooms:
                first = round_number % len(servers)
                for engine in (*servers[first:], *servers[:first]):
                    title = f"media {round_number + 1}/{plan.repeats}: {rooms} rooms, {engine.name}"
                    serving = engine.serving(folder / f"media-{engine.name.lower()}.log", server_core)
                    try:
                        found = await window(plan, rooms, serving, server_core, engine.participant)
                    except (NotDelivered, NotConnected, Refused, DidNotStart, BadAnswer) as failure:
                        refused.setdefault((engine.name, rooms), []).append(str(failure))
                        tell(f"{title}: no figure: {failure}")
                        continue
                    windows.setdefault((engine.name, rooms), {})[round_number] = found
                    tell(f"{title}: {told(found)}")
    return [
        standing(engine.name, rooms, windows, refused.get((engine.name, rooms), []), servers[0].name)
        for rooms in plan.rooms
        for engine in servers
    ]


def standing(
    name: str,
    rooms: int,
    windows: Mapping[tuple[str, int], Mapping[int, Window]],
    refused: Sequence[str],
    base: str,
) -> Standing:
    """windows: by server and number of rooms, then by round."""
    own, others = windows.get((name, rooms), {}), windows.get((base, rooms), {})
    ratios = [own[number].microseconds / others[number].microseconds for number in own if number in others]
    return Standing(
        engine=name,
        rooms=rooms,
        microseconds=spread([one.microseconds for one in own.values()]) if own else None,
        ratio=spread(ratios).median if ratios else None,
        windows=list(own.values()),
        refused=list(refused),
    )
