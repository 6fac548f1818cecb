"""A participant in real Chromium: ``python -m bench.net.page <url> <token> [spki hash]``.

It tells what `bench.net.participant` tells. spki hash: base64 SHA-256 of a public key whose certificates the browser
shall trust (a TURN server's of a scenario).
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Route, async_playwright

from bench.join import CHROMIUM, CLIENT
from bench.net.participant import tell

PAGE = Path(__file__).parent / "page.html"
# A page must come from localhost to be a secure context; there is none, so requests to it are answered here.
ADDRESS = "http://localhost/"
# The page says that it is the whole world's and the server's address is private: Chromium would ask the person.
_UNASKED = ("LocalNetworkAccessChecks", "LocalNetworkAccessChecksWebSockets", "LocalNetworkAccessChecksWebRTC")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--autoplay-policy=no-user-gesture-required", f"--disable-features={','.join(_UNASKED)}"),
]  # fmt: skip


async def _answer(route: Route) -> None:
    await route.fulfill(path=CLIENT if route.request.url.endswith(".js") else PAGE)


def _tell(event: str, whose: str | None) -> None:
    tell(event, **({} if whose is None else {"of": whose}))


async def main(url: str, token: str, trusted: str) -> None:
    arguments = [*ARGUMENTS, *([f"--ignore-certificate-errors-spki-list={trusted}"] if trusted else [])]
    async with async_playwright() as playwright:
        with tempfile.TemporaryDirectory() as profile:
            browser = await playwright.chromium.launch_persistent_context(
                profile, executable_path=str(CHROMIUM), args=arguments
            )
            page = await browser.new_page()
            await page.route(f"{ADDRESS}**", _answer)
            await page.expose_function("tell", _tell)
            page.on("console", lambda message: print(message.text, file=sys.stderr))
            await page.goto(ADDRESS)
            await page.evaluate("a => take_part(...a)", [url, token])
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
