"""Codes: sent within limits, right once, in the browser that asked, for that link alone; every outcome in the log."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.log import AuditUnavailable
from auth.errors import InvitationUnknown
from auth.flow import Browser, Invited
from auth.identity import AssuranceLevel, Method
from auth.people import Person
from auth.phone_number import PhoneNumber
from auth.sessions import Sessions
from auth.sms import SmsClient
from auth.sms_codes import (
    MOST_BY_ADDRESS,
    MOST_REFUSED,
    MOST_SENT,
    MOST_TRIES,
    SmsCodes,
    SmsInvited,
    SmsNotAllowed,
    SmsUnavailable,
    SpentCode,
    TooManyCodes,
    WrongCode,
)
from auth.sms_simulator import SmsSimulator
from auth.store import People, SessionRows
from auth.store.sms import SmsCodeRows
from auth.vault import Vault
from tests.auth.conftest import MemoryLog, OpenedInvitation
from tests.conftest import FrozenClock

LINK = "L" * 22
BROWSER = Browser("f" * 43, "192.0.2.7", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "sv")
OTHER = Browser("g" * 43, "192.0.2.8", "Mozilla/5.0", "en")


@dataclass
class Links:
    people: People
    numbers: dict[str, str] = field(default_factory=lambda: {LINK: "0701740605"})
    opened: list[str] = field(default_factory=list)
    allowed: bool = True

    async def by_sms(self, token: str) -> SmsInvited:
        if token not in self.numbers:
            raise InvitationUnknown
        if not self.allowed:
            raise SmsNotAllowed
        return SmsInvited("i1", PhoneNumber.parse(self.numbers[token]))

    async def open_by_sms(self, token: str) -> tuple[Person, Invited]:
        self.opened.append(token)
        return await self.people.save_unproven("sms-i1", "Tomas Edlund"), OpenedInvitation("i1", "m1")


@dataclass
class House:
    codes: SmsCodes
    simulator: SmsSimulator
    links: Links
    log: MemoryLog
    sessions: Sessions
    clock: FrozenClock

    def code(self) -> str:
        found = re.match(r"\d{6}", self.simulator.outbox[-1].text)
        assert found is not None
        return found.group()

    def wrong(self) -> str:
        return f"{(int(self.code()) + 1) % 1_000_000:06}"


@pytest.fixture
async def house(engine: AsyncEngine, clock: FrozenClock) -> AsyncIterator[House]:
    vault = Vault({"1": "s" * 32}, current="1")
    links, log = Links(People(engine, vault)), MemoryLog(clock)
    sessions = Sessions(SessionRows(engine), log, clock)
    async with (
        SmsSimulator(clock) as simulator,
        SmsClient(simulator.url, simulator.username, simulator.password, "Hemmaplan") as client,
    ):
        codes = SmsCodes(
            client=client,
            rows=SmsCodeRows(engine),
            sessions=sessions,
            invitations=links,
            audit=log,
            vault=vault,
            clock=clock,
            origin="https://mote.example.se",
        )
        yield House(codes, simulator, links, log, sessions, clock)


async def test_a_right_code_logs_in_for_that_link_alone(house: House) -> None:
    transaction = await house.codes.start(BROWSER, LINK)
    message = house.simulator.outbox[-1].text
    assert message.endswith(f"\n\n@mote.example.se #{house.code()}")
    assert "Edlund" not in message
    logged_in = await house.codes.verify(transaction, BROWSER, LINK, house.code())
    session = await house.sessions.get(logged_in.secret)
    assert session is not None
    assert (session.method, session.assurance_level) == (Method.SMS, AssuranceLevel.LOW)
    assert (session.invitation, session.staff) == ("i1", None)
    assert session.device == "iphone"
    assert house.log.types() == ["identification.started", "identification.completed"]
    with pytest.raises(SpentCode):
        await house.codes.verify(transaction, BROWSER, LINK, house.code())
    assert house.links.opened == [LINK]


async def test_guessing_ends_after_five_tries_also_for_the_right_code(house: House) -> None:
    transaction = await house.codes.start(BROWSER, LINK)
    for _ in range(MOST_TRIES):
        with pytest.raises(WrongCode):
            await house.codes.verify(transaction, BROWSER, LINK, house.wrong())
    with pytest.raises(SpentCode):
        await house.codes.verify(transaction, BROWSER, LINK, house.code())
    assert house.log.reasons() == [None] + ["wrong_code"] * MOST_TRIES
    assert house.links.opened == []


@pytest.mark.parametrize(
    "case", ["late", "other browser", "other link", "other transaction"], ids=lambda case: case.replace(" ", "-")
)
async def test_a_right_code_in_the_wrong_place_is_worth_nothing(house: House, case: str) -> None:
    house.links.numbers["M" * 22] = "0701740606"
    transaction = await house.codes.start(BROWSER, LINK)
    if case == "late":
        house.clock.advance(seconds=301)
    flow = OTHER.flow if case == "other browser" else BROWSER.flow
    link = "M" * 22 if case == "other link" else LINK
    asked = "nothing" if case == "other transaction" else transaction
    with pytest.raises(SpentCode):
        await house.codes.verify(asked, replace(BROWSER, flow=flow), link, house.code())
    assert house.links.opened == []


@pytest.mark.parametrize("code", ["", "123", "１２３４５６", "1234567", "abcdef", "12 345"])
async def test_what_is_no_code_is_a_wrong_one(house: House, code: str) -> None:
    transaction = await house.codes.start(BROWSER, LINK)
    with pytest.raises(WrongCode):
        await house.codes.verify(transaction, BROWSER, LINK, code)


async def test_three_an_hour_to_a_number_whatever_the_link_and_browser(house: House) -> None:
    house.links.numbers["M" * 22] = "070-174 06 05"
    for _ in range(MOST_SENT - 1):
        await house.codes.start(BROWSER, LINK)
    await house.codes.start(OTHER, "M" * 22)
    for link in (LINK, "M" * 22):
        with pytest.raises(TooManyCodes):
            await house.codes.start(OTHER, link)
    assert len(house.simulator.outbox) == MOST_SENT
    house.clock.advance(seconds=timedelta(hours=1).total_seconds() + 1)
    await house.codes.start(BROWSER, LINK)


async def test_three_an_hour_also_in_a_burst(house: House) -> None:
    answers = await asyncio.gather(*(house.codes.start(BROWSER, LINK) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == MOST_SENT
    assert {type(answer) for answer in answers} == {str, TooManyCodes}
    assert len(house.simulator.outbox) == MOST_SENT


async def test_an_address_that_asks_and_asks_is_stopped_and_told_until_when(house: House) -> None:
    for at in range(MOST_BY_ADDRESS):
        house.links.numbers[f"link {at}"] = f"07017406{at:02}"
        await house.codes.start(BROWSER, f"link {at}")
    house.clock.advance(seconds=600)
    with pytest.raises(TooManyCodes) as told:
        await house.codes.start(BROWSER, LINK)
    assert told.value.retry_after == 3000
    assert len(house.simulator.outbox) == MOST_BY_ADDRESS
    house.clock.advance(seconds=3000)
    await house.codes.start(BROWSER, LINK)


async def test_made_up_links_are_stopped_and_keep_nobody_from_a_code(house: House) -> None:
    for _ in range(MOST_REFUSED):
        with pytest.raises(InvitationUnknown):
            await house.codes.start(BROWSER, "unknown")
    with pytest.raises(TooManyCodes):
        await house.codes.start(BROWSER, "unknown")
    assert len(house.log.events) == MOST_REFUSED
    await house.codes.start(BROWSER, LINK)
    assert len(house.simulator.outbox) == 1


async def test_a_link_that_asks_for_an_e_legitimation_sends_nothing(house: House) -> None:
    house.links.allowed = False
    with pytest.raises(SmsNotAllowed):
        await house.codes.start(BROWSER, LINK)
    assert not house.simulator.outbox


async def test_without_a_log_nothing_is_sent_and_nobody_logged_in(house: House) -> None:
    house.log.down = True
    for _ in range(MOST_SENT):
        with pytest.raises(AuditUnavailable):
            await house.codes.start(BROWSER, LINK)
    assert not house.simulator.outbox
    house.log.down = False
    transaction = await house.codes.start(BROWSER, LINK)
    house.log.down = True
    with pytest.raises(AuditUnavailable):
        await house.codes.verify(transaction, BROWSER, LINK, house.code())


async def test_an_operator_that_refuses_is_told_plainly(house: House) -> None:
    house.simulator.balance = 0
    with pytest.raises(SmsUnavailable):
        await house.codes.start(BROWSER, LINK)
    assert house.log.types() == ["identification.started", "identification.failed"]


async def test_yesterdays_codes_are_forgotten(house: House) -> None:
    transaction = await house.codes.start(BROWSER, LINK)
    house.clock.advance(seconds=25 * 3600)
    await house.codes.sweep()
    assert await house.codes._rows.find(transaction) is None
