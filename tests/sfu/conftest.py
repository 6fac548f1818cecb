"""A UDP port on loopback, and a client connected to it."""

from collections.abc import AsyncIterator

import pytest

from sfu.udp_port import UdpPort
from tests.sfu.client import Call


@pytest.fixture
async def port() -> AsyncIterator[UdpPort]:
    port = UdpPort(bind=["127.0.0.1"])
    port.open()
    yield port
    port.close()


@pytest.fixture
async def call(port: UdpPort) -> AsyncIterator[Call]:
    call = Call(port)
    await call.connect()
    yield call
    await call.close()
