"""Which node collects which order, where several share one database: one at a time, and another when it dies.

A final answer of BankID's is given once, so two collectors would rob each other. The holder of an order moves a counter
in its row every few seconds. Another node that has seen the counter stand still for longer takes the order over,
whatever the clocks say: they may differ, and only the looker's own monotonic seconds count.
"""

import time
from collections.abc import Callable, Collection

from auth.randomness import new_id
from auth.store import Identification, IdentificationRows

BEAT_SECONDS = 3.0
STILL_SECONDS = 12.0


class Leases:
    """The orders of one node. still_seconds: how long a counter must stand still before its order is taken."""

    def __init__(
        self,
        rows: IdentificationRows,
        *,
        still_seconds: float = STILL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node = new_id()
        self._rows = rows
        self._still_seconds = still_seconds
        self._monotonic = monotonic
        self._seen: dict[str, tuple[str, int, float]] = {}

    async def keep(self, held: Collection[str]) -> frozenset[str]:
        """Move the counters of these; gives those that are pending and still this node's."""
        return await self._rows.beat(self.node, held)

    async def take_over(self, held: Collection[str]) -> list[Identification]:
        """Those nobody collects any more, from now on this node's. held: what it has in hand already."""
        now, seen, taken = self._monotonic(), dict[str, tuple[str, int, float]](), list[Identification]()
        for row in await self._rows.pending():
            if row.id in held:
                continue
            holder, beat, since = self._seen.get(row.id, ("", -1, now))
            if (holder, beat) != (row.collector, row.beat):
                since = now
            seen[row.id] = (row.collector, row.beat, since)
            left = row.collector == ""
            if (left or now - since >= self._still_seconds) and await self._rows.take(row, self.node):
                taken.append(row)
        self._seen = seen
        return taken

    async def release(self) -> None:
        """Leave everything to the others, or to the next process."""
        await self._rows.release(self.node)
