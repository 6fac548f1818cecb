"""Random values of the house: one place says how long they are."""

import hashlib
import re
import secrets

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_id() -> str:
    """A public, opaque id: 128 random bits, 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


def new_secret() -> str:
    """A secret for a cookie: 256 random bits, 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def looks_like_secret(text: str) -> bool:
    """Whether a cookie's value has the form `new_secret` makes; anything else is not worth a look-up."""
    return _SECRET.fullmatch(text) is not None


def fingerprint(text: str) -> str:
    """SHA-256, 64 hex digits. Only for random values: a guessable one needs `auth.vault`."""
    return hashlib.sha256(text.encode()).hexdigest()
