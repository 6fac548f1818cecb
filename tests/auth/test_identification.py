"""The whole identification against the real simulator over mutual TLS: each clause of the flow, each way to fail."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from audit.log import AuditUnavailable
from auth import bankid_texts, identification
from auth.bankid import BankIdError, Failure, Order
from auth.errors import (
    AlreadyInProgress,
    HighRisk,
    IdentificationUnavailable,
    IdentificationUnknown,
    InvitationExpired,
    InvitationUnknown,
    NotLogged,
    NotStaff,
    Refusal,
    TooManyIdentifications,
    WrongPerson,
)
from auth.flow import Browser
from auth.identification import Identifications, Limits
from auth.identity import Method
from auth.limits import Recent
from tests.auth.conftest import ANNA, BROWSER, FLOW, KARIN, House

OTHER = Browser("o" * 43, "192.0.2.8", "Mozilla/5.0", "sv")


async def test_an_invited_person_scans_and_gets_a_session(house: House) -> None:
    started = await house.identifications.start(BROWSER, link="karins-link")
    assert "Nordviks kommun" in house.simulator.pending()[0].text
    pending = await house.identifications.status(started.transaction, FLOW, "sv")
    assert (pending.status, pending.hint, pending.message) == (
        "pending",
        "outstandingTransaction",
        bankid_texts.RFA1.swedish,
    )
    assert pending.qr is not None
    house.simulator.approve(KARIN.number, scanned=pending.qr)
    status = await house.settled(started.transaction)
    assert (status.status, status.next, status.qr) == ("complete", "/meetings/meeting-1", None)
    assert status.cookie is not None
    session = await house.sessions.get(status.cookie)
    assert session is not None
    assert session.person.name == "Karin Edlund"
    assert (session.invitation, session.staff, session.method) == ("invitation-1", None, Method.BANKID)
    assert house.log.types() == ["identification.started", "identification.completed"]
    completed = house.log.events[1]
    assert completed.actor is not None
    assert (completed.actor.name, completed.details["level"], completed.details["risk"]) == ("Karin Edlund", 3, "low")
    assert all(KARIN.number[2:] not in repr(event) for event in house.log.events)


async def test_staff_log_in_without_an_invitation(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    assert "personal" in house.simulator.pending()[0].text
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert status.next == "/today"
    assert status.session is not None
    assert status.session.staff is not None
    assert status.session.staff.title == "Distriktssköterska"
    assert status.session.actor.organisation == "Nordviks kommun"


async def test_staff_land_where_they_asked(house: House) -> None:
    started = await house.identifications.start(BROWSER, next_path="/kiosk")
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    assert (await house.settled(started.transaction)).next == "/kiosk"


async def test_the_code_is_new_each_second(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.clock.advance(seconds=3)
    status = await house.identifications.status(started.transaction, FLOW, "sv")
    assert status.qr is not None
    assert started.qr.split(".")[2] == "0"
    assert status.qr.split(".")[2] == "3"


async def test_the_wrong_person_is_identified_refused_and_logged(house: House) -> None:
    started = await house.identifications.start(BROWSER, link="karins-link")
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert (status.status, status.problem, status.cookie) == ("failed", WrongPerson.code, None)
    assert status.message == WrongPerson.swedish
    assert house.log.types()[1:] == ["identification.completed", "invitation.refused"]


async def test_one_who_is_not_staff_is_told_so(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(KARIN.number, auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert (status.problem, status.cookie) == (NotStaff.code, None)
    assert house.log.types()[1:] == ["identification.failed"]
    assert house.log.events[1].actor is not None


@pytest.mark.parametrize(("link", "refusal"), [("nowhere", InvitationUnknown), ("karins-link", InvitationExpired)])
async def test_links_that_are_no_good_start_nothing(house: House, link: str, refusal: type[Refusal]) -> None:
    house.links.expired.add("karins-link")
    with pytest.raises(refusal):
        await house.identifications.start(BROWSER, link=link)
    assert house.log.types() == ["invitation.refused"]
    assert house.simulator.pending() == []


async def test_guessing_links_is_stopped(house: House) -> None:
    for _ in range(Limits().refused):
        with pytest.raises(InvitationUnknown):
            await house.identifications.start(BROWSER, link="guess")
    house.clock.advance(seconds=60)
    with pytest.raises(TooManyIdentifications) as told:
        await house.identifications.start(BROWSER, link="guess")
    assert told.value.retry_after == 540
    assert len(house.log.events) == Limits().refused


async def test_guessing_links_shuts_nobody_else_out(house: House) -> None:
    for _ in range(Limits().started + 1):
        with pytest.raises((InvitationUnknown, TooManyIdentifications)):
            await house.identifications.start(BROWSER, link="guess")
    await house.identifications.start(replace(BROWSER, flow="s" * 43))
    await house.identifications.start(replace(BROWSER, flow="k" * 43), link="karins-link")


async def test_another_browser_learns_nothing(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    for flow in (OTHER.flow, ""):
        with pytest.raises(IdentificationUnknown):
            await house.identifications.status(started.transaction, flow, "sv")
        with pytest.raises(IdentificationUnknown):
            await house.identifications.cancel(started.transaction, flow)
    with pytest.raises(IdentificationUnknown):
        await house.identifications.status("made-up", FLOW, "sv")
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    assert (await house.settled(started.transaction)).cookie is not None


async def test_the_session_is_told_again_for_a_minute_and_never_after(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    first = await house.settled(started.transaction)
    again = await house.identifications.status(started.transaction, FLOW, "sv")
    assert again.cookie == first.cookie
    assert first.session is not None
    assert again.session is not None
    assert again.session.id == first.session.id
    house.clock.advance(seconds=61)
    late = await house.identifications.status(started.transaction, FLOW, "sv")
    assert (late.status, late.cookie, late.next) == ("complete", None, "/today")


async def test_a_logged_out_session_is_not_told_again(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    first = await house.settled(started.transaction)
    assert first.session is not None
    await house.sessions.end(first.session)
    assert (await house.identifications.status(started.transaction, FLOW, "sv")).cookie is None


async def test_two_tabs_asking_at_once_get_one_session(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    live = house.identifications._collector.live[started.transaction]
    await live.done.wait()
    answers = await asyncio.gather(*(house.identifications.status(started.transaction, FLOW, "sv") for _ in range(5)))
    assert {answer.status for answer in answers} == {"complete"}
    assert len({answer.session.id for answer in answers if answer.session is not None}) == 1


async def test_a_result_nobody_fetches_is_void(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    await house.identifications._collector.live[started.transaction].done.wait()
    house.clock.advance(seconds=301)
    status = await house.identifications.status(started.transaction, FLOW, "sv")
    assert (status.status, status.cookie) == ("failed", None)


async def test_each_identification_makes_a_new_session(house: House) -> None:
    cookies = []
    for _ in range(2):
        started = await house.identifications.start(BROWSER)
        house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
        cookies.append((await house.settled(started.transaction)).cookie)
    assert len(set(cookies)) == 2


async def test_refused_in_the_app(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.deny(auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert (status.status, status.hint, status.message) == ("failed", "userCancel", bankid_texts.RFA6.swedish)
    assert house.log.types()[1:] == ["identification.cancelled"]


async def test_cancelled_on_the_page(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    await house.identifications.cancel(started.transaction, FLOW)
    await house.identifications.cancel(started.transaction, FLOW)
    status = await house.identifications.status(started.transaction, FLOW, "en")
    assert (status.status, status.hint, status.message) == ("failed", "cancelled", bankid_texts.RFA3.english)
    assert house.simulator.pending() == []
    assert house.log.types()[1:] == ["identification.cancelled"]


@pytest.mark.parametrize("same_device", [False, True])
async def test_no_app_in_time(house: House, same_device: bool) -> None:
    started = await house.identifications.start(BROWSER, same_device=same_device)
    house.clock.advance(seconds=31)
    status = await house.settled(started.transaction)
    assert status.hint == "startFailed"
    assert status.message == (bankid_texts.RFA17A if same_device else bankid_texts.RFA17B).swedish
    assert house.log.reasons()[-1] == "startFailed"


async def test_high_risk_is_refused(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token, risk="high")
    status = await house.settled(started.transaction)
    assert (status.problem, status.cookie) == (HighRisk.code, None)
    assert house.log.reasons()[-1] == "high_risk"
    assert house.log.events[-1].actor is not None


@pytest.mark.parametrize("risk", ["low", "moderate", None])
async def test_other_risks_pass_and_are_logged(house: House, risk: str | None) -> None:
    started = await house.identifications.start(BROWSER)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token, risk=risk)
    assert (await house.settled(started.transaction)).status == "complete"
    assert house.log.events[-1].details["risk"] == (risk or "unknown")


async def test_nothing_starts_while_the_log_is_down(house: House) -> None:
    house.log.down = True
    with pytest.raises(AuditUnavailable):
        await house.identifications.start(BROWSER)
    assert house.simulator.pending() == []
    house.log.down = False
    await house.identifications.start(BROWSER)


async def test_nothing_completes_while_the_log_is_down(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.log.down = True
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert (status.status, status.problem, status.cookie) == ("failed", NotLogged.code, None)
    assert "loggen" in status.message
    house.log.down = False
    assert (await house.identifications.status(started.transaction, FLOW, "sv")).status == "failed"


async def test_an_outcome_that_cannot_be_stored_is_still_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    started = await house.identifications.start(BROWSER)

    async def broken(*args: object, **kwargs: object) -> bool:
        raise OSError("disk full")

    monkeypatch.setattr(house.rows, "finish", broken)
    house.simulator.approve(ANNA.number, auto_start_token=started.auto_start_token)
    status = await house.settled(started.transaction)
    assert (status.status, status.problem, status.cookie) == ("failed", IdentificationUnavailable.code, None)


async def test_cancelling_works_while_the_log_is_down(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    house.log.down = True
    await house.identifications.cancel(started.transaction, FLOW)
    assert (await house.identifications.status(started.transaction, FLOW, "sv")).hint == "cancelled"


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (Failure.ALREADY_IN_PROGRESS, AlreadyInProgress),
        (Failure.TOO_MANY_REQUESTS, TooManyIdentifications),
        (Failure.MAINTENANCE, IdentificationUnavailable),
        (Failure.UNREACHABLE, IdentificationUnavailable),
        (Failure.UNAUTHORIZED, IdentificationUnavailable),
        (Failure.UNKNOWN, IdentificationUnavailable),
    ],
)
async def test_bankid_says_no_to_the_start(
    house: House, monkeypatch: pytest.MonkeyPatch, failure: Failure, refusal: type[Refusal]
) -> None:
    calls = 0

    async def refuse(**request: object) -> Order:
        nonlocal calls
        calls += 1
        raise BankIdError(failure, retry_after=7)

    monkeypatch.setattr(house.identifications._bankid, "auth", refuse)
    with pytest.raises(refusal) as told:
        await house.identifications.start(BROWSER)
    assert calls == 1
    assert told.value.retry_after in (None, 7)
    assert house.log.types() == ["identification.started", "identification.failed"]
    assert house.log.reasons()[-1] == failure.value
    assert house.identifications._collector.live == {}


async def test_limits_by_browser_link_address_and_in_all(house: House) -> None:
    limits = Limits(live=4, by_address=3, by_link=2, by_browser=1)
    identifications = Identifications(
        bankid=house.identifications._bankid,
        rows=house.rows,
        people=house.people,
        sessions=house.sessions,
        invitations=house.links,
        audit=house.log,
        vault=house.vault,
        clock=house.clock,
        origin="http://localhost:8080",
        limits=limits,
        collect_seconds=60,
    )
    house.links.numbers["other-link"] = ANNA.number

    def browser(name: str, address: str = "192.0.2.7") -> Browser:
        return replace(BROWSER, flow=name * 43, address=address)

    async def refused(asking: Browser, link: str | None) -> None:
        with pytest.raises(TooManyIdentifications) as told:
            await identifications.start(asking, link=link)
        assert told.value.retry_after == 60

    await identifications.start(browser("a"), link="karins-link")
    await identifications.start(browser("b"), link="karins-link")
    await refused(browser("c"), "karins-link")
    await identifications.start(browser("k", "192.0.2.77"), link="karins-link")
    await identifications.cancel(next(reversed(identifications._collector.live)), "k" * 43)
    await identifications.start(browser("c"), link="other-link")
    await refused(browser("d"), None)
    await identifications.start(browser("d", "192.0.2.9"))
    await refused(browser("e", "192.0.2.10"), None)
    await identifications.close()


async def test_starting_again_and_again_is_stopped(house: House) -> None:
    house.identifications._limits = Limits(started=3)
    house.identifications._started = Recent(3, timedelta(minutes=10), house.clock)
    for _ in range(3):
        await house.identifications.start(BROWSER)
    with pytest.raises(TooManyIdentifications):
        await house.identifications.start(BROWSER)
    house.clock.advance(seconds=601)
    await house.identifications.start(BROWSER)


async def test_a_page_loaded_anew_ends_its_oldest_order(house: House) -> None:
    limit = Limits().by_browser
    started = [await house.identifications.start(BROWSER, link="karins-link") for _ in range(limit + 4)]
    assert len(house.simulator.pending()) == limit
    assert (await house.identifications.status(started[0].transaction, FLOW, "sv")).hint == "cancelled"
    house.simulator.approve(KARIN.number, auto_start_token=started[-1].auto_start_token)
    assert (await house.settled(started[-1].transaction)).status == "complete"


async def test_a_burst_does_not_slip_past_the_limits(house: House) -> None:
    many = [house.identifications.start(BROWSER) for _ in range(20)]
    answers = await asyncio.gather(*many, return_exceptions=True)
    assert any(isinstance(answer, TooManyIdentifications) for answer in answers)
    assert len(house.identifications._collector.live) <= Limits().by_browser
    assert len(house.simulator.pending()) <= Limits().by_browser


async def test_coming_back_from_the_app_waits_for_the_outcome(house: House) -> None:
    started = await house.identifications.start(BROWSER, link="karins-link", same_device=True)
    nonce = house.identifications.nonce(started.transaction)
    house.simulator.approve(KARIN.number, auto_start_token=started.auto_start_token)
    status, page = await house.identifications.returned(started.transaction, nonce, FLOW, "sv")
    assert (status.status, status.next) == ("complete", "/meetings/meeting-1")
    assert status.cookie is not None
    assert page == "/i/karins-link"


async def test_coming_back_too_early_leads_to_the_page_that_goes_on(house: House) -> None:
    started = await house.identifications.start(BROWSER, same_device=True)
    nonce = house.identifications.nonce(started.transaction)
    status, page = await house.identifications.returned(started.transaction, nonce, FLOW, "sv", wait_seconds=0.01)
    assert (status.status, page) == ("pending", "/login")


async def test_a_relayed_way_back_opens_nothing(house: House) -> None:
    started = await house.identifications.start(BROWSER, same_device=True)
    nonce = house.identifications.nonce(started.transaction)
    for wrong_nonce, flow in ((nonce, OTHER.flow), ("0" * 32, FLOW), ("", FLOW), ("ö", FLOW)):
        with pytest.raises(IdentificationUnknown):
            await house.identifications.returned(started.transaction, wrong_nonce, flow, "sv")


async def test_old_identifications_are_forgotten(house: House) -> None:
    started = await house.identifications.start(BROWSER)
    await house.identifications.cancel(started.transaction, FLOW)
    house.clock.advance(seconds=identification.KEPT.total_seconds() + 1)
    await house.identifications.sweep()
    with pytest.raises(IdentificationUnknown):
        await house.identifications.status(started.transaction, FLOW, "sv")
