"""A TURN client (RFC 8656) of the few requests a relay's rules are tried with, over UDP, blocking."""

import hashlib
import hmac
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import pack, unpack_from

ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND = 0x003, 0x004, 0x008, 0x009
USERNAME, INTEGRITY, ERROR_CODE, CHANNEL_NUMBER, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000C, 0x000D
PEER, REALM, NONCE, RELAYED, FAMILY, TRANSPORT = 0x0012, 0x0014, 0x0015, 0x0016, 0x0017, 0x0019
COOKIE = 0x2112A442
UDP, TCP = 17, 6


@dataclass
class TurnClient:
    """sock: connected to the server. Each request answers with 0, or the error's number."""

    sock: socket.socket
    username: str
    password: str
    realm: bytes = b""
    nonce: bytes = b""
    attributes: dict[int, bytes] = field(default_factory=dict)  # of the last answer

    def allocate(self, *, ipv6: bool = False, transport: int = UDP) -> int:
        wanted: list[tuple[int, bytes | str]] = [(TRANSPORT, bytes([transport, 0, 0, 0]))]
        if ipv6:
            wanted.append((FAMILY, b"\x02\x00\x00\x00"))
        return self._ask(ALLOCATE, wanted)

    def refresh(self, lifetime: int) -> int:
        return self._ask(REFRESH, [(LIFETIME, pack("!I", lifetime))])

    def permit(self, peer: str) -> int:
        return self._ask(CREATE_PERMISSION, [(PEER, peer)])

    def bind(self, number: int, peer: str) -> int:
        return self._ask(CHANNEL_BIND, [(CHANNEL_NUMBER, pack("!HH", number, 0)), (PEER, peer)])

    def send(self, number: int, data: bytes) -> None:
        """On a bound channel."""
        self.sock.send(pack("!HH", number, len(data)) + data)

    @property
    def lifetime(self) -> int:
        return int.from_bytes(self.attributes[LIFETIME], "big")

    def _ask(self, method: int, wanted: Sequence[tuple[int, bytes | str]]) -> int:
        error = self._once(method, wanted)
        if error in (401, 438):  # the first time, or the nonce is stale
            self.realm, self.nonce = self.attributes.get(REALM, self.realm), self.attributes[NONCE]
            error = self._once(method, wanted)
        return error

    def _once(self, method: int, wanted: Sequence[tuple[int, bytes | str]]) -> int:
        transaction = os.urandom(12)
        body = b"".join(
            _attribute(kind, value if isinstance(value, bytes) else _xor_address(value, transaction))
            for kind, value in wanted
        )
        if self.realm:
            signed = ((USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce))
            body += b"".join(_attribute(kind, value) for kind, value in signed)
            key = hashlib.md5(b":".join((self.username.encode(), self.realm, self.password.encode()))).digest()
            head = pack("!HHI12s", _kind(method), len(body) + 24, COOKIE, transaction)
            body += _attribute(INTEGRITY, hmac.digest(key, head + body, "sha1"))
        self.sock.send(pack("!HHI12s", _kind(method), len(body), COOKIE, transaction) + body)
        while True:
            answer = self.sock.recv(2048)
            if answer[8:20] == transaction:
                self.attributes = dict(_attributes(answer))
                error = self.attributes.get(ERROR_CODE)
                return error[2] * 100 + error[3] if error is not None else 0


def _kind(method: int) -> int:
    return method  # below 0x80 and of class request, the number is the method's own


def _attribute(kind: int, value: bytes) -> bytes:
    return pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(message: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 20
    while at + 4 <= len(message):
        kind, size = unpack_from("!HH", message, at)
        found.append((kind, message[at + 4 : at + 4 + size]))
        at += 4 + size + -size % 4
    return found


def _xor_address(text: str, transaction: bytes) -> bytes:
    """``address:port``, an IPv6 address in brackets."""
    host, _, port = text.rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    pad = pack("!I", COOKIE) + transaction
    hidden = bytes(a ^ b for a, b in zip(address.packed, pad, strict=False))
    return pack("!BBH", 0, 1 if address.version == 4 else 2, int(port) ^ COOKIE >> 16) + hidden
