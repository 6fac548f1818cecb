"""The moving QR code of BankID: its content is new each second, so a photographed one soon is worthless.

Source: BankID, "QR code" in the integration guide: ``bankid.<qrStartToken>.<t>.<HMAC-SHA256(qrStartSecret, t), hex>``.
"""

import hmac
from hashlib import sha256

PREFIX = "bankid"


def content(qr_start_token: str, qr_start_secret: str, seconds: int) -> str:
    """What the code holds `seconds` whole seconds after the order was answered. The secret never leaves the server."""
    return f"{PREFIX}.{qr_start_token}.{seconds}.{_code(qr_start_secret, seconds)}"


def read(text: str) -> tuple[str, int, str] | None:
    """Token, seconds and code of a scanned text; None where it is no such code. Used by the simulated app."""
    parts = text.split(".")
    if len(parts) != 4 or parts[0] != PREFIX or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 6):
        return None
    return parts[1], int(parts[2]), parts[3]


def holds(qr_start_secret: str, seconds: int, code: str) -> bool:
    """Whether the code belongs to that second."""
    return hmac.compare_digest(_code(qr_start_secret, seconds).encode(), code.encode())


def _code(qr_start_secret: str, seconds: int) -> str:
    return hmac.new(qr_start_secret.encode("ascii"), str(seconds).encode("ascii"), sha256).hexdigest()
