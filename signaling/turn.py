"""TURN servers told to clients whose network lets little through, with credentials that die of themselves.

The credentials are coturn's ``use-auth-secret`` (draft-uberti-behave-turn-rest-00): user name ``{expiry}:{holder}``,
password ``base64(HMAC-SHA1(secret, user name))``. The TURN server counts allocations by holder, so each participant has
a random one: neither its identity nor its sid stands in another server's log.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from livekit.protocol.rtc import ICEServer

LIFETIME = timedelta(seconds=300)
"""LiveKit's own. What is allocated by then goes on: the server asks for the credentials' age only at the allocation."""


def new_holder() -> str:
    """64 random bits."""
    return secrets.token_hex(8)


class TurnServers:
    """urls: RFC 7065, such as ``turns:turn.example.se:443?transport=tcp``; none: clients are told of no TURN server.

    secret: the servers' ``static-auth-secret``.
    """

    def __init__(self, urls: Sequence[str] = (), secret: str = "") -> None:
        self._urls = tuple(urls)
        self._secret = secret.encode()

    def for_client(self, holder: str, now: datetime) -> list[ICEServer]:
        """What one client may use until LIFETIME from now; made anew each time it connects or comes back."""
        if not self._urls:
            return []
        username = f"{int((now + LIFETIME).timestamp())}:{holder}"
        password = base64.b64encode(hmac.digest(self._secret, username.encode(), "sha1")).decode()
        return [ICEServer(urls=self._urls, username=username, credential=password)]
