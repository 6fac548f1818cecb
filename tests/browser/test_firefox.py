"""The same room in Debian's Firefox: identify, device check, lobby, let in, picture and sound both ways."""

import asyncio
import json
import re
from typing import Any

import pytest

from tests.browser.program import Program
from tests.browser.sdk_person import SdkPerson
from tests.browser.service import Service
from tests.browser.visitor import PEERS, SMALL_CAMERA, eventually, growing
from tests.sfu.browsers import FIREFOX, firefox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(FIREFOX is None, reason="Debian's firefox-esr is not installed"),
]


class FirefoxPage:
    """A page found and pressed by its words, over Firefox's own remote protocol."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab

    async def call(self, expression: str) -> Any:
        """A page that is being left answers with an error; it is asked again."""
        for attempt in range(20):
            try:
                return await self.tab.call(expression)
            except AssertionError:
                if attempt == 19:
                    raise
                await asyncio.sleep(0.3)
        return None

    async def sees(self, words: str) -> None:
        text = json.dumps(words)
        await eventually(lambda: self.call(f"document.body.innerText.includes({text})"), what=words)

    async def press(self, *words: str) -> None:
        """The first visible button or link with one of these words in its name."""
        find = (
            "[...document.querySelectorAll('button, a.button')].find((one) => one.checkVisibility() "
            f"&& {json.dumps(words)}.some((word) => one.textContent.includes(word)))"
        )
        await eventually(lambda: self.call(f"!!{find}"), what=f"a button {words}")
        await self.call(f"({find}.click(), true)")

    async def received(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = await self.call("window.receivedMedia()")
        return found


async def test_firefox_takes_part(service: Service) -> None:
    async with (
        Program(service.url) as anna,
        SdkPerson(service.url, "Anna Sjödin") as home,
        firefox() as browser,
    ):
        await anna.identify("Anna Sjödin")
        planned = await anna.plan("Karin Edlund")
        tab: Any = await browser.open("about:blank")
        await tab._bidi.command("script.addPreloadScript", functionDeclaration=f"() => {{ {SMALL_CAMERA} {PEERS} }}")

        karin = FirefoxPage(tab)
        await open_page(tab, planned.links["Karin Edlund"])
        await karin.sees("Visa vem du är med BankID")
        # The link to the app on this computer carries the token that the app is opened with.
        find_token = "document.getElementById('app-link')?.href.match(/autostarttoken=([^&]+)/)?.[1]"
        token = await eventually(lambda: karin.call(find_token), what="the app's token")
        async with Program(service.url) as app:
            await app.approve("Karin Edlund", autoStartToken=token)
        await karin.sees("Varför träffas vi?")
        await karin.press("Till väntrummet")
        await karin.sees("Prova ljud och bild")
        await eventually(lambda: karin.call("document.querySelector('video')?.videoWidth > 0"), what="her own picture")
        await karin.press("Jag är redo")
        await karin.sees("Du är i väntrummet")

        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        await anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit")
        await eventually(lambda: karin.call("!!document.querySelector('[aria-label=\"Mötets knappar\"]')"), what="room")

        await growing(karin.received, ("Gunnar",), seconds=120)
        await eventually(lambda: home.frames("Karin Edlund") > 10, what="frames from Firefox")
        await eventually(lambda: home.loudest("Karin Edlund") > 300, what="sound from Firefox")

        await karin.press("Lämna")
        await karin.sees("Du har lämnat mötet")
        await eventually(lambda: not home.identity_of("Karin Edlund"), what="Karin gone")
    assert re.search("Traceback", service.printed()) is None


async def open_page(tab: Any, url: str) -> None:
    await tab._bidi.command("browsingContext.navigate", context=tab._context, url=url, wait="complete")
