"""The ground is laid once and found again; a key that does not fit the log stops everything."""

from pathlib import Path

import pytest

from audit.signer import SignerUnusable
from auth.demo import NORDVIK
from auth.directory import Administrator
from signaling.foundation import directory, foundation, planner
from signaling.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(demo=True, data_directory=tmp_path / "data")


async def test_what_was_stored_is_found_again(settings: Settings) -> None:
    async with directory(settings) as made:
        await made.add_organisation(Administrator.command_line("operator"), NORDVIK)
    async with foundation(settings) as ground:
        assert await ground.people.organisations() == [NORDVIK]
    async with planner(settings):
        pass


async def test_the_data_is_for_this_user_alone(settings: Settings) -> None:
    async with foundation(settings):
        pass
    assert settings.data_directory.stat().st_mode & 0o077 == 0


async def test_a_log_without_its_key_stops_the_start(settings: Settings) -> None:
    async with foundation(settings):
        pass
    (settings.data_directory / "audit.key").unlink()
    with pytest.raises(SignerUnusable):
        async with foundation(settings):
            pass
