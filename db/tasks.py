"""Background tasks with an owner: asyncio keeps only a weak reference, and an exception in one can pass unseen."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

import structlog

log = structlog.get_logger()


class Tasks:
    """Holds tasks until they end. `close` cancels what is left and waits for it. At most `limit` at once.

    failed: of all owners together, for the operator.
    """

    failed: ClassVar[int] = 0

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        if len(self._running) >= self._limit:
            work.close()
            raise RuntimeError("too many background tasks")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            Tasks.failed += 1
            # The exception's own text may hold input; its type and place are enough to find it.
            log.error("background task failed", task=task.get_name(), failure=type(failure).__name__)

    async def close(self) -> None:
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
