"""End-to-end encryption as people meet it, and as somebody who runs the server does."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.encrypted_seat import CANNOT_ENCRYPT, SeatKeys
from tests.browser.memory import found_in_memory
from tests.browser.program import Planned, Program
from tests.browser.sdk_person import SdkPerson
from tests.browser.service import Service
from tests.browser.visitor import LONG, Visitor, eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
KEY_WATCH = Path(__file__).with_name("key_watch.js").read_text(encoding="utf-8")


@pytest.fixture
async def led(service: Service) -> AsyncIterator[tuple[Program, Planned]]:
    """A started meeting of its own, led by Anna through the JSON interface."""
    async with Program(service.url) as anna:
        await anna.identify("Anna Sjödin")
        yield anna, await anna.plan("Karin Edlund", "Elin Näslund")


async def at_the_door(service: Service, come: People, planned: Planned, script: str) -> Visitor:
    karin = await come(service, "Karin Edlund", "desk")
    await karin.context.add_init_script(script)
    await karin.scan_code(planned.links["Karin Edlund"])
    await karin.page.goto(f"/meetings/{planned.id}/room")
    await karin.be_ready()
    await karin.heading("Du är i väntrummet")
    return karin


async def shown_code(person: Visitor) -> str:
    words = await person.page.locator("#ctl-safety").inner_text()
    found = re.search(r"Kod (\d{3}) (\d{3})", words)
    return found[1] + found[2] if found else ""


async def received(person: SdkPerson) -> tuple[int, int]:
    """Packets that came, and frames that could be decoded, of everything subscribed."""
    packets = frames = 0
    for other in person.media.room.remote_participants.values():
        for publication in other.track_publications.values():
            if publication.track is not None:
                for one in await publication.track.get_stats():
                    if one.HasField("inbound_rtp"):
                        packets += one.inbound_rtp.received.packets_received
                        frames += one.inbound_rtp.inbound.frames_decoded
    return packets, frames


async def test_the_code_is_the_same_and_the_server_has_no_key(
    service: Service, come: People, led: tuple[Program, Planned]
) -> None:
    """A browser and a program meet; another program has packets but no keys; the server's memory has neither key."""
    anna, planned = led
    async with SdkPerson(service.url, "Anna Sjödin") as home, SdkPerson(service.url, "Elin Näslund") as elin:
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        karin = await at_the_door(service, come, planned, KEY_WATCH)
        await anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit")
        await karin.in_room()
        await karin.sees_and_hears("Gunnar")
        await eventually(lambda: home.frames("Karin Edlund") > 5, what="the home sees Karin")
        assert home.keys is not None
        keys = home.keys
        code = await eventually(lambda: shown_code(karin), what="a code")
        await eventually(lambda: keys.code == code, what=f"the same code {code} as made by PROTOCOL.md")
        await karin.press(re.compile("Krypterat hela vägen"))
        await karin.sees("Läs upp siffrorna för varandra")

        # Admitted and vouched for, but she takes no part in the exchange of keys.
        await elin.program.identify("Elin Näslund", planned.links["Elin Näslund"])
        await keyless(elin, anna, planned.id)
        await eventually(lambda: elin.identity_of("Karin"), what="Elin in the media room")
        await eventually(lambda: enough(elin), what="packets for the keyless")
        # Until its cryptor is in place the SDK decodes what comes as it is: noise, and nothing that was sent.
        packets, frames = await received(elin)
        assert frames < 5, f"decoded out of {packets} packets"
        assert (elin.bars("Gunnar"), elin.tones("Gunnar")) == (0, 0)
        # A new member, new keys, a new code; those who hold keys see and hear on.
        await karin.sees_and_hears("Gunnar")
        assert keys.generation > 1

        secrets = [bytes.fromhex(one) for one in await karin.page.evaluate("window.senderKeys")] + [keys.key]
        assert len(set(secrets)) > 2
        public = base64.urlsafe_b64decode(keys.public + "==")
        known = b"hemmaplan-vouching-1"
        assert found_in_memory(service.process.pid, [known]) == {known}, "the search finds what is there"
        hidden = [*secrets, *(one.hex().encode() for one in secrets)]
        hidden += [base64.urlsafe_b64encode(one).rstrip(b"=") for one in secrets]
        assert public not in secrets
        assert found_in_memory(service.process.pid, hidden) == set()


