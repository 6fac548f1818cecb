"""What the log's tests share."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Actor, Event, EventType
from audit.signer import Signer
from audit.verify import verify_database

ORIGIN = "hemmaplan.example/log"


def entered(person: str, *, name: str = "Karin Edlund", meeting: str = "m1") -> Event:
    actor = Actor(person, name, "Dotter", "", "bankid")
    return Event(EventType.LOBBY_ENTERED, actor, "o1", meeting, details={"participant": person, "relation": "Dotter"})


def of_type(kind: EventType, event: Event) -> Event:
    return replace(event, type=kind)


async def whole(engine: AsyncEngine, signer: Signer, witnesses: Sequence[str] = ()) -> None:
    """Recompute everything from the stored bytes."""
    report = await verify_database(engine, signer.trusted, witnesses)
    assert report.findings == []
