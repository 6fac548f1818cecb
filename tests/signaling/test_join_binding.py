"""A stolen join token alone opens nothing: not in another browser, not at another address, not twice."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Actor
from auth.one_time import SqlOneTime
from auth.store import OneTimeRows
from rooms.admission import Admission
from rooms.media import Grant
from sfu.access_token import Claims, TokenKey
from signaling.join_binding import JoinBinding, binding_of
from signaling.livekit_socket import RESUME_KEY, AdmissionRefused
from signaling.security import address_binding, session_binding
from tests.conftest import FrozenClock
from tests.signaling.test_security import a_session

KEY = TokenKey("key", "s" * 40)


class OneSeat:
    """The meeting's word: one identity has a seat; what is refused is written down."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def may_enter(self, room: str, identity: str) -> bool:
        return (room, identity) == ("room", "identity")

    async def entry_refused(self, room: str, actor: Actor | None, *, reason: str) -> None:  # noqa: ARG002
        self.refused.append(reason)


@pytest.fixture
def seat() -> OneSeat:
    return OneSeat()


@pytest.fixture
def binding(seat: OneSeat, clock: FrozenClock, engine: AsyncEngine) -> JoinBinding:
    return JoinBinding(SqlOneTime(OneTimeRows(engine), clock), cast(Admission, seat))


def claims(bound_to: str | None, now: datetime, *, identity: str = "identity") -> Claims:
    grant = Grant(room="room", identity=identity, name="Karin Edlund", binding=bound_to, lifetime=timedelta(seconds=60))
    return KEY.verify(KEY.mint(grant, now), now)


def a_request(*, address: str = "203.0.113.7", session: Any = None, browser: bool = False) -> web.Request:
    request = make_mocked_request("GET", "/rtc/v1", headers={"Sec-Fetch-Site": "same-origin"} if browser else {})
    request["address"] = address
    request["session"] = session
    return request


async def test_a_browser_must_hold_the_session_the_token_was_made_for(
    binding: JoinBinding, clock: FrozenClock, seat: OneSeat
) -> None:
    session = a_session()
    token = claims(binding_of(a_request(session=session, browser=True), session), clock())
    await binding.admit(token, a_request(session=session, browser=True))
    await binding.admit(token, a_request(session=session, browser=True))  # LiveKit's client may try twice
    with pytest.raises(AdmissionRefused):
        await binding.admit(token, a_request(session=None))
    assert seat.refused == ["this token belongs to another browser, or its session has ended"]


async def test_a_refused_token_is_written_down_once_for_each_reason(
    binding: JoinBinding, clock: FrozenClock, seat: OneSeat
) -> None:
    token = claims(binding_of(a_request(), a_session()), clock())
    await binding.admit(token, a_request())
    for _ in range(20):
        for address in ("203.0.113.7", "198.51.100.1"):
            with pytest.raises(AdmissionRefused):
                await binding.admit(token, a_request(address=address))
    assert len(seat.refused) == len(set(seat.refused)) == 2
    with pytest.raises(AdmissionRefused):
        await binding.admit(claims(None, clock()), a_request())
    with pytest.raises(AdmissionRefused):
        await binding.admit(claims(None, clock()), a_request())
    assert len(seat.refused) == 4, "another token is another matter"


async def test_a_program_must_come_from_the_address_that_asked_and_only_once(
    binding: JoinBinding, clock: FrozenClock
) -> None:
    token = claims(binding_of(a_request(), a_session()), clock())
    with pytest.raises(AdmissionRefused, match="another address"):
        await binding.admit(token, a_request(address="198.51.100.1"))
    await binding.admit(token, a_request())
    with pytest.raises(AdmissionRefused, match="has been used"):
        await binding.admit(token, a_request())


async def test_a_program_may_come_back_on_a_new_socket(binding: JoinBinding, clock: FrozenClock) -> None:
    token = claims(address_binding("203.0.113.7"), clock())
    await binding.admit(token, a_request())
    resuming = a_request()
    resuming[RESUME_KEY] = True
    await binding.admit(token, resuming)


async def test_two_tokens_of_one_second_are_two_tokens(binding: JoinBinding, clock: FrozenClock) -> None:
    for _ in range(2):
        await binding.admit(claims(address_binding("203.0.113.7"), clock()), a_request())


async def test_a_token_bound_to_nobody_opens_no_meeting(binding: JoinBinding) -> None:
    with pytest.raises(AdmissionRefused, match="bound to nobody"):
        await binding.admit(claims(None, datetime.now(UTC)), a_request())


async def test_asking_why_spends_and_records_nothing(binding: JoinBinding, clock: FrozenClock, seat: OneSeat) -> None:
    token = claims(session_binding(a_session()), clock())
    asking = a_request()
    asking["livekit_validate"] = True
    with pytest.raises(AdmissionRefused):
        await binding.admit(token, asking)
    assert not seat.refused


async def test_who_has_lost_the_seat_stays_out(binding: JoinBinding, clock: FrozenClock, seat: OneSeat) -> None:
    token = claims(address_binding("203.0.113.7"), clock(), identity="removed")
    with pytest.raises(AdmissionRefused, match="no seat"):
        await binding.admit(token, a_request())
    assert len(seat.refused) == 1
