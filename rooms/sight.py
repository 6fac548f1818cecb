"""Who came by a code alone is let in to be seen, not to hear: a leader who knows them says who it is, or puts them out.

A telephone can be lent or stolen; a face and a voice that somebody in the meeting knows cannot. Until then the media
server gives them nobody's picture or sound, and the embedded one tells them of nobody.
"""

from audit.events import EventType
from auth.sessions import Session
from rooms import lobby
from rooms.desk import Desk, actor_in
from rooms.errors import NotHere, ParticipantUnknown
from rooms.meeting import ParticipantStatus
from rooms.policy import Action


class Sight:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def recognise(self, viewer: Session, meeting: str, participant: str) -> None:
        """The viewer sees that it is the right person. In the log before they hear anything. Said twice is said once.

        Raises ParticipantUnknown, NotHere, NotAllowed, AuditUnavailable, MediaUnavailable.
        """
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.ADMIT)
            one = before.participant_by_id(participant)
            if one is None:
                raise ParticipantUnknown
            if one.status is not ParticipantStatus.IN_ROOM or one.identity is None:
                raise NotHere(name=one.name)
            if one.unrecognised:
                recognised = lobby.recognise(one, self._desk.now())
                actor = actor_in(before, viewer)
                await self._desk.record_about(EventType.PARTICIPANT_RECOGNISED, before, one, actor=actor)
                await self._desk.commit(before, before.changed(recognised))
            # Also when it is said again: the media server may not have answered the first time.
            await self._desk.media.let_hear(before.meeting.room, one.identity)
        await self._desk.tell(meeting, "participant.recognised", one.id)
