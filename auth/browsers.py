"""What a browser says it is (User-Agent): which kind of device a person knows it as, and whether it is a robot.

Anybody can write what they like there. It chooses words and the way back from an app, and turns robots away that say
so; nobody is let in by it.
"""

import re
from enum import StrEnum


class Device(StrEnum):
    """The device as its owner would call it; pages write it out in words."""

    IPHONE = "iphone"
    IPAD = "ipad"
    ANDROID_PHONE = "android-phone"
    ANDROID_TABLET = "android-tablet"
    MAC = "mac"
    WINDOWS = "windows"
    CHROMEBOOK = "chromebook"
    LINUX = "linux"
    UNKNOWN = "unknown"


APPLE_HANDHELD = frozenset({Device.IPHONE, Device.IPAD})

# Those that fetch a link to draw a preview of it, to look for malware in it, or to index it.
_ROBOT = re.compile(
    # Cubot makes telephones.
    r"(?<!cu)bot\b|crawler|spider|preview|facebookexternalhit|whatsapp/|microsoft office|ms-office|google-safety"
    r"|googleimageproxy|embedly|iframely|vkshare|barracuda|proofpoint|mimecast",
    re.IGNORECASE | re.ASCII,
)
# Apps that show pages in a window of their own; iOS cannot be asked to lead back into it.
_IN_APP = re.compile(
    r"FBAN|FBAV|FB_IAB|Instagram|Messenger|LinkedInApp|Snapchat|Line/|TeamsMobile|GSA/|TikTok|musical_ly"
)


def device_of(user_agent: str, *, touch: bool = False) -> Device:
    """touch: the page counted several touch points, which tells an iPad from the Mac it calls itself."""
    if "iPhone" in user_agent or "iPod" in user_agent:
        return Device.IPHONE
    if "iPad" in user_agent or ("Macintosh" in user_agent and touch):
        return Device.IPAD
    if "Android" in user_agent:
        return Device.ANDROID_PHONE if "Mobile" in user_agent else Device.ANDROID_TABLET
    for sign, device in (
        ("Macintosh", Device.MAC),
        ("Windows", Device.WINDOWS),
        ("CrOS", Device.CHROMEBOOK),
        ("Linux", Device.LINUX),
    ):
        if sign in user_agent:
            return device
    return Device.UNKNOWN


def is_robot(user_agent: str) -> bool:
    """Whether it says that it fetches links for somebody who has not opened them."""
    return _ROBOT.search(user_agent) is not None


def is_in_app(user_agent: str) -> bool:
    """Whether the page is shown inside another app (Facebook, Teams ...). On iOS such a window is no Safari."""
    if _IN_APP.search(user_agent) is not None:
        return True
    handheld = "iPhone" in user_agent or "iPad" in user_agent
    return handheld and "AppleWebKit" in user_agent and "Safari/" not in user_agent
