"""The demo on a real livekit-server, by settings alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rooms.livekit_cluster import LiveKitCluster
from rooms.livekit_key import LiveKitKey
from signaling.settings import DEMO_SECRET
from tests.browser.service import Service, free_port, start
from tests.livekit_server import livekit_nodes


@dataclass
class Installation:
    """media: for looking at the cluster from outside the service."""

    service: Service
    media: LiveKitCluster


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[Installation]:
    """Skips the test where livekit-server is not built."""
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/livekit/webhook"
    async with livekit_nodes(1, webhook=webhook, key="hemmaplan", secret=DEMO_SECRET) as (url,):
        settings = {"HEMMAPLAN_PORT": str(port), "HEMMAPLAN_MEDIA_URL": url}
        service = await asyncio.to_thread(start, folder, settings)
        media = LiveKitCluster(url, LiveKitKey("hemmaplan", DEMO_SECRET), lambda: datetime.now(UTC))
        try:
            yield Installation(service, media)
        finally:
            await media.close()
            await asyncio.to_thread(service.stop)
