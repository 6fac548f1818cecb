"""Data channels opened by either side, and what waits for one that does not read. Over loopback."""

from sfu.data_channels import MOST_LOSSY, MOST_RELIABLE
from sfu.udp_port import UdpPort
from tests.sfu.client import Call, until


async def test_data_channels_of_the_client(call: Call) -> None:
    channel = call.client.open("_reliable")
    await until(lambda: "open: _reliable" in call.listener.events and channel.readyState == "open")
    channel.send(b"there")
    assert call.peer.send_data("_reliable", b"and back")
    assert not call.peer.send_data("_lossy", b"nobody opened this")
    await until(lambda: bool(call.listener.messages) and bool(call.client.messages))
    assert call.listener.messages == [("_reliable", b"there")]
    assert call.client.messages == [("_reliable", b"and back")]


async def test_data_channels_opened_by_the_server(port: UdpPort) -> None:
    call = Call(port)
    call.peer.open_channel("_reliable")
    call.peer.open_channel("_lossy", ordered=False, max_retransmits=0)
    assert call.peer.send_data("_reliable", b"early")
    assert not call.peer.send_data("_lossy", b"early")
    await call.connect()
    await until(lambda: len(call.listener.events) == 3)
    await until(lambda: call.client.messages == [("_reliable", b"early")])
    assert set(call.listener.events[1:]) == {"open: _reliable", "open: _lossy"}
    assert call.peer.send_data("_lossy", b"x" * 20_000)
    await until(lambda: len(call.client.messages) == 2)
    await call.close()


async def test_a_consumer_that_stops_reading_is_bounded_and_told(call: Call) -> None:
    for label, retransmits in (("_reliable", None), ("_lossy", 0)):
        channel = call.client.open(label, max_retransmits=retransmits)
        await until(lambda channel=channel: channel.readyState == "open")  # type: ignore[misc]
    call.client.server = ("127.0.0.1", 9)  # nothing the client sends arrives any more
    taken = sum(call.peer.send_data("_reliable", bytes(50_000)) for _ in range(60))
    lossy = sum(call.peer.send_data("_lossy", bytes(15_000)) for _ in range(60))
    assert taken * 50_000 <= MOST_RELIABLE + 50_000
    assert lossy * 15_000 <= MOST_LOSSY + 15_000
    assert call.listener.events.count("slow: _reliable") == 1
    assert "slow: _lossy" not in call.listener.events
