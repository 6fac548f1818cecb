"""What an ICE-lite endpoint speaks of STUN: it answers authenticated binding requests (RFC 8489, RFC 8445)."""

import hmac
import ipaddress
from dataclasses import dataclass
from struct import Struct
from typing import Literal
from zlib import crc32

from sfu.rtp import MalformedPacket

MAGIC_COOKIE = 0x2112A442
LONGEST = 1280  # bytes; a check has about 100
BINDING_REQUEST, BINDING_SUCCESS, BINDING_ERROR = 0x0001, 0x0101, 0x0111

USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, XOR_MAPPED_ADDRESS = 0x0006, 0x0008, 0x0009, 0x0020
PRIORITY, USE_CANDIDATE, FINGERPRINT = 0x0024, 0x0025, 0x8028
ICE_CONTROLLED, ICE_CONTROLLING = 0x8029, 0x802A
ROLE_CONFLICT = 487

_FINGERPRINT_MASK = 0x5354554E
_HEAD = Struct("!HHI12s")
_PAIR = Struct("!HH")


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """A check whose form is right; trust it only after `is_authentic`. role: the sender's own."""

    transaction_id: bytes
    username: str
    use_candidate: bool
    role: Literal["controlling", "controlled"] | None
    priority: int | None
    signed: bytes  # what MESSAGE-INTEGRITY covers, its header length adjusted
    integrity: bytes

    @property
    def local_ufrag(self) -> str:
        """The receiver's half of the user name (RFC 8445 section 7.2.2)."""
        return self.username.partition(":")[0]

    def is_authentic(self, password: str) -> bool:
        return hmac.compare_digest(hmac.digest(password.encode(), self.signed, "sha1"), self.integrity)


def parse_request(data: bytes) -> BindingRequest:
    """Read a binding request with user name, integrity and fingerprint. Raises MalformedPacket for all else."""
    if not 20 <= len(data) <= LONGEST:
        raise MalformedPacket("not the length of a check")
    kind, length, cookie, transaction_id = _HEAD.unpack_from(data)
    if kind != BINDING_REQUEST or cookie != MAGIC_COOKIE or length % 4 or length + 20 != len(data):
        raise MalformedPacket("not a binding request")
    found, integrity_at = _attributes(data)
    integrity = found.get(MESSAGE_INTEGRITY, b"")
    if integrity_at is None or len(integrity) != 20:
        raise MalformedPacket("no message integrity")
    if found.get(FINGERPRINT) != _fingerprint(data[:-8]):
        raise MalformedPacket("no or wrong fingerprint")
    try:
        username = found.get(USERNAME, b"").decode()
    except UnicodeDecodeError:
        raise MalformedPacket("user name is not text") from None
    if not username or len(username) > 513:
        raise MalformedPacket("no user name")
    priority = found.get(PRIORITY)
    return BindingRequest(
        transaction_id=transaction_id,
        username=username,
        use_candidate=USE_CANDIDATE in found,
        role="controlling" if ICE_CONTROLLING in found else "controlled" if ICE_CONTROLLED in found else None,
        priority=int.from_bytes(priority, "big") if priority is not None else None,
        signed=data[:2] + (integrity_at + 24 - 20).to_bytes(2, "big") + data[4:integrity_at],
        integrity=integrity,
    )


def _attributes(data: bytes) -> tuple[dict[int, bytes], int | None]:
    """Attributes by type, and where MESSAGE-INTEGRITY stands."""
    found: dict[int, bytes] = {}
    integrity_at = None
    position = 20
    while position < len(data):
        if position + 4 > len(data):
            raise MalformedPacket("cut in an attribute")
        attribute, size = _PAIR.unpack_from(data, position)
        value = data[position + 4 : position + 4 + size]
        if len(value) != size:
            raise MalformedPacket("cut in an attribute")
        # After MESSAGE-INTEGRITY only FINGERPRINT counts (RFC 8489 section 14.5), and it is last (section 14.7).
        if attribute == FINGERPRINT:
            if position + 8 != len(data):
                raise MalformedPacket("fingerprint is not last")
            found[attribute] = value
        elif integrity_at is None:
            if attribute == MESSAGE_INTEGRITY:
                integrity_at = position
            found.setdefault(attribute, value)
        position += 4 + (size + 3) // 4 * 4
    return found, integrity_at


