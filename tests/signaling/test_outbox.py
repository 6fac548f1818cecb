"""The queue of signal messages: in order, bounded, with a place at the head for what must be read first."""

from livekit.protocol.models import ParticipantInfo
from livekit.protocol.rtc import ParticipantUpdate, SignalResponse

from signaling.outbox import Outbox


def test_in_order_with_one_ahead() -> None:
    outbox = Outbox()
    woken = []
    outbox.wake = lambda: woken.append(1)
    outbox.put(SignalResponse(pong=1))
    outbox.put(SignalResponse(pong=2))
    outbox.put_first(SignalResponse(pong=3))
    taken = [SignalResponse.FromString(data).pong for data in iter(outbox.take, None)]
    assert taken == [3, 1, 2]
    assert len(woken) == 3
    assert outbox.size == 0


def test_past_its_limit_it_gives_up() -> None:
    outbox = Outbox(limit=100)
    for _ in range(3):
        outbox.put(SignalResponse(refresh_token="x" * 40))
    assert outbox.broken
    assert outbox.take() is None
    outbox.put(SignalResponse(pong=1))
    assert outbox.take() is None


def update(*people: tuple[str, int]) -> SignalResponse:
    told = [ParticipantInfo(sid=sid, version=version, name="x" * 40) for sid, version in people]
    return SignalResponse(update=ParticipantUpdate(participants=told))


def test_of_each_participant_the_newest_update_waits() -> None:
    outbox = Outbox(limit=400)
    outbox.put(update(("PA_a", 1), ("PA_b", 1)))
    for version in range(2, 200):
        outbox.put(update(("PA_a", version)))
        outbox.put(update(("PA_b", version)))
    outbox.put(SignalResponse(pong=1))
    assert not outbox.broken
    taken = [SignalResponse.FromString(data) for data in iter(outbox.take, None)]
    versions = [[(one.sid, one.version) for one in message.update.participants] for message in taken]
    assert versions == [[("PA_a", 1), ("PA_b", 1)], [("PA_a", 199)], [("PA_b", 199)], []]
    assert outbox.size == 0
