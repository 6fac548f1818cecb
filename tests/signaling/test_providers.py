"""What the settings name is what is asked; the doubles are the demo's alone."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from auth.demo_certificates import make
from auth.identity import Method
from auth.sessions import Sessions
from auth.store import SessionRows
from rooms.meetings import Meetings
from signaling import providers
from signaling.foundation import Foundation, foundation
from signaling.settings import BadSettings, Settings, load
from tests.conftest import FrozenClock
from tests.rooms.conftest import world
from tests.rooms.world import World

__all__ = ["world"]


@pytest.fixture
def demo(tmp_path: Path) -> Settings:
    return load(demo=True, data_directory=tmp_path / "data", media_udp_port=0)


@pytest.fixture
async def ground(demo: Settings, clock: FrozenClock) -> AsyncIterator[Foundation]:
    async with foundation(demo, clock) as ground:
        yield ground


@pytest.fixture
def meetings(world: World) -> Meetings:
    return world.meetings


@pytest.fixture
def sessions(ground: Foundation, clock: FrozenClock) -> Sessions:
    return Sessions(SessionRows(ground.engine), ground.audit, clock)


async def test_the_demo_has_doubles_of_all(
    demo: Settings, ground: Foundation, sessions: Sessions, meetings: Meetings, clock: FrozenClock
) -> None:
    async with AsyncExitStack() as stack:
        _, credentials, bankid = await providers.bankid(demo, stack, clock)
        assert bankid is not None
        assert credentials.context is not None
        _, sms = await providers.sms(demo, stack, ground, sessions, meetings)
        assert sms is not None
        logins, issuers = await providers.openid(demo, stack, ground, clock, sessions=sessions, meetings=meetings)
        assert set(issuers) == logins.methods == {Method.SITHS, Method.FREJA}


async def test_outside_it_there_is_what_is_set_and_no_double(
    demo: Settings, ground: Foundation, sessions: Sessions, meetings: Meetings, clock: FrozenClock
) -> None:
    real = demo.model_copy(
        update={
            "demo": False,
            "freja_issuer": "https://oidc.example.se",
            "freja_client_id": "hemmaplan",
            "freja_client_secret": SecretStr("a secret of Freja's"),
        }
    )
    async with AsyncExitStack() as stack:
        assert (await providers.sms(real, stack, ground, sessions, meetings))[1] is None
        logins, issuers = await providers.openid(real, stack, ground, clock, sessions=sessions, meetings=meetings)
        assert (set(logins.methods), issuers) == ({Method.FREJA}, {})
        with pytest.raises(AssertionError, match="settings demand it"):
            await providers.bankid(real, stack, clock)


@pytest.mark.parametrize(
    ("wrong", "named"), [("root", "BANKID_ROOT"), ("certificate", "BANKID_CERTIFICATE"), ("key", "BANKID_KEY")]
)
async def test_a_certificate_that_cannot_be_used_is_named_by_its_setting(
    tmp_path: Path, clock: FrozenClock, wrong: str, named: str
) -> None:
    made = make(tmp_path)
    getattr(made, wrong).write_text("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n")
    files = {f"bankid_{name}": getattr(made, name) for name in ("certificate", "key", "root")}
    settings = load(demo=True).model_copy(update={"demo": False, **files})
    async with AsyncExitStack() as stack:
        with pytest.raises(BadSettings, match=f"HEMMAPLAN_{named}"):
            await providers.bankid(settings, stack, clock)
