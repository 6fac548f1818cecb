"""Real browsers for end-to-end tests: Chromium by Playwright, Debian's Firefox by WebDriver BiDi."""

import asyncio
import itertools
import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiohttp import web
from playwright.async_api import Page as PlaywrightPage
from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.umd.js"
PAGE = Path(__file__).with_name("livekit_page.html")
CHROMIUM = shutil.which("chromium")
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
FIREFOX_PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.prefs.recommended": True,
}


class Tab(Protocol):
    """One page. `call` evaluates a JavaScript expression, awaits it if it is a promise, and gives its value."""

    async def call(self, expression: str) -> Any: ...


async def until(tab: Tab, expression: str, *, seconds: float = 45) -> Any:
    """Wait until an expression is truthy, and give its value."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = await tab.call(expression)
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            events = await tab.call("seen.events")
            raise AssertionError(f"not in {seconds} s: {expression}; events {events}")
        await asyncio.sleep(0.1)


def page_routes() -> list[web.RouteDef]:
    """Serve the page and the npm package it loads."""

    async def page(_: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE)

    async def client(_: web.Request) -> web.FileResponse:
        return web.FileResponse(CLIENT)

    return [web.get("/page", page), web.get("/livekit-client.js", client)]


class _ChromiumTab:
    def __init__(self, page: PlaywrightPage) -> None:
        self.page = page

    async def call(self, expression: str) -> Any:
        return await asyncio.wait_for(self.page.evaluate(f"async () => ({expression})"), 90)


class Chromium:
    """`open` gives a tab in a profile of its own."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

    async def open(self, url: str) -> Tab:
        context = await self._browser.new_context()
        context.set_default_timeout(90_000)
        page = await context.new_page()
        await page.goto(url)
        return _ChromiumTab(page)


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            yield Chromium(browser)
        finally:
            await browser.close()


class _Bidi:
    """WebDriver BiDi over one WebSocket: https://w3c.github.io/webdriver-bidi/"""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def listen(self) -> None:
        async for message in self._socket:
            answer = json.loads(message.data)
            future = self._waiting.pop(answer.get("id"), None)
            if future is not None and not future.done():
                if answer["type"] == "error":
                    future.set_exception(AssertionError(f"{answer['error']}: {answer.get('message')}"))
                else:
                    future.set_result(answer["result"])

    async def command(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(future, 90)


class _FirefoxTab:
    def __init__(self, bidi: _Bidi, context: str) -> None:
        self._bidi = bidi
        self._context = context

    async def call(self, expression: str) -> Any:
        result = await self._bidi.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise AssertionError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])


class Firefox:
    """`open` gives a tab; all tabs share one profile."""

    def __init__(self, bidi: _Bidi) -> None:
        self._bidi = bidi

    async def open(self, url: str) -> Tab:
        created = await self._bidi.command("browsingContext.create", type="tab")
        await self._bidi.command("browsingContext.navigate", context=created["context"], url=url, wait="complete")
        return _FirefoxTab(self._bidi, created["context"])


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """Debian's Firefox as it is, driven over its own remote protocol: no geckodriver."""
    assert FIREFOX is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with AsyncExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in FIREFOX_PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines))
        process = await asyncio.create_subprocess_exec(
            FIREFOX,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            f"--remote-debugging-port={port}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        stack.push_async_callback(_end, process)
        client = await stack.enter_async_context(aiohttp.ClientSession())
        connection = await _connect(client, port)
        stack.push_async_callback(connection.close)
        bidi = _Bidi(connection)
        listener = asyncio.get_running_loop().create_task(bidi.listen())
        stack.callback(listener.cancel)
        await bidi.command("session.new", capabilities={})
        yield Firefox(bidi)


async def _connect(client: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    for _ in range(900):
        try:
            return await client.ws_connect(f"ws://127.0.0.1:{port}/session", max_msg_size=0)
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
    raise AssertionError("Firefox did not open its remote protocol")


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()
