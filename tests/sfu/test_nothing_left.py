"""Who has left leaves nothing behind: not in the server's tables, and not in memory."""

import gc
from collections import Counter

from aiortc.rtcsctptransport import RTCSctpTransport

from bench.client import Access
from bench.load import joined
from sfu.association import Association
from sfu.connection import Connection
from sfu.down_track import DownTrack
from sfu.dtls import Dtls
from sfu.membership import Membership
from sfu.participant import Participant
from sfu.peer import Peer
from sfu.publication import Publication
from sfu.room import Room
from sfu.transport import Transport
from sfu.up_track import UpTrack
from signaling.livekit_session import LivekitSession
from signaling.outbox import Outbox
from tests.sfu.sdk_client import KEY, SECRET, eventually, media_host

KINDS = (
    *(Room, Participant, Membership, Connection, Peer, Transport, Association, Publication, UpTrack, DownTrack),
    *(LivekitSession, Outbox, RTCSctpTransport, Dtls),
)


def alive() -> Counter[str]:
    """How many there are of each kind."""
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if type(one) in KINDS)


async def test_who_has_left_leaves_nothing() -> None:
    before = alive()
    async with media_host() as host:
        server = host.server
        for later in (60, 120):
            async with joined(Access(host.http, KEY, SECRET), rooms=1, size=3) as load:
                await load.run(0.3)
                there = alive()
                assert there["Peer"] - before["Peer"] == 3
                assert there["DownTrack"] - before["DownTrack"] == 12
                vanished, *_ = load.clients
                await vanished.vanish()
                # What the minutes do to one who does not come back.
                server.tick(server.monotonic() + later, server.clock())
            await eventually(lambda: not server.memberships, what="everybody out")
            for room in tuple(server.rooms):
                server.finish(room)
            server.tick(server.monotonic() + later + 30, server.clock())  # what counts packets forgets them too
            await eventually(lambda: alive() - before == Counter(), what=f"{alive() - before} still there")
            assert not server.port._by_ufrag