def success(request: BindingRequest, address: str, port: int, password: str) -> bytes:
    """The answer to a check, telling the sender its own address."""
    return _message(BINDING_SUCCESS, request.transaction_id, [_xor_address(request, address, port)], password)


def role_conflict(request: BindingRequest, password: str) -> bytes:
    """487: a lite endpoint never controls, so the other side must (RFC 8445 section 7.3.1.1)."""
    reason = b"Role Conflict"
    value = bytes((0, 0, ROLE_CONFLICT // 100, ROLE_CONFLICT % 100)) + reason
    return _message(BINDING_ERROR, request.transaction_id, [(ERROR_CODE, value)], password)


def write_request(
    transaction_id: bytes,
    username: str,
    password: str,
    *,
    use_candidate: bool = True,
    role: Literal["controlling", "controlled"] = "controlling",
    priority: int = 1,
) -> bytes:
    """A check as a client sends it: for our own probes and tests."""
    attributes = [
        (USERNAME, username.encode()),
        (PRIORITY, priority.to_bytes(4, "big")),
        (ICE_CONTROLLING if role == "controlling" else ICE_CONTROLLED, bytes(8)),
    ]
    if use_candidate:
        attributes.append((USE_CANDIDATE, b""))
    return _message(BINDING_REQUEST, transaction_id, attributes, password)


def parse_mapped_address(data: bytes) -> tuple[str, int]:
    """The address in a success response, as its receiver reads it. Raises MalformedPacket."""
    position = 20
    while position + 4 <= len(data):
        attribute, size = _PAIR.unpack_from(data, position)
        if attribute == XOR_MAPPED_ADDRESS and size in (8, 20) and position + 4 + size <= len(data):
            value = data[position + 4 : position + 4 + size]
            key = data[4:20][: size - 4]
            number = int.from_bytes(value[4:], "big") ^ int.from_bytes(key, "big")
            address = ipaddress.IPv4Address(number) if size == 8 else ipaddress.IPv6Address(number)
            return str(address), int.from_bytes(value[2:4], "big") ^ MAGIC_COOKIE >> 16
        position += 4 + (size + 3) // 4 * 4
    raise MalformedPacket("no mapped address")


def _xor_address(request: BindingRequest, address: str, port: int) -> tuple[int, bytes]:
    packed = ipaddress.ip_address(address.partition("%")[0]).packed
    key = (MAGIC_COOKIE.to_bytes(4, "big") + request.transaction_id)[: len(packed)]
    hidden = bytes(one ^ other for one, other in zip(packed, key, strict=True))
    family = 1 if len(packed) == 4 else 2
    return XOR_MAPPED_ADDRESS, bytes((0, family)) + (port ^ MAGIC_COOKIE >> 16).to_bytes(2, "big") + hidden


def _message(kind: int, transaction_id: bytes, attributes: list[tuple[int, bytes]], password: str) -> bytes:
    body = b"".join(
        [_PAIR.pack(attribute, len(value)) + value + bytes(-len(value) % 4) for attribute, value in attributes]
    )
    signed = _HEAD.pack(kind, len(body) + 24, MAGIC_COOKIE, transaction_id) + body
    integrity = _PAIR.pack(MESSAGE_INTEGRITY, 20) + hmac.digest(password.encode(), signed, "sha1")
    whole = _HEAD.pack(kind, len(body) + 32, MAGIC_COOKIE, transaction_id) + body + integrity
    return whole + _PAIR.pack(FINGERPRINT, 4) + _fingerprint(whole)


def _fingerprint(covered: bytes) -> bytes:
    return (crc32(covered) ^ _FINGERPRINT_MASK).to_bytes(4, "big")
