"""Whoever looks at a meeting they are not invited to is in the log (HSLF-FS 2016:40 4:9): once for each login."""

from audit.events import EventType
from auth.sessions import Session
from rooms.desk import Desk, actor_in
from rooms.meeting import Gathering
from rooms.policy import Relation, relations

OTHERS = frozenset({Relation.COLLEAGUE, Relation.AUDITOR})
"""Those who see a meeting by their post."""
OWN = frozenset({Relation.HOST, Relation.CO_HOST, Relation.INSIDE, Relation.INVITED, Relation.UNRECOGNISED})
MOST_KEPT = 10_000


class Readings:
    """What has been written is remembered by this process alone: another node, or one that has forgotten, writes it
    once more."""

    def __init__(self, desk: Desk, most: int = MOST_KEPT) -> None:
        self._desk = desk
        self._most = most
        self._written: dict[tuple[str, str], None] = {}

    def due(self, gathering: Gathering, viewer: Session) -> bool:
        """Whether to show the meeting would be a reading that is not written yet."""
        held = relations(gathering, viewer)
        return bool(held & OTHERS) and not held & OWN and (viewer.id, gathering.meeting.id) not in self._written

    async def record(self, gathering: Gathering, viewer: Session) -> None:
        """To be called before the meeting is shown. Raises AuditUnavailable: then it must not be."""
        if not self.due(gathering, viewer):
            return
        key = (viewer.id, gathering.meeting.id)
        await self._desk.record(EventType.MEETING_READ, gathering.meeting, actor=actor_in(gathering, viewer))
        while len(self._written) >= self._most:
            del self._written[next(iter(self._written))]
        self._written[key] = None
