"""Which layer flows: by page, path and publisher, entered at key frames."""

from sfu.negotiated import SendSection
from sfu.rtp import RtpPacket
from tests.sfu.streams import (
    EXTENSIONS,
    NOTHING,
    OPUS,
    Publisher,
    Source,
    Subscriber,
    assert_unbroken,
)


def test_it_starts_at_a_key_frame_of_the_best_layer() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    publisher.send("q", 10.0)
    assert subscriber.packets == []
    assert publisher.asked() == [1000]
    subscriber.run(publisher, 3)
    assert subscriber.track.current_quality == 2
    assert_unbroken(subscriber.packets)
    first = subscriber.packets[0]
    assert (first.ssrc, first.payload_type) == (subscriber.track.ssrc, 96)
    assert dict(first.extensions)[4] == b"7"
    assert len(dict(first.extensions)[3]) == 3


def test_switching_pausing_and_vanishing_layers_stay_unbroken() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 2)
    subscriber.track.set_maximum_quality(0)
    subscriber.run(publisher, 1)
    assert subscriber.track.current_quality == 0
    subscriber.track.set_maximum_quality(1)
    subscriber.run(publisher, 2)
    assert subscriber.track.current_quality == 1
    count = len(subscriber.packets)
    subscriber.track.set_paused(True)
    subscriber.run(publisher, 1)
    assert len(subscriber.packets) == count
    subscriber.track.set_paused(False)
    subscriber.track.set_maximum_quality(2)
    subscriber.run(publisher, 2)
    assert subscriber.track.current_quality == 2
    subscriber.run(publisher, 3, rids=("q", "h"))  # bandwidth fails at the publisher
    assert subscriber.track.current_quality == 1
    assert_unbroken(subscriber.packets)


def test_a_publisher_that_pauses_makes_nobody_switch() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 3)
    publisher.asked()
    for _ in range(20):  # a still screen: a picture of each layer every 1.2 seconds
        for rid in ("q", "h", "f"):
            publisher.send(rid, subscriber.now)
            subscriber.now += 0.01
            publisher.track.tick(subscriber.now)
        for _tick in range(23):
            subscriber.now += 0.05
            publisher.track.tick(subscriber.now)
    assert publisher.asked() == []
    assert subscriber.track.current_quality == 2


def test_what_is_granted_bounds_what_the_page_asks_for() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 3)
    track = subscriber.track
    assert not track.grant(2)
    assert not track.grant(1), "the smaller layer comes first"
    assert (track.maximum_quality, track.page_quality, track.current_quality) == (1, 2, 2)
    subscriber.run(publisher, 1)
    assert track.current_quality == 1
    assert track.grant(0, at_once=True)
    assert track.current_quality is None
    subscriber.run(publisher, 1)
    assert track.current_quality == 0
    assert track.grant(None)
    assert (track.is_paused, track.is_withheld) == (True, True)
    track.set_paused(True)
    track.grant(2)
    assert (track.is_paused, track.is_withheld) == (True, False)
    track.set_paused(False)
    subscriber.run(publisher, 3)
    assert track.current_quality == 2
    assert_unbroken(subscriber.packets)


def test_key_frame_requests_of_many_are_one() -> None:
    publisher = Publisher(rids=())
    subscribers = [Subscriber(publisher) for _ in range(10)]
    publisher.send("", 10.0)
    for subscriber in subscribers:
        for _ in range(40):
            subscriber.track.request_key_frame()
    assert publisher.asked() == [1000]


def test_a_layer_that_was_replaced_flows_until_the_first_key_frame_of_the_new_one() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 2)
    old, count = publisher.layers["f"], len(subscriber.packets)
    new = publisher.track.add_layer(2000, "f")
    publisher.send("f", subscriber.now)
    assert len(subscriber.packets) == count + 2, "what was under way"
    under_way = list(publisher.sources["f"].picture_packets())
    publisher.layers["f"], publisher.sources["f"] = new, Source(2000, 7)
    publisher.send("f", subscriber.now, key=True)
    assert len(subscriber.packets) == count + 4
    for packet in under_way:
        publisher.track.take(old, packet, NOTHING, subscriber.now, 1)
    assert len(subscriber.packets) == count + 4, "too late"
    subscriber.run(publisher, 1)
    assert subscriber.track.current_quality == 2
    assert_unbroken(subscriber.packets)


def test_sound_goes_over_to_the_new_stream_with_its_first_packet() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    subscriber = Subscriber(publisher, SendSection("0", "audio", OPUS, EXTENSIONS))
    old = publisher.layers[""]
    packets = [RtpPacket(111, False, number, 0, 1000, b"%d" % number) for number in range(3)]
    publisher.track.take(old, packets[0], NOTHING, 10.0, 1)
    publisher.track.drop_layer(old)
    publisher.track.take(old, packets[1], NOTHING, 10.02, 1)
    publisher.track.take(publisher.track.add_layer(2000, ""), packets[2], NOTHING, 10.04, 1)
    assert [packet.payload for packet in subscriber.packets] == [b"0", b"1", b"2"]
