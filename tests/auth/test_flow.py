"""What the app shows and where it leads back to."""

import base64

from auth.bankid import LONGEST_VISIBLE_TEXT, Order
from auth.flow import Browser, StoredOrder, return_url, visible_text
from tests.conftest import FrozenClock


def test_the_app_names_hemmaplan_and_the_organisation() -> None:
    for language in ("sv", "en"):
        text = visible_text("Nordviks kommun", language)
        assert text.startswith("# Hemmaplan\n")
        assert "Nordviks kommun" in text
        assert "kommun" not in visible_text(None, language)
    assert visible_text(None, "sv") != visible_text(None, "en")


def test_the_app_tells_a_login_on_the_travel_laptop_from_one_at_the_desk() -> None:
    assert "resedatorn" in visible_text(None, "sv", kiosk=True)
    assert "travel laptop" in visible_text(None, "en", kiosk=True)
    assert "resedatorn" not in visible_text(None, "sv")


def test_a_name_can_neither_format_nor_overflow() -> None:
    text = visible_text("*|# \n" + "å" * 5000, "sv")
    assert text.count("#") == 1
    assert "*" not in text
    assert len(base64.b64encode(text.encode())) <= LONGEST_VISIBLE_TEXT


def test_the_way_back_by_browser() -> None:
    origin = "https://mote.example.se"
    plain = "https://mote.example.se/auth/bankid/return?transaction=t&nonce=n"
    assert return_url(origin, "t", "n", "Mozilla/5.0 (iPhone) Version/18.0 Safari/605") == plain
    assert return_url(origin, "t", "n", "Mozilla/5.0 (iPhone) CriOS/140") == plain.replace("https", "googlechromes")
    assert return_url(origin, "t", "n", "Mozilla/5.0 (iPhone) FxiOS/140").startswith("firefox://open-url?url=https%3A")
    assert return_url("http://localhost:8080", "t", "n", "CriOS/140").startswith("http://localhost:8080/")


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
