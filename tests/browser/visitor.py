"""A person at a browser: opens a page, identifies with the BankID simulator, checks devices, waits, takes part.

Elements are found as a person finds them: by role and Swedish name.
"""

import asyncio
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Browser, BrowserContext, Error, Locator, Page, Response, Route, expect

from tests.browser.program import Problem, Program

PEERS = Path(__file__).with_name("peers.js").read_text(encoding="utf-8")
SMALL_CAMERA = Path(__file__).with_name("small_camera.js").read_text(encoding="utf-8")
LONG = 90_000  # milliseconds: the machine may be busy with other tests
SCREENS: dict[str, tuple[int, int]] = {"kiosk": (1366, 768), "desk": (1440, 900), "phone": (390, 844)}
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/149.0.0.0 Mobile Safari/537.36"
Screen = Literal["kiosk", "desk", "phone"]


class Visitor:
    """One person with a browser profile of their own."""

    def __init__(self, url: str, name: str, context: BrowserContext, page: Page) -> None:
        self.url = url
        self.name = name
        self.context = context
        self.page = page
        self.tokens: list[str] = []
        self._qr: list[str] = []
        self.app_tokens: list[str] = []
        page.on("response", self._answered)

    async def _answered(self, response: Response) -> None:
        """Keeps the content of the newest QR code, which the page draws from the same answer, and join tokens."""
        path = urlsplit(response.url).path
        if response.status != 200 or not (path.startswith("/auth/bankid/") or path.endswith("/join")):
            return
        try:
            content = await response.json()
        except Error:
            return  # the page has moved on, and the answer with it
        if content.get("qr"):
            self._qr.append(content["qr"])
        if content.get("participant_token"):
            self.tokens.append(content["participant_token"])

    async def _app_opened(self, route: Route) -> None:
        """The phone hands the address to the BankID app; the page stays."""
        self.app_tokens.append(parse_qs(urlsplit(route.request.url).query)["autostarttoken"][0])
        await route.fulfill(status=204)

    async def speak(self, language: str) -> None:
        """sv or en, as if chosen by the switch on the pages."""
        await self.context.add_cookies([{"name": "hemmaplan-language", "value": language, "url": self.url}])

    # ---- identification ------------------------------------------------------------------------------------------

    async def scan_code(self, path: str) -> None:
        """Opens a page that asks who one is, scans BankID's code with the app, approves, and comes through."""
        await self.page.goto(with_bankid(path))
        await self.approve_scanned()
        await self._past_identification()

    async def approve_scanned(self) -> None:
        """Scans the code on the page and approves."""
        await expect(self.page.get_by_role("img", name="QR-kod")).to_be_visible(timeout=LONG)
        await eventually(lambda: self._qr, what="a QR code")
        async with Program(self.url) as phone:
            for attempt in range(5):  # a code lives for seconds, and the machine may be slow
                try:
                    await phone.approve(self.name, qr=self._qr[-1])
                    break
                except Problem:
                    if attempt == 4:
                        raise
                    await asyncio.sleep(0.5)

    async def identify_here(self, path: str) -> None:
        """Opens a page that asks for BankID on a phone and uses the app on that same phone."""
        await self.open_app(path)
        async with Program(self.url) as phone:
            await phone.approve(self.name, autoStartToken=self.app_tokens[-1])
        await self._past_identification()

    async def open_app(self, path: str) -> None:
        """As far as the app's own question."""
        await self.page.goto(with_bankid(path))
        await self.page.get_by_role("button", name="Öppna BankID i den här mobilen").click(timeout=LONG)
        await eventually(lambda: self.app_tokens, what="the app's address")

    async def _past_identification(self) -> None:
        # Not wait_for_url: opening the app is a navigation that ends in nothing.
        await eventually(lambda: not re.match(r"/(i|login)(/|$)", urlsplit(self.page.url).path), what="a page behind")
        await self.page.wait_for_load_state()

    # ---- the meeting's page --------------------------------------------------------------------------------------

    def button(self, name: str | re.Pattern[str], *, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name)

    async def press(self, name: str | re.Pattern[str]) -> None:
        await self.button(name).first.click(timeout=LONG)

    async def sees(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=LONG)

    async def heading(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_role("heading", name=text).first).to_be_visible(timeout=LONG)

    async def go_to_lobby(self, meeting: str) -> None:
        """From the invitation through the device check to the waiting room."""
        await self.page.goto(f"/meetings/{meeting}/room")
        await self.be_ready()
        await self.heading("Du är i väntrummet")

    async def be_ready(self) -> None:
        """The device check: one's own picture moves, then on."""
        await self.heading("Prova ljud och bild")
        # Not wait_for_function: the page's content security policy forbids what it needs.
        moving = "() => document.querySelector('video')?.videoWidth > 0"
        await eventually(lambda: self.page.evaluate(moving), what="one's own picture")
        await self.press(re.compile("Jag är redo|Gå in i mötet|Starta mötet"))

    async def in_room(self) -> None:
        await expect(self.page.get_by_role("group", name="Mötets knappar")).to_be_visible(timeout=LONG)

    async def received(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = await self.page.evaluate("() => window.receivedMedia()")
        return found

    async def sees_and_hears(self, *names: str, seconds: float = 120) -> None:
        """The tile of each shows frames that go on being decoded, and their sound has energy that goes on growing."""
        await growing(self.received, names, seconds=seconds)

    async def opens_socket(self, token: str) -> str:
        """Tries LiveKit's signalling socket from this page with a token: "let in" or "refused"."""
        found: str = await self.page.evaluate(
            "(token) => new Promise((done) => { const socket = new WebSocket("
            "`${location.origin.replace('http', 'ws')}/rtc?access_token=${token}&auto_subscribe=1&sdk=js&protocol=16`);"
            " socket.onmessage = () => done('let in'); socket.onclose = () => done('refused'); })",
            token,
        )
        return found

    async def admit(self, given_name: str) -> None:
        await self.press(f"Släpp in {given_name}")

    async def open_panel(self, name: str | re.Pattern[str]) -> None:
        button = self.button(name).first
        if await button.get_attribute("aria-expanded") != "true" and await button.get_attribute("aria-current") is None:
            await button.click(timeout=LONG)

    async def act_on(self, given_name: str, act: str) -> None:
        """A leader's act on somebody in the list of people, which must be open."""
        choices = self.page.locator("details", has=self.page.get_by_text(f"Val för {given_name}"))
        await choices.locator("summary").click(timeout=LONG)
        await self.button(act, within=choices).click(timeout=LONG)


async def visitor(
    browser: Browser, url: str, name: str, screen: Screen, *, small_camera: bool = True, **options: Any
) -> Visitor:
    """A new person at a new browser profile."""
    width, height = SCREENS[screen]
    phone = {"user_agent": PHONE_AGENT, "is_mobile": True, "has_touch": True} if screen == "phone" else {}
    context = await browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, **{"locale": "sv-SE", **phone, **options}
    )
    context.set_default_timeout(LONG)
    await context.add_init_script(PEERS)
    if small_camera:
        await context.add_init_script(SMALL_CAMERA)
    page = await context.new_page()
    person = Visitor(url, name, context, page)
    await context.route("https://app.bankid.com/**", person._app_opened)
    return person


async def growing(received: Any, names: tuple[str, ...], *, seconds: float) -> None:
    """Waits until, for each name, both frames and sound energy have grown between two looks.

    received: awaitable that gives {name on the tile: {"frames", "energy"}}.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    first: dict[str, dict[str, float]] = {}
    missing = set(names)
    found: dict[str, dict[str, float]] = {}
    while missing:
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not seen and heard in {seconds} s: {sorted(missing)}; received {found}")
        await asyncio.sleep(0.3)
        found = await received()
        for name in list(missing):
            now = next((media for tile, media in found.items() if name in tile), None)
            if now is None or now["frames"] < 1:
                continue
            before = first.setdefault(name, now)
            if now["frames"] > before["frames"] + 3 and now["energy"] > before["energy"]:
                missing.discard(name)


def with_bankid(path: str) -> str:
    """The page with BankID chosen, whatever this browser used last."""
    return f"{path}{'&' if '?' in path else '?'}with=bankid"


async def eventually(check: Any, *, seconds: float = 90, what: str = "") -> Any:
    """Waits until `check()`, a plain or an asynchronous function, gives something true, and returns it."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = check()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not in {seconds} s: {what}")
        await asyncio.sleep(0.2)
