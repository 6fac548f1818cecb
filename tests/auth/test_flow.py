"""What the app shows and where it leads back to."""

import base64

from auth.bankid import LONGEST_VISIBLE_TEXT, Order
from auth.flow import Browser, StoredOrder, visible_text
from tests.auth.conftest import LinkGreeting
from tests.conftest import FrozenClock

NORDVIK = LinkGreeting("Nordviks kommun")


def test_the_app_says_what_with_whom_and_when() -> None:
    assert "Du ska till ett videomöte med Nordviks kommun tisdag 24 nov kl. 10.00." in visible_text(NORDVIK, "sv")
    english = visible_text(NORDVIK, "en")
    assert "You are joining a video meeting with Nordviks kommun on Tuesday 24 Nov at 10.00." in english
    for language in ("sv", "en"):
        assert visible_text(NORDVIK, language).startswith("# Hemmaplan\n")
        assert "kommun" not in visible_text(None, language)
    assert visible_text(None, "sv") != visible_text(None, "en")


def test_the_app_tells_a_login_on_the_travel_laptop_from_one_at_the_desk() -> None:
    assert "resedatorn" in visible_text(None, "sv", kiosk=True)
    assert "travel laptop" in visible_text(None, "en", kiosk=True)
    assert "resedatorn" not in visible_text(None, "sv")


def test_a_name_can_neither_format_nor_overflow() -> None:
    text = visible_text(LinkGreeting("*|# \n" + "å" * 5000), "sv")
    assert text.count("#") == 1
    assert "*" not in text
    assert len(base64.b64encode(text.encode())) <= LONGEST_VISIBLE_TEXT


def test_nothing_secret_is_written_out(clock: FrozenClock) -> None:
    order = Order.model_validate(
        {"orderRef": "hush1", "autoStartToken": "hush2", "qrStartToken": "hush3", "qrStartSecret": "hush4"}
    )
    stored = StoredOrder(
        order=order, answered_at=clock(), address="hush5", language="sv", same_device=False, link="hush6"
    )
    browser = Browser("hush7", "hush8", "hush9", "sv")
    assert "hush" not in f"{stored!r} {stored} {browser!r}"
    assert StoredOrder.model_validate_json(stored.model_dump_json(by_alias=True)) == stored
