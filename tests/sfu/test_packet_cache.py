"""The cache holds the last packets and no more."""

import pytest

from sfu.arrived import Arrived
from sfu.packet_cache import SIZE, PacketCache
from sfu.rtp import RtpPacket
from sfu.up_layer import UpLayer
from tests.sfu.streams import NOTHING

LAYER = UpLayer(1, 90000)


def test_only_the_latest_stay_over_the_wrap() -> None:
    cache = PacketCache()
    for number in range(65_000, 65_000 + 3000):
        cache.put(Arrived(LAYER, RtpPacket(96, False, number & 0xFFFF, number, 1, b"%d" % number), NOTHING, 1.0))
    last = 65_000 + 2999
    kept = [number for number in range(65_000, last + 1) if cache.get(number & 0xFFFF) is not None]
    assert kept == list(range(last - SIZE + 1, last + 1))
    packet = cache.get(last & 0xFFFF)
    assert packet is not None
    assert packet.payload == b"%d" % last


def test_a_size_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(ValueError, match="power"):
        PacketCache(1000)
