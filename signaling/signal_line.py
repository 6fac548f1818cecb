"""One WebSocket of a client, sent on and ended within bounds, and a budget for what comes in on it."""

import asyncio
from time import monotonic

import structlog
from aiohttp import web

log = structlog.get_logger()

SEND_TIMEOUT = 10.0  # seconds one message may take to leave
CLOSE_TIMEOUT = 3.0
MESSAGES_PER_SECOND = 50.0
MESSAGE_BURST = 300.0
MESSAGE_UNIT = 16 * 1024  # bytes that count as another message
DESCRIPTION_FACTOR = 3  # a description's bytes count so often again: they are read line by line, and answered


class Line:
    """One socket, with bounded ways to send on it and to end it."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket = socket
        self._transport = transport

    async def send(self, data: bytes) -> bool:
        """False when it could not be sent in time, or the socket is gone."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await self.socket.send_bytes(data)
        except TimeoutError:
            log.warning("slow signalling consumer")
            return False
        except (ConnectionError, RuntimeError):
            return False
        return True

    async def close(self, code: int, message: bytes) -> None:
        """Politely, but not for long; then cut."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.socket.close(code=code, message=message)
        except (TimeoutError, ConnectionError, RuntimeError):
            self.cut()

    def cut(self) -> None:
        """End it without a close frame."""
        # Not asked by class: uvloop's transports are no subclass of asyncio's.
        if self._transport is not None:
            self._transport.abort()


class Budget:
    """A token bucket of messages; large ones cost more, since they are more work."""

    def __init__(self) -> None:
        self._left = MESSAGE_BURST
        self._at = monotonic()

    def take(self, size: int) -> bool:
        """Whether a message of this many bytes is within it."""
        now = monotonic()
        self._left = min(MESSAGE_BURST, self._left + (now - self._at) * MESSAGES_PER_SECOND)
        self._at = now
        self._left -= 1 + size / MESSAGE_UNIT
        return self._left >= 0

    def take_description(self, size: int) -> bool:
        """The same for what a session description costs besides."""
        return self.take(DESCRIPTION_FACTOR * size)
