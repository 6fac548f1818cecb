"""The secret of join tokens is changed in its file: new tokens carry it, and those made before still open the door."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from rooms.livekit_key import LiveKitKey
from signaling import media_secret
from tests.conftest import FrozenClock

LIFE = timedelta(minutes=1)
OLD, NEW = "the old secret of at least 32 bytes", "the new secret of at least 32 bytes"


async def test_without_a_file_there_is_nothing_to_follow(clock: FrozenClock) -> None:
    await asyncio.wait_for(media_secret.follow(LiveKitKey("k", OLD), None, clock), 30)


async def test_a_new_secret_is_taken_up_and_a_bad_file_changes_nothing(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_secret, "LOOK_SECONDS", 0.01)
    file, key = tmp_path / "secret", LiveKitKey("k", OLD)
    used: asyncio.Queue[str] = asyncio.Queue()
    use = key.use

    def watched(secret: str, now: object) -> bool:
        used.put_nowait(secret)
        return use(secret, clock())

    monkeypatch.setattr(key, "use", watched)
    following = asyncio.get_running_loop().create_task(media_secret.follow(key, file, clock))

    async def looked(text: str) -> None:
        file.write_text(text, encoding="utf-8")
        async with asyncio.timeout(10):
            while await used.get() != text.strip():
                pass
            await used.get()  # and once more: the look before is over

    await looked("short")
    before = key.sign({}, clock(), LIFE)
    LiveKitKey("k", OLD).check(before, clock())
    await looked(f"{NEW}\n")
    LiveKitKey("k", NEW).check(key.sign({}, clock(), LIFE), clock())
    key.check(before, clock())
    following.cancel()
