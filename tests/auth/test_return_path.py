"""To the app and back, one browser each."""

import pytest

from auth.return_path import app_address, return_url
from tests.auth.test_browsers import ANDROID, FACEBOOK, IPHONE, MAC, SAFARI, WINDOWS

ORIGIN = "https://mote.example.se"
PLAIN = "https://mote.example.se/auth/bankid/return?transaction=t&nonce=n"
ANDROID_PHONE = f"{ANDROID} Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "touch", "url"),
    [
        (SAFARI, True, PLAIN),
        (MAC, True, PLAIN),  # an iPad
        (f"{IPHONE} CriOS/140.0 Mobile/15E148 Safari/604.1", True, PLAIN.replace("https", "googlechromes")),
        (
            f"{IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
            True,
            "firefox://open-url?url=https%3A%2F%2Fmote.example.se%2Fauth%2Fbankid%2Freturn%3Ftransaction%3Dt%26nonce%3Dn",
        ),
        (f"{IPHONE} EdgiOS/140.0 Mobile/15E148 Safari/605.1.15", True, None),
        (FACEBOOK, True, None),
        (ANDROID_PHONE, True, None),
        (MAC, False, None),
        (WINDOWS, True, None),
        ("", False, None),
    ],
)
def test_the_way_back(user_agent: str, touch: bool, url: str | None) -> None:
    assert return_url(ORIGIN, "t", "n", user_agent, touch=touch) == url


def test_the_demo_on_plain_http_has_no_scheme_of_chromes() -> None:
    found = return_url("http://localhost:8080", "t", "n", f"{IPHONE} CriOS/140.0 Mobile/15E148 Safari/604.1")
    assert found is not None
    assert found.startswith("http://localhost:8080/")


@pytest.mark.parametrize(
    ("user_agent", "touch", "address"),
    [
        (SAFARI, True, "https://app.bankid.com/?autostarttoken=a%20b&redirect=null"),
        (FACEBOOK, True, "https://app.bankid.com/?autostarttoken=a%20b&redirect=null"),
        (ANDROID_PHONE, True, "https://app.bankid.com/?autostarttoken=a%20b&redirect=null"),
        (MAC, True, "https://app.bankid.com/?autostarttoken=a%20b&redirect=null"),
        (MAC, False, "bankid:///?autostarttoken=a%20b&redirect=null"),
        (WINDOWS, True, "bankid:///?autostarttoken=a%20b&redirect=null"),
    ],
)
def test_the_way_to_the_app(user_agent: str, touch: bool, address: str) -> None:
    assert app_address("a b", user_agent, touch=touch) == address
