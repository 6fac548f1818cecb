"""Janus' configuration; and, where Debian's package is, a room of the load generator's participants in it."""

from pathlib import Path

import pytest

from bench import janus
from bench.load import joined


def test_only_what_is_used_is_loaded(tmp_path: Path) -> None:
    libraries = tmp_path / "janus"
    for name in ("plugins/libjanus_videoroom.so", "plugins/libjanus_sip.so", "transports/libjanus_http.so"):
        (libraries / name).parent.mkdir(parents=True, exist_ok=True)
        (libraries / name).touch()
    folder = tmp_path / "settings"
    folder.mkdir()
    janus.configure(folder, 4711, libraries)
    text = (folder / "janus.jcfg").read_text()
    assert 'disable = "libjanus_sip.so"' in text
    assert 'disable = "libjanus_http.so"' in text
    assert "ws_port = 4711" in (folder / "janus.transport.websockets.jcfg").read_text()


@pytest.mark.skipif(not janus.is_installed(), reason="Debian's package janus is not installed")
async def test_everyone_gets_everyone(tmp_path: Path) -> None:
    async with (
        janus.running(tmp_path / "log") as server,
        joined(server.access, 1, 2, participant=janus.JanusParticipant) as load,
    ):
        delivery, delays = await load.verify(0.5)
    assert delivery.share > 0.9
    assert delays
