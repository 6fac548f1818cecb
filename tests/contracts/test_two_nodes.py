"""Two application nodes on one database: acts on one meeting, made at the same moment, are made one after the other."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import EventType
from audit.log import open_log
from audit.signer import Signer
from auth.store import People
from auth.vault import Vault
from db.engine import connect
from rooms.errors import NotWaiting
from rooms.meeting import ParticipantStatus
from rooms.store import Store
from tests.conftest import FrozenClock
from tests.postgres import postgres_engine, postgres_server, postgres_url
from tests.rooms.fakes import FakeMedia
from tests.rooms.world import KARIN, LEILA, NORDVIK, PER, REGION, World

__all__ = ["postgres_engine", "postgres_server", "postgres_url"]

pytestmark = pytest.mark.postgres


@pytest.fixture
async def nodes(postgres_engine: AsyncEngine, postgres_url: str, clock: FrozenClock) -> AsyncIterator[list[World]]:
    """Each with connections, a log and locks of its own; the media server is one."""
    signer, media = Signer("test/log", Ed25519PrivateKey.generate()), FakeMedia()
    made, other = [], connect(postgres_url)
    for engine in (postgres_engine, other):
        vault = Vault({"1": "a test secret of thirty-two characters"}, current="1")
        people = People(engine, vault)
        log = await open_log(engine, signer, clock)
        made.append(World(engine, clock, log, media, people, vault))
    for organisation in (REGION, NORDVIK):
        await made[0].people.add_organisation(organisation)
    yield made
    for world in made:
        await world.log.close()
    await other.dispose()


async def test_one_lets_in_and_the_other_refuses_at_the_same_moment(nodes: list[World]) -> None:
    one, other = nodes
    for _ in range(5):
        anna, meeting, planned = await one.started()
        leila = await one.by_link(planned, "Leila Haddad", LEILA)
        karin = await one.by_link(planned, "Karin Edlund", KARIN)
        waits = await one.wait(karin, meeting)
        outcomes = await asyncio.gather(
            one.meetings.admission.admit(anna, meeting, waits),
            other.meetings.admission.deny(leila, meeting, waits, final=True),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert [type(outcome) for outcome in refused] == [NotWaiting], outcomes
        came = await one.participant(karin, meeting)
        let_in = outcomes[0] is None
        assert came.status is (ParticipantStatus.ADMITTED if let_in else ParticipantStatus.DENIED)
        # And the log tells the same: not both.
        kinds = (EventType.PARTICIPANT_ADMITTED, EventType.PARTICIPANT_DENIED)
        told = [record.type for record in await one.records(meeting, *kinds) if record.event]
        about_karin = told.count(EventType.PARTICIPANT_DENIED)
        assert about_karin == (0 if let_in else 1)


async def test_two_who_knock_at_two_nodes_both_wait(nodes: list[World]) -> None:
    one, other = nodes
    _, meeting, planned = await one.started()
    karin = await one.by_link(planned, "Karin Edlund", KARIN)
    per = await other.by_link(planned, "Per Wiklund", PER)
    await asyncio.gather(one.wait(karin, meeting), other.wait(per, meeting))
    gathering = await Store(other.engine).gathering(meeting)
    assert gathering is not None
    assert {waiting.name for waiting in gathering.waiting()} == {"Karin Edlund", "Per Wiklund"}


async def test_the_same_person_knocking_at_two_nodes_waits_once(nodes: list[World]) -> None:
    one, other = nodes
    _, meeting, planned = await one.started()
    karin = await one.by_link(planned, "Karin Edlund", KARIN)
    again = await other.by_link(planned, "Karin Edlund", KARIN, device="2")
    first, second = await asyncio.gather(one.wait(karin, meeting), other.wait(again, meeting))
    assert first == second
    assert len(await one.records(meeting, EventType.LOBBY_ENTERED)) == 1
