"""Two nodes on one database: one collects, the other takes over when it dies, and clocks that differ change nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from auth.bankid import BankIdClient, Collected
from auth.identification import Identifications
from auth.lease import Leases
from tests.auth.conftest import ANNA, BROWSER, FLOW, KARIN, House


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def other(house: House, seconds: Seconds) -> AsyncIterator[Identifications]:
    """Another node, whose clock is five minutes fast."""
    node = Identifications(
        bankid=house.identifications._bankid,
        rows=house.rows,
        people=house.people,
        sessions=house.sessions,
        invitations=house.links,
        audit=house.log,
        vault=house.vault,
        clock=lambda: house.clock() + timedelta(minutes=5),
        origin="http://localhost:8080",
        collect_seconds=0.02,
        leases=Leases(house.rows, monotonic=seconds),
    )
    yield node
    await node.close()


async def test_one_of_two_nodes_asks_bankid(
    house: House, other: Identifications, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = 0
    most = 0
    collect = BankIdClient.collect

    async def counted(client: BankIdClient, order_ref: str) -> Collected:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        try:
            return await collect(client, order_ref)
        finally:
            asking -= 1

    monkeypatch.setattr(BankIdClient, "collect", counted)
    started = await house.identifications.start(BROWSER, link="karins-link")
    for _ in range(5):  # a holder that lives moves its counter; a minute passes
        await house.identifications._collector.look()
        await other._collector.look()
        seconds.now += 11
    assert other._collector.live == {}
    house.simulator.approve(KARIN.number, auto_start_token=started.auto_start_token)
    # The browser's requests reach whichever node the proxy likes.
    for _ in range(3000):
        status = await other.status(started.transaction, FLOW, "sv")
        if status.status != "pending":
            break
        await asyncio.sleep(0.01)
    assert (status.status, status.next) == ("complete", "/meetings/meeting-1")
    assert status.cookie is not None
    assert most == 1
    assert house.log.types().count("identification.completed") == 1


async def test_another_node_takes_over_when_the_holder_dies(
    house: House, other: Identifications, seconds: Seconds
) -> None:
    started = await house.identifications.start(BROWSER)
    await house.identifications._collector._tasks.close()  # dead: nothing is released
    await other._collector.look()
    seconds.now += 11.9
    await other._collector.look()
    assert other._collector.live == {}
    seconds.now += 0.2
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    await other._collector.look()
    await asyncio.wait_for(other._collector.live[started.transaction].done.wait(), 30)
    assert (await other.status(started.transaction, FLOW, "sv")).status == "complete"


async def test_a_node_that_stops_in_order_leaves_its_orders_at_once(house: House, other: Identifications) -> None:
    started = await house.identifications.start(BROWSER)
    await house.identifications.close()
    await other._collector.look()
    assert started.transaction in other._collector.live


async def test_a_holder_thought_dead_lets_go_when_it_wakes(
    house: House, other: Identifications, seconds: Seconds
) -> None:
    started = await house.identifications.start(BROWSER)
    await other._collector.look()
    seconds.now += 60
    await other._collector.look()
    assert started.transaction in other._collector.live
    await house.identifications._collector.look()
    assert started.transaction not in house.identifications._collector.live


async def test_cancelled_at_one_node_is_dropped_at_the_other(house: House, other: Identifications) -> None:
    started = await house.identifications.start(BROWSER)
    await other.cancel(started.transaction, FLOW)
    await house.identifications._collector.look()
    assert house.identifications._collector.live == {}
    assert (await house.identifications.status(started.transaction, FLOW, "sv")).hint == "cancelled"


async def test_coming_back_at_the_other_node_is_heard(house: House, other: Identifications) -> None:
    started = await house.identifications.start(BROWSER, same_device=True)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    status, _ = await other.returned(started.transaction, other.nonce(started.transaction), FLOW, "sv")
    assert (status.status, status.next) == ("complete", "/today")
