"""The simulated BankID: the API's time limits and hints, and an app that checks what it scans."""

import ssl
from datetime import timedelta

import aiohttp
import pytest

from auth import qr
from auth.bankid import BankIdClient, BankIdError, Failure, Order
from auth.bankid_simulator import BankIdSimulator
from auth.demo_certificates import DemoCertificates
from auth.errors import SimulatorRefused
from tests.auth.conftest import ANNA, KARIN
from tests.conftest import FrozenClock


async def begin(bankid: BankIdClient) -> Order:
    return await bankid.auth(end_user_ip="192.0.2.7", visible_text="# Hemmaplan")


async def refused(call: object) -> Failure:
    with pytest.raises(BankIdError) as error:
        await call  # type: ignore[misc]  # a coroutine of the client
    return error.value.failure


async def test_nobody_without_the_client_certificate_gets_in(
    simulator: BankIdSimulator, certificates: DemoCertificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.root))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.post(simulator.url + "auth", json={"endUserIp": "192.0.2.7"})


async def test_scan_approve_and_collect_once(
    simulator: BankIdSimulator, bankid: BankIdClient, clock: FrozenClock
) -> None:
    order = await begin(bankid)
    pending = await bankid.collect(order.order_ref)
    assert (pending.status, pending.hint_code) == ("pending", "outstandingTransaction")
    assert [waiting.text for waiting in simulator.pending()] == ["# Hemmaplan"]
    clock.advance(seconds=4)
    simulator.approve(KARIN.number, scanned=qr.content(order.qr_start_token, order.qr_start_secret, 4))
    done = await bankid.collect(order.order_ref)
    assert done.status == "complete"
    assert done.completion is not None
    assert (done.completion.user.name, done.completion.risk) == ("Karin Edlund", "low")
    assert await refused(bankid.collect(order.order_ref)) is Failure.INVALID_PARAMETERS


async def test_the_app_passes_through_its_hints(certificates: DemoCertificates, clock: FrozenClock) -> None:
    async with BankIdSimulator([KARIN], certificates, clock, signing=timedelta(seconds=2)) as simulator:
        answer = simulator._auth({"endUserIp": "192.0.2.7"})
        simulator.approve(KARIN.number, auto_start_token=answer["autoStartToken"])
        hints = []
        for _ in range(3):
            collected = simulator._collect(answer)
            hints.append(collected.get("hintCode", collected["status"]))
            clock.advance(seconds=1)
    assert hints == ["started", "userSign", "complete"]


async def test_old_made_up_and_future_codes_are_refused(
    simulator: BankIdSimulator, bankid: BankIdClient, clock: FrozenClock
) -> None:
    order = await begin(bankid)
    clock.advance(seconds=10)
    for seconds in (4, 12):
        with pytest.raises(SimulatorRefused):
            simulator.approve(KARIN.number, scanned=qr.content(order.qr_start_token, order.qr_start_secret, seconds))
    for text in ("", "bankid", qr.content(order.qr_start_token, "guessed", 10), qr.content("token", "s", 10)):
        with pytest.raises(SimulatorRefused):
            simulator.approve(KARIN.number, scanned=text)
    with pytest.raises(SimulatorRefused):
        simulator.approve(KARIN.number, auto_start_token="guessed")
    with pytest.raises(SimulatorRefused):
        simulator.approve("199001012385", auto_start_token=order.auto_start_token)
    with pytest.raises(SimulatorRefused):
        simulator.approve(KARIN.number)
    simulator.approve(KARIN.number, scanned=qr.content(order.qr_start_token, order.qr_start_secret, 9))
    with pytest.raises(SimulatorRefused):
        simulator.approve(ANNA.number, auto_start_token=order.auto_start_token)


async def test_deny(simulator: BankIdSimulator, bankid: BankIdClient) -> None:
    order = await begin(bankid)
    simulator.deny(auto_start_token=order.auto_start_token)
    collected = await bankid.collect(order.order_ref)
    assert (collected.status, collected.hint_code) == ("failed", "userCancel")


async def test_no_app_within_half_a_minute(
    simulator: BankIdSimulator, bankid: BankIdClient, clock: FrozenClock
) -> None:
    order = await begin(bankid)
    clock.advance(seconds=29)
    assert (await bankid.collect(order.order_ref)).status == "pending"
    clock.advance(seconds=1)
    assert (await bankid.collect(order.order_ref)).hint_code == "startFailed"
    assert simulator.pending() == []


async def test_final_answers_are_not_kept_forever(
    simulator: BankIdSimulator, bankid: BankIdClient, clock: FrozenClock
) -> None:
    order = await begin(bankid)
    simulator.approve(KARIN.number, auto_start_token=order.auto_start_token)
    assert simulator.pending() == []
    clock.advance(seconds=181)
    assert await refused(bankid.collect(order.order_ref)) is Failure.INVALID_PARAMETERS


async def test_cancel_once(bankid: BankIdClient) -> None:
    order = await begin(bankid)
    await bankid.cancel(order.order_ref)
    assert await refused(bankid.cancel(order.order_ref)) is Failure.INVALID_PARAMETERS
    assert await refused(bankid.collect(order.order_ref)) is Failure.INVALID_PARAMETERS
    assert await refused(bankid.collect("unknown")) is Failure.INVALID_PARAMETERS


async def test_two_orders_for_one_number_stop_each_other(simulator: BankIdSimulator, bankid: BankIdClient) -> None:
    body = {"endUserIp": "192.0.2.7", "requirement": {"personalNumber": KARIN.number}}
    first = simulator._auth(body)
    assert bankid._http is not None
    async with bankid._http.post(
        simulator.url + "auth", json=body, headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 400
        assert (await response.json())["errorCode"] == "alreadyInProgress"
    assert (await bankid.collect(first["orderRef"])).hint_code == "cancelled"


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"endUserIp":"1","requirement":[]}', "application/json", 400),
        (b'{"endUserIp":"1","userVisibleData":"?"}', "application/json", 400),
        (b'{"endUserIp":"1","userVisibleDataFormat":"html"}', "application/json", 400),
        (b"{}", "application/json; charset=utf-8", 415),
    ],
)
async def test_bad_requests(
    simulator: BankIdSimulator, bankid: BankIdClient, data: bytes, content_type: str, status: int
) -> None:
    assert bankid._http is not None
    headers = {"Content-Type": content_type}
    async with bankid._http.post(simulator.url + "auth", data=data, headers=headers) as response:
        assert response.status == status
