"""Against relayed logins: somebody starts an identification and has another person's app approve it.

Two things tell. An order started for *this device* must be approved on it: the person came back from the app with our
nonce, or the app's address is the page's. An order shown as a code is approved on another device by design, and its
phone is often on another network: then a difference refuses nobody, but it is written in the log, and stands in the
person's own list of logins. A high risk, by BankID's own reckoning, lets nobody in either way.

============  =============  =========  =======================================
Started for   App's address  Risk       Outcome
============  =============  =========  =======================================
any           any            high       refused
this device   same           any other  let in
this device   cannot tell    low, none  let in
this device   cannot tell    moderate   let in once come back with the nonce
this device   another        any other  let in once come back with the nonce
another       any            any other  let in; a difference is logged and listed
============  =============  =========  =======================================

"Cannot tell": one address is IPv4 and the other IPv6, which one device has at once, or BankID gave none. "Once come
back": within `collector.RETURN_LIMIT`, else refused; where no way back exists (`return_path`), refused at once.
"""

import ipaddress
from enum import StrEnum


class Place(StrEnum):
    """The app's address beside the one the page was opened from."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    LET_IN = "let in"
    MUST_COME_BACK = "must come back"
    REFUSE = "refuse"


def place_of(page: str, app: str) -> Place:
    """page, app: IPv4 or IPv6 text; the app's may be empty. An IPv6 device changes address within its /64."""
    try:
        here, there = (_plain(address) for address in (page, app))
    except ValueError:
        return Place.UNKNOWN
    if here.version != there.version:
        return Place.UNKNOWN
    width = 32 if here.version == 4 else 64
    return Place.SAME if there in ipaddress.ip_network((here, width), strict=False) else Place.OTHER


def verdict(*, same_device: bool, place: Place, risk: str | None, came_back: bool, can_come_back: bool) -> Verdict:
    """See the table above. risk: low, moderate, high, or None where BankID could not tell."""
    if risk == "high":
        return Verdict.REFUSE
    if not same_device or came_back or place is Place.SAME:
        return Verdict.LET_IN
    if place is Place.UNKNOWN and risk != "moderate":
        return Verdict.LET_IN
    return Verdict.MUST_COME_BACK if can_come_back else Verdict.REFUSE


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
