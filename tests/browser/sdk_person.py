"""Somebody who takes part with the Python SDK: identified and let in through the JSON interface, media by `livekit`."""

from types import SimpleNamespace
from typing import Any, Self, cast

from tests.browser.program import Program
from tests.sfu.sdk_client import MediaHost, SdkClient


class SdkPerson:
    """Identify, knock, and when let in publish picture and tone; counts what comes from each other person."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.program = Program(url)
        self.client: SdkClient | None = None

    async def __aenter__(self) -> Self:
        await self.program.__aenter__()
        return self

    async def __aexit__(self, *what: Any) -> None:
        if self.client is not None:
            await self.client.close()
        await self.program.__aexit__(*what)

    async def come_in(self, meeting: str, *, home: bool = False) -> str:
        """Waits until let in, connects and publishes. Returns the token that was used."""
        answer = await self.program.join(meeting, home=home)
        # The client asks its host for nothing but the address, since the token is ours.
        self.client = SdkClient(cast(MediaHost, SimpleNamespace(url=answer["server_url"])), self.name)
        await self.client.connect(answer["participant_token"])
        await self.client.publish_audio()
        await self.client.publish_video()
        return str(answer["participant_token"])

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

    def loudest(self, name: str) -> int:
        return self.media.loudest.get(self.identity_of(name), 0)
