"""A new secret for join tokens, taken up from its file while meetings go on."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from rooms.livekit_key import LiveKitKey

log = structlog.get_logger()

LOOK_SECONDS = 5.0


async def follow(key: LiveKitKey, path: Path | None, clock: Callable[[], datetime]) -> None:
    """Look at the file now and then, until cancelled; over at once without one. What cannot be used changes nothing.

    path: where `HEMMAPLAN_MEDIA_API_SECRET_FILE` points. clock: aware UTC.
    """
    if path is None:
        return
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            secret = await asyncio.to_thread(path.read_text, encoding="utf-8")
            if key.use(secret.strip(), clock()):
                log.info("media secret taken up")
        except (OSError, ValueError) as failure:
            log.error("media secret cannot be taken up; the old one stays", failure=type(failure).__name__)
