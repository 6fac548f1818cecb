"""What a browser says it is, one real User-Agent each."""

import pytest

from auth.browsers import Device, device_of, is_in_app, is_robot

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
SAFARI = f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1"
FACEBOOK = f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/490.0.0.33.96]"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
CUBOT = "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "touch", "device"),
    [
        (SAFARI, True, Device.IPHONE),
        (MAC, False, Device.MAC),
        (MAC, True, Device.IPAD),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X)", True, Device.IPAD),
        (f"{ANDROID} Mobile Safari/537.36", True, Device.ANDROID_PHONE),
        (f"{ANDROID} Safari/537.36", True, Device.ANDROID_TABLET),
        (WINDOWS, True, Device.WINDOWS),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/140.0.0.0", False, Device.CHROMEBOOK),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", False, Device.LINUX),
        ("", False, Device.UNKNOWN),
    ],
)
def test_the_device_as_its_owner_calls_it(user_agent: str, touch: bool, device: Device) -> None:
    assert device_of(user_agent, touch=touch) is device


@pytest.mark.parametrize(
    "user_agent",
    [
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "WhatsApp/2.23.20.0 A",
        "TelegramBot (like TwitterBot)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
    ],
)
def test_robots_that_say_so(user_agent: str) -> None:
    assert is_robot(user_agent)


@pytest.mark.parametrize("user_agent", [SAFARI, MAC, CUBOT, WINDOWS, FACEBOOK, "", "python-requests/2.32"])
def test_whoever_may_be_a_person_is_none(user_agent: str) -> None:
    assert not is_robot(user_agent)


def test_windows_inside_apps() -> None:
    assert is_in_app(FACEBOOK)
    assert is_in_app(f"{IPHONE} Mobile/15E148")  # a bare web view
    assert not is_in_app(SAFARI)
    assert not is_in_app(WINDOWS)
