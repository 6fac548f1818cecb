"""Taking a copy of the log out, so that anyone can verify it with the public key and `hemmaplan audit verify`.

One JSON object a line. The first is the header: format, origin, public keys, the checkpoint the copy is up to, and
the meeting it is narrowed
to. A whole export has every entry with its salt and payload, and every signed checkpoint after the last entry it
covers. An export of one
meeting has that meeting's entries alone, each with its proof of inclusion in the header's checkpoint: it shows
nothing of anybody else.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from audit.reader import Reader
from audit.rows import Row, Search
from audit.tree import Coordinates, plan_inclusion
from audit.verify import FORMAT


async def export(reader: Reader, meeting: str | None = None) -> AsyncIterator[str]:
    """The lines of an export, each with its newline. The caller has logged it (`EventType.AUDIT_EXPORTED`).

    Raises AuditUnavailable.
    """
    latest = await reader.latest()
    yield _line(
        {
            "format": FORMAT,
            "origin": reader.origin,
            "keys": [str(key) for key in reader.signer.trusted],
            "size": latest.size,
            "checkpoint": latest.note,
            "meeting": meeting,
        }
    )
    lines = _whole(reader, latest.size) if meeting is None else _of_meeting(reader, meeting, latest.size)
    async for line in lines:
        yield line


async def _whole(reader: Reader, size: int) -> AsyncIterator[str]:
    checkpoints = reader.store.all_checkpoints()
    checkpoint = await anext(checkpoints, None)
    async for row in reader.store.all_rows():
        if row.entry.seq >= size:
            break
        while checkpoint is not None and checkpoint.size <= row.entry.seq:
            yield _line({"checkpoint": checkpoint.note})
            checkpoint = await anext(checkpoints, None)
        at = (0, row.entry.seq)
        yield _entry(row, (await reader.store.hashes([at])).get(at))
    while checkpoint is not None and checkpoint.size <= size:
        yield _line({"checkpoint": checkpoint.note})
        checkpoint = await anext(checkpoints, None)


async def _of_meeting(reader: Reader, meeting: str, size: int) -> AsyncIterator[str]:
    for row in await reader.store.search(Search(meeting=meeting)):
        if row.entry.seq < size:
            plan = plan_inclusion(row.entry.seq, size)
            at: Coordinates = (0, row.entry.seq)
            found = await reader.store.hashes([at, *plan.nodes])
            # A damaged tree is exported as it is: the verifier says what is wrong with it.
            proof = plan.build(lambda node, found=found: found.get(node, bytes(32)))  # type: ignore[misc]  # bound now
            yield _entry(row, found.get(at), proof)


def _entry(row: Row, leaf: bytes | None, proof: list[bytes] | None = None) -> str:
    entry = row.entry
    item: dict[str, Any] = {
        "seq": entry.seq,
        "envelope": _text(entry.envelope),
        "salt": None if entry.salt is None else entry.salt.hex(),
        "payload": None if entry.payload is None else _text(entry.payload),
        "leaf": (leaf or entry.leaf).hex(),
    }
    if proof is not None:
        item["proof"] = [digest.hex() for digest in proof]
    return _line({"entry": item})


def _text(data: bytes) -> str:
    # What somebody has spoilt need not be UTF-8; it must come out, and not fit its hash.
    return data.decode("utf-8", "replace")


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
