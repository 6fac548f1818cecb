"""Somebody who takes part with the Python SDK: identified and let in through the JSON interface, media by `livekit`."""

from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, Self, cast

from livekit import rtc
from livekit.rtc._proto.e2ee_pb2 import KeyDerivationFunction

from db.tasks import Tasks
from tests.browser.encrypted_seat import SeatKeys, follow
from tests.browser.program import Program
from tests.sfu.sdk_client import MediaHost, SdkClient


class SdkPerson:
    """Identify, knock, and when let in publish picture and tone; counts what comes from each other person.

    encrypts: end to end, as browsers do; without, a leader must allow it.
    """

    def __init__(self, url: str, name: str, *, encrypts: bool = True) -> None:
        self.name = name
        self.program = Program(url)
        self.client: SdkClient | None = None
        self.keys: SeatKeys | None = None
        self._encrypts = encrypts
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.program)
        return self

    async def __aexit__(self, *what: Any) -> None:
        if self.client is not None:
            await self.client.close()
        await self._stack.aclose()

    async def come_in(self, meeting: str, *, home: bool = False) -> str:
        """Waits until let in, connects and publishes. Returns the token that was used."""
        if not self._encrypts:
            answer = await self.program.join(meeting, home=home, unencrypted=True)
        else:
            signer = (await self.program.call("GET", "/api/v1/vouching-key"))["key"]
            self.keys = SeatKeys(meeting, signer)
            answer = await self.program.join(meeting, home=home, key=self.keys.public)
            self.keys.identity = answer["identity"]
        client = await self.connect(answer, encrypted=self._encrypts)
        if self.keys is not None:
            self._use(self.keys.identity, self.keys.key, self.keys.generation)
            socket = await self._stack.enter_async_context(self.program.events(meeting))
            tasks = Tasks()
            self._stack.push_async_callback(tasks.close)
            tasks.start(follow(socket, self.keys, self._use), name="keys")
        await client.publish_audio()
        await client.publish_video()
        if self.keys is not None:
            self._use(self.keys.identity, self.keys.key, self.keys.generation)
        return str(answer["participant_token"])

    async def connect(self, answer: dict[str, Any], *, encrypted: bool) -> SdkClient:
        """With the answer of `join`; publishes nothing."""
        # The client asks its host for nothing but the address, since the token is ours.
        self.client = SdkClient(cast(MediaHost, SimpleNamespace(url=answer["server_url"])), self.name)
        await self.client.connect(answer["participant_token"], encryption=_options() if encrypted else None)
        return self.client

    def _use(self, identity: str, key: bytes, index: int) -> None:
        manager = self.media.room.e2ee_manager
        assert manager.key_provider is not None, "made with encryption"
        manager.key_provider.set_key(identity, key, index)
        assert self.keys is not None, "made with encryption"
        if identity == self.keys.identity:
            for cryptor in manager.frame_cryptors():
                if cryptor.participant_identity == identity:
                    cryptor.set_key_index(index)

    @property
    def media(self) -> SdkClient:
        assert self.client is not None, "not in the room"
        return self.client

    def identity_of(self, name: str) -> str:
        """The identity of the first participant whose name holds `name`; empty while nobody does."""
        people = self.media.room.remote_participants.values()
        return next((one.identity for one in people if name in one.name), "")

    def frames(self, name: str) -> int:
        return self.media.frames.get(self.identity_of(name), 0)

    def bars(self, name: str) -> int:
        """How often a picture like those we publish was seen from them."""
        return self.media.bars.get(self.identity_of(name), 0)

    def tones(self, name: str) -> int:
        """How often a tone like those we publish was heard from them."""
        return self.media.tones.get(self.identity_of(name), 0)

    def loudest(self, name: str) -> int:
        return self.media.loudest.get(self.identity_of(name), 0)


def _options() -> rtc.E2EEOptions:
    options = rtc.E2EEOptions()
    options.key_provider_options.key_derivation_function = KeyDerivationFunction.HKDF
    options.key_provider_options.ratchet_window_size = 0
    return options
