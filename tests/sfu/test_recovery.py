"""What an unmodified client goes through when its server or network does what simulated scenarios stand for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from sfu.tcp_port import TcpPort
from tests.sfu.browsers import CHROMIUM, CLIENT, Tab, chromium, page_routes, until
from tests.sfu.sdk_client import MediaHost, media_host
from tests.sfu.test_browsers import frames, join, sees_and_hears

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(360),
    pytest.mark.skipif(not CLIENT.exists(), reason="livekit-client is not in web/node_modules: npm ci"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host(extra=page_routes()) as running:
        yield running


@asynccontextmanager
async def meeting(host: MediaHost) -> AsyncIterator[tuple[Tab, Tab]]:
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(chromium())
        anna, bo = await opened.open(f"{host.http}/page"), await opened.open(f"{host.http}/page")
        for tab, name in ((anna, "anna"), (bo, "bo")):
            await join(host, tab, name, options={"singlePeerConnection": True})
        await sees_and_hears(anna, "bo")
        await sees_and_hears(bo, "anna")
        yield anna, bo


async def play(tab: Tab, scenario: str, *arguments: object) -> None:
    await tab.call("seen.events.splice(0)")
    given = json.dumps([scenario, *arguments])
    await tab.call(f"room.simulateScenario(...{given}).then(() => 1)")


async def recovered(anna: Tab, bo: Tab) -> None:
    """bo is back, and each sees the other's picture go on."""
    await until(bo, "seen.events.some((e) => e.startsWith('Reconnected')) && room.state === 'connected'")
    await until(
        anna, "room.remoteParticipants.has('bo') && room.remoteParticipants.get('bo').trackPublications.size > 1"
    )
    for tab, other in ((anna, "bo"), (bo, "anna")):
        count = await frames(tab, other)
        await until(tab, f"received({other!r}).then((r) => r.video?.frames > {count + 5})")


async def test_scenarios_that_a_client_recovers_from(host: MediaHost) -> None:
    async with meeting(host) as (anna, bo):
        for scenario, is_same in (
            ("disconnect-signal-on-resume", True),
            ("disconnect-signal-on-resume-no-messages", True),
            ("migration", False),
            ("leave-full-reconnect", False),
        ):
            before = host.server.member("r", "bo")
            await play(bo, scenario)
            await recovered(anna, bo)
            assert (host.server.member("r", "bo") is before) is is_same, scenario


async def test_a_client_is_moved_to_tcp_and_back_to_udp(host: MediaHost) -> None:
    async with meeting(host) as (anna, bo):
        pair = (
            "(async () => { const all = new Map(); (await room.engine.pcManager.publisher.getStats())"
            ".forEach((s) => all.set(s.id, s)); const t = [...all.values()].find((s) => s.type === 'transport');"
            " return all.get(all.get(t?.selectedCandidatePairId)?.localCandidateId)?.protocol; })()"
        )
        assert await bo.call(pair) == "udp"
        await play(bo, "force-tcp")
        await recovered(anna, bo)
        assert await bo.call(pair) == "tcp"
        tcp = host.server.tcp
        assert isinstance(tcp, TcpPort)
        await play(bo, "force-tls")
        await asyncio.sleep(0)
        await recovered(anna, bo)
        assert await bo.call(pair) == "tcp", "there is no TURN here: refused, and it stays where it was"


async def test_speaking_bandwidth_and_the_end(host: MediaHost) -> None:
    async with meeting(host) as (anna, bo):
        await bo.call("room.localParticipant.setMicrophoneEnabled(false).then(() => 1)")
        await until(anna, "!seen.speakers.includes('bo')")
        await play(bo, "speaker")
        await until(anna, "seen.speakers.includes('bo')")
        await until(anna, "!seen.speakers.includes('bo')")
        await until(bo, "received('anna').then((r) => r.video?.width >= 640)")
        # Room for the sound and the low layer with the margin it needs to begin again, and for no higher one.
        await play(bo, "subscriber-bandwidth", 350_000)
        await until(bo, "received('anna').then((r) => r.video?.width === 320)")
        await play(bo, "subscriber-bandwidth", 0)
        await until(bo, "received('anna').then((r) => r.video?.width >= 640)")
        await play(bo, "server-leave")
        await until(bo, "seen.events.includes('Disconnected:3')")  # SERVER_SHUTDOWN
        await until(anna, "seen.events.includes('ParticipantDisconnected:bo')")
