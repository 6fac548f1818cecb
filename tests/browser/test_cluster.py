"""The same pages with a LiveKit cluster behind them: the browser may connect there, and everybody is seen and heard."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.sdk_person import SdkPerson
from tests.browser.test_meeting import meeting_of
from tests.browser.visitor import LONG
from tests.livekit_installation import installation

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


async def test_the_nurses_page_on_a_livekit_cluster(tmp_path: Path, come: People) -> None:
    async with installation(tmp_path) as here, SdkPerson(here.service.url, "Karin Edlund") as karin:
        anna = await come(here.service, "Anna Sjödin", "kiosk")
        await anna.scan_code("/kiosk")
        await expect(anna.page.get_by_text("Gunnar Edlund")).to_be_visible(timeout=LONG)
        await anna.press("Starta mötet")
        await anna.in_room()
        await karin.program.identify("Karin Edlund", here.service.links()["Karin Edlund"])
        meeting = await meeting_of(anna)
        async with asyncio.TaskGroup() as group:
            group.create_task(karin.come_in(meeting))
            group.create_task(anna.admit("Karin"))
        await anna.sees_and_hears("Karin")
