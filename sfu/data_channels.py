"""A client's data channels over aiortc's SCTP: messages by label, and bounds on what waits where nobody reads."""

from collections import Counter
from typing import Protocol

from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from sfu.dtls import Dtls
from sfu.negotiation import MAX_MESSAGE_SIZE, SCTP_PORT

MOST_LOSSY = 64 << 10  # bytes waiting on a lossy channel before new messages are dropped
MOST_RELIABLE = 1 << 20  # bytes waiting on a reliable channel before its consumer counts as slow


class ChannelHandler(Protocol):
    """Who gets what comes on channels."""

    def channel_open(self, label: str) -> None: ...

    def data(self, label: str, payload: bytes) -> None: ...

    def slow(self, label: str) -> None: ...


class DataChannels:
    """All of one client. faults: counts of what was survived, by kind. is_closed: no handler is called any more."""

    def __init__(self, dtls: Dtls, handler: ChannelHandler, faults: Counter[str]) -> None:
        self.faults = faults
        self.is_closed = False
        self._handler = handler
        self._sctp = RTCSctpTransport(dtls)
        self._sctp.on("datachannel", self._channel_came)
        self._channels: dict[str, RTCDataChannel] = {}
        self._slow: set[str] = set()
        self._early: dict[str, list[bytes]] = {}  # reliable messages for a channel of ours that is still opening

    async def start(self) -> None:
        """Once there are keys."""
        await self._sctp.start(RTCSctpCapabilities(maxMessageSize=MAX_MESSAGE_SIZE), SCTP_PORT)

    async def stop(self) -> None:
        await self._sctp.stop()

    def open(self, label: str, *, ordered: bool, max_retransmits: int | None) -> None:
        """Open a channel from our side; the opening waits for the association where that is not up."""
        parameters = RTCDataChannelParameters(label=label, ordered=ordered, maxRetransmits=max_retransmits)
        channel = RTCDataChannel(self._sctp, parameters)
        channel.on("open", lambda: self._channel_opened(label))
        self._keep(channel)

    def send(self, label: str, payload: bytes) -> bool:
        """Queue a message. False when there is no such channel, it is not open yet and lossy, or its buffer is full."""
        channel = self._channels.get(label)
        if channel is None or channel.readyState not in ("open", "connecting") or len(payload) > MAX_MESSAGE_SIZE:
            return False
        lossy = channel.maxRetransmits is not None or channel.maxPacketLifeTime is not None
        is_open = channel.readyState == "open"
        if lossy and not is_open:
            return False
        if self.buffered(label) + len(payload) > (MOST_LOSSY if lossy else MOST_RELIABLE):
            if lossy:
                self.faults["lossy data dropped"] += 1
            elif label not in self._slow:
                self._slow.add(label)
                self._handler.slow(label)
            return False
        if is_open:
            channel.send(payload)
        else:
            self._early.setdefault(label, []).append(payload)
        return True

    def buffered(self, label: str) -> int:
        """Bytes that wait on a channel."""
        channel = self._channels.get(label)
        early = sum(map(len, self._early.get(label, ())))
        return early + (int(channel.bufferedAmount) if channel is not None else 0)

    def _channel_opened(self, label: str) -> None:
        for payload in self._early.pop(label, ()):
            self._channels[label].send(payload)
        if not self.is_closed:
            self._handler.channel_open(label)

    def _channel_came(self, channel: RTCDataChannel) -> None:
        self._keep(channel)
        if not self.is_closed:
            self._handler.channel_open(channel.label)

    def _keep(self, channel: RTCDataChannel) -> None:
        label = channel.label
        self._channels[label] = channel
        channel.on("message", lambda message: self._message_came(label, message))

    def _message_came(self, label: str, message: bytes | str) -> None:
        payload = message.encode() if isinstance(message, str) else message
        if len(payload) > MAX_MESSAGE_SIZE:
            self.faults["message too long"] += 1
        elif not self.is_closed:
            self._handler.data(label, payload)
