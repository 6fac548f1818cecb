"""Erasing what is older than its time (gallring): the personal data of meetings, and the contents of the log.

Hemmaplan is no record system: what was decided stands in each principal's own journal and files, which keep it for as
long as their law says. When something may be erased here is for the principals to decide (arkivlagen 1990:782 section
10); until they have, nothing is. The log is kept at least `audit.log.RETENTION` (HSLF-FS 2016:40 4:9), and its tree
always.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from audit.canonical import Scalar
from audit.events import Event, EventType, written_time
from audit.log import AuditUnavailable, Log
from db.engine import DatabaseFailure
from rooms.retention_store import RetentionRows
from rooms.store import Store

log = structlog.get_logger()

LEAST = timedelta(days=30)
"""Of a meeting: its links, and questions about it, outlive it by some days."""
FIRST_SECONDS = 60.0
LOOK_SECONDS = 3600.0
BY_ITSELF = "the service"


class TooEarly(ValueError):
    """For the operator: what is asked for is younger than it must be."""


class Retention:
    """meetings, entries: how long personal data of meetings and the contents of the log are kept by `run`; None: until
    somebody erases them by hand."""

    def __init__(
        self,
        store: Store,
        rows: RetentionRows,
        audit: Log,
        clock: Callable[[], datetime],
        *,
        meetings: timedelta | None = None,
        entries: timedelta | None = None,
    ) -> None:
        self._store = store
        self._rows = rows
        self._audit = audit
        self._clock = clock
        self._meetings = meetings
        self._entries = entries

    async def due(self, age: timedelta) -> int:
        """How many meetings over for longer than that still hold personal data. Raises TooEarly."""
        return await self._rows.count(self._before(age))

    async def erase(self, age: timedelta, operator: str) -> int:
        """Empty them, saying so in the log first; how many. Nobody's seat or link is among them: they are over.

        Raises TooEarly, AuditUnavailable: then nothing was erased.
        """
        before = self._before(age)
        number = await self._rows.count(before)
        if number == 0:
            return 0
        details: dict[str, Scalar] = {"before": written_time(before), "meetings": number, "operator": operator[:64]}
        await self._audit.append(Event(EventType.MEETINGS_ERASED, details=details))
        erased = 0
        while due := await self._rows.due(before):
            for meeting in due:
                async with self._store.exclusive(meeting):
                    erased += await self._rows.empty(meeting, before, self._clock())
        await self._rows.forget_people()
        return erased

    async def run(self) -> None:
        """Erase what is due by the installation's settings, every hour, until cancelled; nothing where none is set."""
        if self._meetings is None and self._entries is None:
            return
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.look()
            except (AuditUnavailable, DatabaseFailure) as failure:
                log.error("not erased; tried again in an hour", failure=type(failure).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Once. Raises AuditUnavailable, DatabaseFailure."""
        async with self._rows.alone():
            if self._meetings is not None and (erased := await self.erase(self._meetings, BY_ITSELF)):
                log.info("meetings erased", meetings=erased)
            if self._entries is None:
                return
            before = self._clock() - self._entries
            if entries := await self._audit.erase(before, operator=BY_ITSELF):
                log.info("log erased", entries=entries)
            while await self._rows.remove(before):
                pass

    def _before(self, age: timedelta) -> datetime:
        if age < LEAST:
            raise TooEarly(f"a meeting is kept at least {LEAST.days} days")
        return self._clock() - age
