"""What the meeting vouches for, signed: that a public key belongs to the person it identified and admitted.

A browser wraps its sender key for nobody without such a statement. One who takes part without end-to-end encryption
has a statement without a key, which names the leader who allowed it: no page sends in the clear without having seen it.
The service signs and passes on; it never has a key that opens anything (PROTOCOL.md, "End-to-end encryption").
"""

import base64
import binascii
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from audit.canonical import encode
from auth.fields import FieldError, InvalidFields
from auth.vouching_keys import VouchingKeys
from rooms.meeting import Gathering, Meeting, Participant
from rooms.view import iso

FORMAT = "hemmaplan-vouching-1"
KEY_BYTES = 65
"""An uncompressed point of P-256 (SEC 1, 2.3.3), as browsers export it."""
MOST_MESSAGE = 6_000
"""Characters of one message between pages: twenty wrapped keys and a commitment are about 2,500."""


class Voucher:
    """Signs vouchings (Ed25519, RFC 8032) with keys that serve nothing else."""

    def __init__(self, keys: VouchingKeys) -> None:
        self._keys = keys

    def public(self, meeting: Meeting) -> str:
        """The key that this meeting's vouchings are checked with: 32 bytes, base64url."""
        return base64url(self._keys.at(meeting.created_at).public_key().public_bytes_raw())

    def all_public(self) -> list[str]:
        """Every key in force, newest first."""
        return [base64url(public) for _, public in self._keys.public()]

    def vouch(self, gathering: Gathering, participant: Participant, now: datetime) -> str:
        """``<base64url of canonical JSON>.<base64url of its signature>`` for one who has just been given a seat."""
        invitation = gathering.invitation_of(participant)
        statement = encode(
            {
                "format": FORMAT,
                "meeting": gathering.meeting.id,
                "participant": participant.id,
                "identity": participant.identity,
                "name": participant.name,
                "method": participant.method,
                "role": invitation.role,
                "organisation": invitation.organisation,
                "home": participant.home,
                "key": participant.key,
                "allowed_by": participant.allowed_by,
                "at": iso(now),
            }
        )
        key = self._keys.at(gathering.meeting.created_at)
        return f"{base64url(statement)}.{base64url(key.sign(signed_bytes(statement)))}"


def signed_bytes(statement: bytes) -> bytes:
    """What is signed: no other signature of ours can be taken for a vouching."""
    return FORMAT.encode() + b"\n" + statement


def public_key(text: str) -> str:
    """`text` where it is a point of P-256 in base64url. Raises InvalidFields."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if len(raw) != KEY_BYTES:
            raise ValueError
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except (ValueError, binascii.Error):
        words = ("Webbläsarens nyckel går inte att läsa. Ladda om sidan.", "The browser's key cannot be read. Reload.")
        raise InvalidFields([FieldError("key", *words)]) from None
    return base64url(raw)


def fingerprint(key: str) -> str:
    """How the log names a public key: SHA-256 of its text, 64 hex digits."""
    return sha256(key.encode()).hexdigest()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
