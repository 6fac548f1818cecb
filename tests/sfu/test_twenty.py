"""A full room: twenty who join, leave and come again, after which everybody receives everybody."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from sfu import membership, peer, transport
from tests.sfu.light_client import LightClient
from tests.sfu.sdk_client import MediaHost, SdkClient, eventually, media_host

pytestmark = pytest.mark.timeout(300)

LIGHT = 18
MOST_OCTETS = 64 * 1024  # of a description with twenty in the room
SPARE_SECTIONS = 12  # where six come before six have gone, with two tracks each


class Subscriber(SdkClient):
    """Receives what comes, and decodes nothing: forty decoders would be all that this measures."""

    def _subscribed(self, track: Any, _publication: Any, participant: Any) -> None:
        """Nothing is played."""


async def test_twenty_join_leave_and_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighteen scripted clients and two real ones, of each connection shape, who publish too."""
    for module, patience in ((membership, "MEDIA_GRACE"), (peer, "CONSENT_LIMIT"), (transport, "HANDSHAKE_LIMIT")):
        monkeypatch.setattr(module, patience, 600.0)  # the scripted ones have no media at all
    async with media_host() as host, aiohttp.ClientSession() as http:
        light = {f"p{number}": LightClient(host, f"p{number}") for number in range(LIGHT)}
        real = [Subscriber(host, "single"), Subscriber(host, "dual", single=False)]
        for client in real:
            await client.connect()
            await client.publish_audio()
        await asyncio.gather(*(client.join(http) for client in light.values()))
        await whole(host, light, real)
        for wave in range(3):
            leaving = [f"p{(wave * 5 + number) % LIGHT}" for number in range(6)]
            await asyncio.gather(*(light[name].leave() for name in leaving))
            for name in leaving:
                light[name] = LightClient(host, name)
            await asyncio.gather(*(light[name].join(http) for name in leaving))
            await whole(host, light, real)
        for one in light.values():
            assert not one.faults
            assert one.largest <= MOST_OCTETS
            # Its own two, data, and two of each other light one; the real ones publish sound alone.
            assert one.sections <= 3 + 2 * (LIGHT - 1) + len(real) + SPARE_SECTIONS, "sections are used again"
        for client in real:
            await client.close()
        await asyncio.gather(*(one.leave() for one in light.values()))
        await eventually(lambda: not host.server.memberships, what="the room is empty")


async def whole(host: MediaHost, light: dict[str, LightClient], real: Sequence[SdkClient]) -> None:
    try:
        await eventually(lambda: not lacking(host, light, real), seconds=90)
    except AssertionError:
        raise AssertionError(lacking(host, light, real)) from None


def lacking(host: MediaHost, light: dict[str, LightClient], real: Sequence[SdkClient]) -> str:
    """Who has not, on sections that stand, exactly the tracks of all others. Empty where nobody lacks anything."""
    room = host.server.rooms["r"]
    live = {name: {one.sid for one in who.publications.values() if one.live} for name, who in room.participants.items()}
    if len(live) != LIGHT + len(real) or sum(map(len, live.values())) != 2 * LIGHT + len(real):
        return f"{len(live)} are here with {sum(map(len, live.values()))} tracks"
    held = {name: {one.held[mid] for mid in one.live if mid in one.held} for name, one in light.items()}
    for client in real:
        held[client.identity] = {
            publication.sid
            for participant in client.room.remote_participants.values()
            for publication in participant.track_publications.values()
            if publication.track is not None
        }
    for name, tracks in held.items():
        others = set().union(*(sids for who, sids in live.items() if who != name))
        if tracks != others:
            return f"{name} lacks {len(others - tracks)} and has {len(tracks - others)} that are gone"
    return ""
