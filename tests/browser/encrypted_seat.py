"""End-to-end encryption as PROTOCOL.md writes it, made a second time: what a program does to take part.

`SeatKeys` is pure: messages in, messages out. `follow` reads a meeting's socket and keeps the keys of the real SDK.
"""

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

import aiohttp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Run in a page before its own scripts: a browser that gives no way to its encoded frames.
CANNOT_ENCRYPT = "delete window.RTCRtpScriptTransform; delete RTCRtpSender.prototype.createEncodedStreams;"
SWITCH_AFTER = 0.25
ASK_EVERY = 1.5
RING = 16


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hashed(*lines: str) -> str:
    return b64(hashlib.sha256("\n".join(lines).encode()).digest())


class SeatKeys:
    """One seat's keys. opened: sender keys of the others, {identity: (generation, key)}; said: messages to be sent."""

    def __init__(self, meeting: str, signer: str) -> None:
        self.meeting = meeting
        self.identity = ""
        self._signer = Ed25519PublicKey.from_public_bytes(unb64(signer))
        self._secret = ec.generate_private_key(ec.SECP256R1())
        point = self._secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = b64(point)
        self.key = os.urandom(32)
        self.generation = 1
        self.everyone: dict[str, str] = {}
        self.members: dict[str, str] = {}
        self.opened: dict[str, tuple[int, bytes]] = {}
        self.said: list[dict[str, Any]] = []
        self.round = ""
        self._nonce: dict[str, str] = {}
        self._commitments: dict[str, dict[str, str]] = {}
        self._nonces: dict[str, dict[str, str]] = {}
        self._revealed = ""

    def check(self, participant: dict[str, Any]) -> dict[str, Any]:
        """The vouching of one participant of STATE. Raises cryptography's InvalidSignature, ValueError."""
        body, signature = participant["vouching"].split(".")
        self._signer.verify(unb64(signature), b"hemmaplan-vouching-1\n" + unb64(body))
        statement: dict[str, Any] = json.loads(unb64(body))
        told = {"meeting": self.meeting, "participant": participant["id"], "identity": participant["identity"]}
        if any(statement[name] != value for name, value in told.items()):
            raise ValueError("of another seat")
        return statement

    def see(self, state: dict[str, Any]) -> bool:
        """Who is here. Whether our key has to be another from now on."""
        seated = [one for one in state["participants"] if one["vouching"] and one["state"] in ("admitted", "in_room")]
        statements = [self.check(one) for one in seated]
        self.everyone = {one["identity"]: one["key"] for one in statements if one["key"] is not None}
        by_code = {one["identity"] for one in seated if one["unrecognised"]}
        members = {one: key for one, key in self.everyone.items() if one not in by_code}
        if members == self.members or members.get(self.identity) != self.public:
            return False
        first = len(self.members) < 2
        self.members = members
        self.round = hashed("hemmaplan-round-1", self.meeting, *sorted(f"{i} {k}" for i, k in members.items()))[:22]
        self._nonce.setdefault(self.round, b64(os.urandom(16)))
        if not first:
            self.key = os.urandom(32)
            self.generation += 1
        self.share()
        return not first

    def share(self) -> None:
        commitment = self._commitment(self.identity, self._nonce[self.round])
        self._commitments.setdefault(self.round, {})[self.identity] = commitment
        self._nonces.setdefault(self.round, {})[self.identity] = self._nonce[self.round]
        keys = {one: self._wrap(one, key) for one, key in self.members.items() if one != self.identity}
        if keys:
            message = {"round": self.round, "generation": self.generation, "commitment": commitment, "keys": keys}
            self.said.append({"kind": "share", **message})
            self._reveal()

    def hear(self, sender: str, body: str) -> None:
        if sender not in self.everyone:
            return
        message = json.loads(body)
        match message["kind"]:
            case "share":
                self._commitments.setdefault(message["round"], {}).setdefault(sender, message["commitment"])
                wrapped = message["keys"].get(self.identity)
                if wrapped and message["generation"] > self.opened.get(sender, (0, b""))[0]:
                    self._open(sender, message["generation"], wrapped)
                self._reveal()
            case "reveal":
                bound = self._commitments.get(message["round"], {}).get(sender)
                if (
                    sender in self.members
                    and message["round"] == self.round
                    and bound == self._commitment(sender, message["nonce"])
                ):
                    self._nonces[self.round].setdefault(sender, message["nonce"])
            case "ask" if self.identity in message["of"]:
                self._revealed = ""
                self.share()

    def ask(self) -> None:
        have = self._nonces.get(self.round, {})
        missing = [one for one in self.members if one != self.identity and (one not in self.opened or one not in have)]
        if missing:
            self.said.append({"kind": "ask", "of": missing})

    @property
    def code(self) -> str:
        """Six digits; empty while somebody's number is missing."""
        nonces = self._nonces.get(self.round, {})
        if len(self.members) < 2 or set(nonces) != set(self.members):
            return ""
        lines = sorted(f"{one} {nonce}" for one, nonce in nonces.items())
        digest = hashlib.sha256("\n".join(["hemmaplan-code-1", self.round, *lines]).encode()).digest()
        return f"{int.from_bytes(digest[:8], 'big') % 10**6:06}"

    def _reveal(self) -> None:
        if self._revealed != self.round and set(self._commitments.get(self.round, {})) >= set(self.members):
            self._revealed = self.round
            self.said.append({"kind": "reveal", "round": self.round, "nonce": self._nonce[self.round]})

    def _commitment(self, identity: str, nonce: str) -> str:
        return hashed("hemmaplan-commitment-1", self.round, identity, nonce)

    def _wrap(self, receiver: str, key: str) -> str:
        nonce = os.urandom(12)
        ends = [self.identity, receiver, self.public, key]
        return f"{b64(nonce)}.{b64(self._cipher(key, ends, self.generation).encrypt(nonce, self.key, None))}"

    def _open(self, sender: str, generation: int, wrapped: str) -> None:
        nonce, sealed = wrapped.split(".")
        key = self.everyone[sender]
        cipher = self._cipher(key, [sender, self.identity, key, self.public], generation)
        try:
            self.opened[sender] = (generation, cipher.decrypt(unb64(nonce), unb64(sealed), None))
        except InvalidTag:
            return

    def _cipher(self, other: str, ends: list[str], generation: int) -> AESGCM:
        """other: the other's public key. ends: sender, receiver, the sender's key, the receiver's."""
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(other))
        info = "\n".join(["hemmaplan-wrap-1", self.meeting, *ends, str(generation)])
        return AESGCM(HKDF(SHA256(), 32, b"", info.encode()).derive(self._secret.exchange(ec.ECDH(), point)))


async def follow(
    socket: aiohttp.ClientWebSocketResponse, keys: SeatKeys, use: Callable[[str, bytes, int], None]
) -> None:
    """Until the socket ends. use(identity, sender key, index): what the SDK shall encrypt or decrypt with."""
    told: dict[str, int] = {}
    loop = asyncio.get_running_loop()
    while True:
        try:
            message = await socket.receive(timeout=ASK_EVERY)
        except TimeoutError:
            keys.ask()
        else:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            event = json.loads(message.data)
            if event["event"] == "encryption":
                keys.hear(event["from"], event["body"])
            elif keys.identity and keys.see(event["state"]):
                loop.call_later(SWITCH_AFTER, use, keys.identity, keys.key, keys.generation % RING)
        for identity, (generation, key) in keys.opened.items():
            if told.get(identity) != generation:
                told[identity] = generation
                use(identity, key, generation % RING)
        while keys.said:
            await socket.send_json({"type": "encryption", "body": json.dumps(keys.said.pop(0))})
