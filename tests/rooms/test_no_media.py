"""A process without a media server says so to whoever asks."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rooms.media import Grant, MediaServer, MediaUnavailable
from rooms.no_media import NoMedia


async def test_every_call_is_refused() -> None:
    media: MediaServer = NoMedia()
    calls: tuple[Coroutine[Any, Any, object], ...] = (
        media.is_full(),
        media.create_room("r", max_participants=1, empty_timeout=timedelta(1)),
        media.delete_room("r"),
        media.list_rooms(),
        media.list_participants("r"),
        media.remove_participant("r", "p"),
        media.mute_microphone("r", "p"),
        media.update_participant("r", "p", name="", attributes={}),
        media.send_data("r", b"", topic="t"),
    )
    for call in calls:
        with pytest.raises(MediaUnavailable):
            await call
    with pytest.raises(MediaUnavailable):
        media.access_token(Grant("r", "p", "n"), datetime(2026, 11, 24, tzinfo=UTC))
