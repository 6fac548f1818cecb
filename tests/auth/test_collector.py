"""Collecting: one task an order, patience with passing errors, the answer kept first, and going on after a restart."""

import asyncio

import pytest

from auth import collector
from auth.bankid import BankIdClient, BankIdError, Collected, Failure
from auth.errors import IdentificationUnavailable
from auth.identification import Identifications
from tests.auth.conftest import ANNA, BROWSER, FLOW, KARIN, House


def another_process(house: House) -> Identifications:
    """The same database and BankID, nothing in memory."""
    return Identifications(
        bankid=house.identifications._bankid,
        rows=house.rows,
        people=house.people,
        sessions=house.sessions,
        invitations=house.links,
        audit=house.log,
        vault=house.vault,
        clock=house.clock,
        origin="http://localhost:8080",
        collect_seconds=0.02,
    )


async def test_passing_errors_are_waited_out_and_429_is_obeyed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client = house.identifications._bankid
    collect, slept = client.collect, list[float]()
    errors = [
        BankIdError(failure, retry_after=retry_after)
        for failure, retry_after in (
            (Failure.TOO_MANY_REQUESTS, 7.0),
            (Failure.TOO_MANY_REQUESTS, 9000.0),
            (Failure.MAINTENANCE, None),
            (Failure.UNREACHABLE, None),
            (Failure.INTERNAL_ERROR, None),
            (Failure.REQUEST_TIMEOUT, None),
        )
    ]

    async def troubled(order_ref: str) -> Collected:
        if errors:
            raise errors.pop(0)
        return await collect(order_ref)

    sleep = asyncio.sleep

    async def short_sleep(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(client, "collect", troubled)
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", short_sleep)
        await asyncio.wait_for(house.identifications._collector.live[started.transaction].done.wait(), 30)
    assert (await house.identifications.status(started.transaction, FLOW, "sv")).status == "complete"
    assert 7.0 in slept
    assert max(slept) == collector.LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("failure", [Failure.INVALID_PARAMETERS, Failure.UNREADABLE, Failure.UNAUTHORIZED])
async def test_an_order_that_cannot_be_collected_ends(
    house: House, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    async def refuse(order_ref: str) -> Collected:
        raise BankIdError(failure)

    monkeypatch.setattr(house.identifications._bankid, "collect", refuse)
    started = await house.identifications.start(BROWSER)
    status = await house.settled(started.transaction)
    assert (status.status, status.hint) == ("failed", "internalError")
    assert house.log.reasons()[-1] == failure.value


async def test_bankid_gone_for_minutes_is_a_timeout(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(order_ref: str) -> Collected:
        raise BankIdError(Failure.UNREACHABLE)

    monkeypatch.setattr(house.identifications._bankid, "collect", refuse)
    started = await house.identifications.start(BROWSER)
    house.clock.advance(seconds=201)
    status = await house.settled(started.transaction)
    assert (status.status, status.hint) == ("failed", "expiredTransaction")


async def test_one_task_asks_however_many_tabs_do(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client = house.identifications._bankid
    collect, asking, most = client.collect, 0, 0

    async def counted(order_ref: str) -> Collected:
        nonlocal asking, most
        asking += 1
        most = max(most, asking)
        try:
            return await collect(order_ref)
        finally:
            asking -= 1

    monkeypatch.setattr(client, "collect", counted)
    started = await house.identifications.start(BROWSER)
    await asyncio.gather(*(house.identifications.status(started.transaction, FLOW, "sv") for _ in range(20)))
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    await asyncio.gather(*(house.settled(started.transaction) for _ in range(5)))
    assert most == 1
    assert house.log.types().count("identification.completed") == 1


async def test_the_answer_is_stored_before_anything_is_done_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_of_events: list[str] = []
    keep, append = house.rows.keep_answer, house.log.append

    async def keeping(identification: str, answer: str) -> bool:
        order_of_events.append("kept")
        return await keep(identification, answer)

    async def appending(event: object) -> object:
        order_of_events.append("logged")
        return await append(event)  # type: ignore[arg-type]  # passed through as it came

    started = await house.identifications.start(BROWSER)
    monkeypatch.setattr(house.rows, "keep_answer", keeping)
    monkeypatch.setattr(house.log, "append", appending)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    await house.settled(started.transaction)
    assert order_of_events == ["kept", "logged"]


async def test_a_new_process_collects_what_the_old_one_left(house: House) -> None:
    started = await house.identifications.start(BROWSER, link="karins-link")
    await house.identifications.close()
    house.simulator.approve(KARIN.number, auto_start_token=started.auto_start_token)
    later = another_process(house)
    await later.resume()
    await asyncio.wait_for(later._collector.live[started.transaction].done.wait(), 30)
    status = await later.status(started.transaction, FLOW, "sv")
    assert (status.status, status.next) == ("complete", "/meetings/meeting-1")
    await later.close()


async def test_a_kept_answer_is_used_after_a_restart_though_bankid_tells_it_once(
    house: House, bankid: BankIdClient
) -> None:
    started = await house.identifications.start(BROWSER, link="karins-link")
    await house.identifications.close()
    house.simulator.approve(KARIN.number, auto_start_token=started.auto_start_token)
    row = await house.rows.find(started.transaction)
    assert row is not None
    assert row.order is not None
    order_ref = next(iter(house.simulator._orders))
    collected = await bankid.collect(order_ref)
    await house.rows.keep_answer(started.transaction, collected.model_dump_json(by_alias=True))
    later = another_process(house)
    await later.resume()
    await asyncio.wait_for(later._collector.live[started.transaction].done.wait(), 30)
    assert (await later.status(started.transaction, FLOW, "sv")).status == "complete"
    await later.close()


async def test_left_alone_too_long_is_expired(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    await house.identifications.close()
    house.clock.advance(seconds=201)
    later = another_process(house)
    await later.resume()
    await asyncio.wait_for(later._collector.live[started.transaction].done.wait(), 30)
    assert (await later.status(started.transaction, FLOW, "sv")).status == "failed"
    assert house.log.types()[1:] == ["identification.failed"]
    await later.close()


async def test_the_unexpected_ends_with_words_and_lets_nobody_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(house.people, "staff_of", broken)
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert (status.problem, status.cookie) == (IdentificationUnavailable.code, None)