async def keyless(elin: SdkPerson, anna: Program, meeting: str) -> None:
    """Joins with a vouched key and LiveKit's encryption on, and never has anybody's sender key."""
    keys = SeatKeys(meeting, (await elin.program.call("GET", "/api/v1/vouching-key"))["key"])
    async with asyncio.TaskGroup() as group:
        entering = group.create_task(elin.program.join(meeting, key=keys.public))
        group.create_task(let_in(anna, meeting, "Elin Näslund"))
    answer = entering.result()
    await elin.connect(answer, encrypted=True)


async def let_in(anna: Program, meeting: str, name: str, **how: Any) -> None:
    async def waiting() -> Any:
        return await anna.participant(meeting, name)

    one = await eventually(waiting, what=f"{name} at the door")
    await anna.call("POST", f"/api/v1/meetings/{meeting}/lobby/{one['id']}/admit", how)


async def enough(person: SdkPerson) -> bool:
    packets, _ = await received(person)
    return packets > 150


async def test_a_leader_decides_about_a_browser_that_cannot(
    service: Service, come: People, led: tuple[Program, Planned]
) -> None:
    """She is told and waits; the leader is asked; let in, everybody is told that nothing is encrypted end to end."""
    _, planned = led
    anna = await come(service, "Anna Sjödin", "kiosk")
    await anna.scan_code("/kiosk")
    await anna.page.goto(f"/kiosk/meetings/{planned.id}")
    await anna.in_room()
    async with SdkPerson(service.url, "Elin Näslund") as elin:
        await elin.program.identify("Elin Näslund", planned.links["Elin Näslund"])
        entering = asyncio.gather(elin.come_in(planned.id))
        await anna.admit("Elin")
        await entering
        await anna.sees_and_hears("Elin")
        code = await eventually(lambda: shown_code(anna), what="a code")

        karin = await at_the_door(service, come, planned, CANNOT_ENCRYPT)
        await karin.sees("Din webbläsare kan inte kryptera mötet hela vägen")
        await anna.sees("Kan inte kryptera hela vägen")
        await anna.admit("Karin")
        question = anna.page.get_by_role("dialog", name="Släppa in Karin utan kryptering hela vägen?")
        await anna.button("Släpp in ändå", within=question).click(timeout=LONG)
        await karin.in_room()
        for person in (anna, karin):
            await person.sees(re.compile("Mötet är inte krypterat hela vägen"))
            await person.sees(re.compile("Anna Sjödin har bestämt att mötet hålls ändå"))
            await expect(person.page.locator("#ctl-safety")).to_contain_text("Krypterad förbindelse", timeout=LONG)
        await asyncio.gather(karin.sees_and_hears("Gunnar"), anna.sees_and_hears("Karin"))

        # She leaves: all of it comes back by itself.
        await karin.press(re.compile("Lämna. Lämna mötet"))
        await eventually(lambda: shown_code(anna), what="the code again")
        assert await shown_code(anna) == code
        await eventually(lambda: one_of_them_is_encrypted(elin), what="Anna's tracks encrypted again")
        await anna.sees_and_hears("Elin")


def one_of_them_is_encrypted(person: SdkPerson) -> bool:
    others = list(person.media.room.remote_participants.values())
    tracks = [one for other in others for one in other.track_publications.values()]
    return bool(tracks) and all(one.encryption_type == rtc.EncryptionType.GCM for one in tracks)
