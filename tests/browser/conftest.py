"""The running service, Chromium with a fake camera and microphone, and people who come in with it."""

import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Error, async_playwright, expect

from tests.browser.service import Service, start
from tests.browser.visitor import LONG, Screen, Visitor, visitor

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Few frames: several people's pictures are encoded on a small machine at once.
    "--use-fake-device-for-media-stream=fps=10",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
expect.set_options(timeout=LONG)
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


class People:
    """Brings people in, and at a failure keeps a picture of what each of them saw."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.here: list[Visitor] = []

    async def __call__(self, service: Service, name: str, screen: Screen, **options: Any) -> Visitor:
        person = await visitor(self._browser, service.url, name, screen, **options)
        self.here.append(person)
        return person

    async def picture(self, folder: Path) -> None:
        for number, person in enumerate(self.here):
            path = folder / f"{number}-{person.name.partition(' ')[0].lower()}.png"
            try:
                await person.page.screenshot(path=path, timeout=10_000)
                print(f"{person.name} at {person.page.url} saw {path}")  # noqa: T201 - shown by pytest at a failure
            except Error:
                continue  # closed, or too busy


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = start(tmp_path_factory.mktemp("service"))
    yield running
    running.stop()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def come(chromium: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[People]:
    """`await come(service, "Karin Edlund", "phone")`."""
    people = People(chromium)
    yield people
    if request.node.stash.get(FAILED, False):
        await people.picture(tmp_path)
