"""What a process of ours holds in memory, searched for bytes (Linux: /proc/<pid>/mem)."""

import re
from collections.abc import Iterable
from pathlib import Path

CHUNK = 16 * 1024 * 1024


def found_in_memory(pid: int, needles: Iterable[bytes]) -> set[bytes]:
    """Which of `needles` stand anywhere in the writable memory of the process."""
    wanted = set(needles)
    overlap = max(map(len, wanted), default=1)
    found: set[bytes] = set()
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace")
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for first, last in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.MULTILINE):
            place, end = int(first, 16), int(last, 16)
            while place < end and wanted:
                try:
                    memory.seek(place)
                    part = memory.read(min(CHUNK + overlap, end - place))
                except (OSError, ValueError):
                    break  # a mapping that cannot be read, or is gone
                here = {one for one in wanted if one in part}
                found |= here
                wanted -= here
                place += CHUNK
    return found
