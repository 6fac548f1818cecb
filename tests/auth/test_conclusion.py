"""The decision about a completed order, one clause each."""

from dataclasses import replace

import pytest

from auth.bankid import Completion, Order
from auth.conclusion import Conclusions, confirmed_on
from auth.demo import NORDVIK
from auth.errors import HighRisk, NotStaff, NumberNotRead, OnAnotherDevice, WrongPerson
from auth.flow import StoredOrder
from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Staff
from auth.records import IdentificationRecords
from tests.auth.conftest import ANNA, KARIN, House


def completion(number: str, risk: str | None = "low", address: str = "192.0.2.7") -> Completion:
    user = {"personalNumber": number, "name": "Karin Maria Edlund", "givenName": "Karin Maria", "surname": "Edlund"}
    return Completion.model_validate({"user": user, "device": {"ipAddress": address}, "risk": risk})


def order(house: House, *, link: str | None = None, next_path: str | None = None) -> StoredOrder:
    made = Order.model_validate({"orderRef": "r", "autoStartToken": "a", "qrStartToken": "q", "qrStartSecret": "s"})
    return StoredOrder(
        order=made,
        answered_at=house.clock(),
        address="192.0.2.7",
        language="sv",
        same_device=False,
        link=link,
        next=next_path,
    )


def replace_order(of: StoredOrder, **changes: object) -> StoredOrder:
    return of.model_copy(update=changes)


@pytest.fixture
def conclusions(house: House) -> Conclusions:
    return Conclusions(house.people, house.links, IdentificationRecords(house.log, Method.BANKID), house.clock)


async def test_the_names_are_the_eids_own(house: House, conclusions: Conclusions) -> None:
    outcome = await conclusions.reach("t", order(house, link="karins-link"), completion(KARIN.number))
    person = await house.people.person(outcome.person)
    assert person is not None
    assert person.name == "Karin Maria Edlund"
    assert (outcome.invitation, outcome.staff, outcome.next) == ("invitation-1", None, "/meetings/meeting-1")


async def test_staff_opening_a_link_keep_their_post(house: House, conclusions: Conclusions) -> None:
    house.links.numbers["annas-link"] = ANNA.number
    outcome = await conclusions.reach("t", order(house, link="annas-link", next_path="/kiosk"), completion(ANNA.number))
    assert (outcome.staff, outcome.next) == ("staff-1", "/meetings/meeting-1")


async def test_a_weak_login_by_a_link_is_nobodys_post(house: House, conclusions: Conclusions) -> None:
    house.links.numbers["annas-link"] = ANNA.number
    number = IdentityNumber.parse(ANNA.number)
    weak = Identity(number, "Anna", "Sjödin", "Anna Sjödin", Method.FREJA, AssuranceLevel.SUBSTANTIAL, house.clock())
    outcome = await conclusions.decide("t", weak, link="annas-link", next_path=None)
    assert (outcome.staff, outcome.invitation) == (None, "invitation-1")
    actor = house.log.events[-1].actor
    assert actor is not None
    assert (actor.role, actor.organisation) == ("", "")
    strong = replace(weak, assurance_level=AssuranceLevel.HIGH_3)
    assert (await conclusions.decide("t", strong, link="annas-link", next_path=None)).staff == "staff-1"


async def test_reviewers_land_in_the_log(house: House, conclusions: Conclusions) -> None:
    number = IdentityNumber.parse("199503282387")
    rut = await house.people.save_named(number, given_name="Rut", surname="Söderlind", name="Rut Söderlind")
    await house.people.add_staff(
        Staff("staff-2", rut, NORDVIK, "Logggranskare", "Kansliet", frozenset({Permission.AUDITOR}))
    )
    assert (await conclusions.reach("t", order(house), completion(number.reveal()))).next == "/audit"
    asked = order(house, next_path="/today")
    assert (await conclusions.reach("t", asked, completion(number.reveal()))).next == "/today"


async def test_refusals_are_recorded_first(house: House, conclusions: Conclusions) -> None:
    with pytest.raises(NumberNotRead):
        await conclusions.reach("t", order(house), completion("200001010000"))
    with pytest.raises(HighRisk):
        await conclusions.reach("t", order(house), completion(KARIN.number, "high"))
    with pytest.raises(NotStaff):
        await conclusions.reach("t", order(house), completion(KARIN.number))
    with pytest.raises(WrongPerson):
        await conclusions.reach("t", order(house, link="karins-link"), completion(ANNA.number))
    assert house.log.reasons() == ["number_unreadable", "high_risk", "not_staff", None, "wrong_person"]


@pytest.mark.parametrize(
    "number",
    [
        "１９９５０８１６２３９４",
        "199508162394\n",
        "199508762394",  # day 76, yet the check digit of another
        "999508162394",
        "19950816239４",
        "",
    ],
)
async def test_a_number_that_is_none_lets_nobody_in(house: House, conclusions: Conclusions, number: str) -> None:
    with pytest.raises(NumberNotRead):
        await conclusions.reach("t", order(house, link="karins-link"), completion(number))
    assert house.log.reasons() == ["number_unreadable"]


async def test_approved_elsewhere_is_refused_where_it_was_started_for_this_device(
    house: House, conclusions: Conclusions
) -> None:
    here = replace_order(order(house, link="karins-link"), same_device=True)
    away = completion(KARIN.number, address="198.51.100.9")
    with pytest.raises(OnAnotherDevice):
        await conclusions.reach("t", here, away)
    assert house.log.reasons() == ["on_another_device"]
    assert (await conclusions.reach("t", here, away, came_back=True)).invitation == "invitation-1"
    assert house.log.events[-1].details["came_back"] is True
    assert [confirmed_on(here, away), confirmed_on(order(house), away)] == ["this", "other-network"]
    assert confirmed_on(order(house), completion(KARIN.number)) == "other"


async def test_high_risk_makes_no_person(house: House, conclusions: Conclusions) -> None:
    with pytest.raises(HighRisk):
        await conclusions.reach("t", order(house, link="karins-link"), completion(KARIN.number, "high"))
    assert await house.people.person_by_number(IdentityNumber.parse(KARIN.number)) is None


async def test_an_address_that_differs_is_in_the_log_without_the_address(
    house: House, conclusions: Conclusions
) -> None:
    for address in ("192.0.2.7", "192.0.2.99"):
        await conclusions.reach("t", order(house, link="karins-link"), completion(KARIN.number, address=address))
    assert [event.details["address"] for event in house.log.events] == ["same", "other"]
    assert "192.0.2" not in repr(house.log.events)
