"""A participant's page tells that its network is too weak for pictures, or carries them again: for the log's picture
of the meeting. Nothing else follows from it.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.events import EventType
from auth.sessions import Session
from rooms.desk import Desk
from rooms.errors import NotHere
from rooms.meeting import ParticipantStatus
from rooms.policy import Action

LEAST_BETWEEN = timedelta(seconds=10)
"""Between two records of one participant, however the network or the page behaves."""

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Told:
    """stay: the stay in the room it was told of; a new one begins as good, as the log's picture has it."""

    stay: str
    weak: bool
    at: datetime


class Network:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: OrderedDict[str, _Told] = OrderedDict()

    async def report(self, viewer: Session, meeting: str, *, weak: bool) -> bool:
        """Write down a change; gives what the log now holds, which is the old while it is too soon for another.

        Raises MeetingUnknown, NotHere where the viewer is not in the room on this device, AuditUnavailable.
        """
        async with self._desk.lock(meeting):
            gathering = await self._desk.open_to(viewer, meeting, Action.JOIN)
            one = gathering.participant_of(viewer.person.id)
            if one is None or one.status is not ParticipantStatus.IN_ROOM or one.session != viewer.id:
                raise NotHere(name=viewer.person.name)
            stays = await self._desk.store.open_stays(meeting)
            stay = next((stay.id for stay in stays if stay.participant == one.id), None)
            if stay is None:
                raise NotHere(name=viewer.person.name)
            told, now = self._told.get(one.id), self._desk.now()
            was = told is not None and told.stay == stay and told.weak
            if weak == was or (told is not None and now - told.at < LEAST_BETWEEN):
                return was
            kind = EventType.PARTICIPANT_NETWORK_WEAK if weak else EventType.PARTICIPANT_NETWORK_RESTORED
            await self._desk.record_about(kind, gathering, one, actor=None)
            self._told[one.id] = _Told(stay, weak, now)
            self._told.move_to_end(one.id)
            if len(self._told) > MOST_KEPT:
                self._told.popitem(last=False)
            return weak
