"""The pages, built and served."""

import shutil
import subprocess
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from signaling.pages.templates import STATIC, WEB
from tests.rooms.conftest import world
from tests.rooms.world import World
from tests.signaling.pages.site import Site

__all__ = ["world"]


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    """web/static as `make web` leaves it; where node is missing the tests of pages are skipped, visibly."""
    if (STATIC / "manifest.json").exists():
        return
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules").is_dir():
        pytest.skip("web/static is not built and node or web/node_modules is missing")
    subprocess.run([node, "build.mjs"], cwd=WEB, check=True)


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    made = Site(world)
    async with TestClient(TestServer(made.application())) as client:
        made.client = client
        yield made
