"""To the BankID app on the same device, and back to the page it was opened from.

Sources: BankID developer guide, "Autostart", and what relying parties have found to work (ActiveLogin.Authentication,
pull request 548 of August 2026):

- A phone or tablet opens ``https://app.bankid.com/``; a computer ``bankid:///``, which its browsers hand over.
- iOS leads back to an address alone. Safari takes https; Chrome and Firefox have schemes of their own, since https
  would open Safari, where the person is nobody. Other browsers and windows inside apps have none that comes back: the
  person goes back by hand, with iOS' own arrow.
- Android and computers come back by themselves to what was open before.

The way back carries a nonce that only this server can tell (`Identifications.nonce`), so coming back by it in the
browser that started shows that the app was on the same device.
"""

from urllib.parse import quote

from auth.browsers import APPLE_HANDHELD, Device, device_of, is_in_app

RETURN_PATH = "/auth/bankid/return"


def return_url(origin: str, transaction: str, nonce: str, user_agent: str, *, touch: bool = False) -> str | None:
    """Where the app leads back to, given to BankID when the order is made; None: to what was open before.

    origin: the public address, "https://mote.example.se". touch: see `browsers.device_of`.
    """
    if device_of(user_agent, touch=touch) not in APPLE_HANDHELD or is_in_app(user_agent):
        return None
    url = f"{origin}{RETURN_PATH}?transaction={quote(transaction, safe='')}&nonce={nonce}"
    if "CriOS/" in user_agent:
        return "googlechromes://" + url.removeprefix("https://") if url.startswith("https://") else url
    if "FxiOS/" in user_agent:
        return "firefox://open-url?url=" + quote(url, safe="")
    if any(sign in user_agent for sign in ("EdgiOS/", "OPT/", "OPiOS/", "DuckDuckGo/", "Brave/")):
        return None
    return url


def app_address(auto_start_token: str, user_agent: str, *, touch: bool = False) -> str:
    """The link that opens the app. ``redirect=null``: the way back is the order's own (`return_url`), or none."""
    token = quote(auto_start_token, safe="")
    handheld = device_of(user_agent, touch=touch) in (*APPLE_HANDHELD, Device.ANDROID_PHONE, Device.ANDROID_TABLET)
    opener = "https://app.bankid.com/" if handheld else "bankid:///"
    return f"{opener}?autostarttoken={token}&redirect=null"
