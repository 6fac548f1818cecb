"""What an auditor is shown of one meeting's log: all of her own organisation's, and of another's what concerns hers."""

from dataclasses import dataclass, replace
from datetime import datetime

from audit.events import Actor, EventType, Record
from audit.log import Log
from audit.rows import search_keys
from auth.people import Organisation, Staff
from auth.sessions import Session
from auth.store import People
from rooms.meeting import Meeting
from rooms.policy import Action, actions, relations, speaks_for
from rooms.store import Store

HELD = (EventType.MEETING_STARTED, EventType.MEETING_ENDED)
KEPT = ("participant", "reason")
"""Details that say what happened without saying to whom: an id made for one meeting, and a word from the code."""
WITHHELD = Actor("", "")
"""Stands where somebody else's person stood."""


@dataclass(frozen=True, slots=True)
class Page:
    """meeting: None for one that is not there to be seen. more: whether entries after `last` have not been looked at.

    records: in order; fewer than asked for where what lies between concerns others.
    """

    records: list[Record]
    last: int | None = None
    more: bool = False
    meeting: Meeting | None = None
    whole: bool = True


class Review:
    """The caller has checked that the viewer is an auditor, and logs the reading before it is answered."""

    def __init__(self, store: Store, log: Log, people: People) -> None:
        self._store = store
        self._log = log
        self._people = people

    async def search(
        self,
        viewer: Session,
        *,
        meeting: str | None = None,
        who: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        after: int | None = None,
    ) -> Page:
        """Records as `audit.rows.Search` describes them, of the viewer's organisation; with `meeting` also what
        concerns it of another's. Raises AuditUnavailable."""
        staff = _staff(viewer)
        organisation = staff.organisation.id
        seen, may, colleagues = await self._standing(viewer, meeting)
        if meeting is None or Action.SEE_OWN_EVENTS not in may or Action.SEE_LOG in may:
            found = await self._log.search(
                organisation=organisation,
                meeting=meeting,
                who=who,
                since=since,
                until=until,
                limit=limit + 1,
                after=after,
            )
            return _page(found, found[:limit], limit, seen if Action.SEE_HELD in may else None)
        found = await self._log.search(meeting=meeting, since=since, until=until, limit=limit + 1, after=after)
        # The name is looked for in what is shown: an answer must not tell whom a record that is hidden is about.
        shown = [
            cut
            for record in found[:limit]
            if (cut := concerning(record, staff.organisation, colleagues)) is not None and _names(cut, who)
        ]
        return _page(found, shown, limit, seen, whole=False)

    async def _standing(
        self, viewer: Session, meeting: str | None
    ) -> tuple[Meeting | None, frozenset[Action], frozenset[str]]:
        gathering = await self._store.gathering(meeting) if meeting is not None else None
        if gathering is None:
            return None, frozenset(), frozenset()
        # Also those who have left: what they did is still theirs to answer for.
        everybody = await self._people.staff_in(_staff(viewer).organisation.id, ended=True)
        colleagues = frozenset(post.person.id for post in everybody)
        return gathering.meeting, actions(relations(gathering, viewer, colleagues)), colleagues


def concerning(record: Record, organisation: Organisation, colleagues: frozenset[str]) -> Record | None:
    """What a record of a meeting that another organisation owns shows that organisation's auditor; None: nothing."""
    event = record.event
    if event is None:
        return None
    if event.organisation == organisation.id:
        return record

    def own(actor: Actor | None) -> bool:
        return actor is not None and speaks_for(actor.person, actor.organisation, organisation, colleagues)

    if not (own(event.actor) or own(event.subject) or record.type in HELD):
        return None
    cut = replace(
        event,
        actor=event.actor if own(event.actor) else event.actor and WITHHELD,
        subject=event.subject if own(event.subject) else event.subject and WITHHELD,
        details={key: event.details[key] for key in KEPT if key in event.details},
    )
    return replace(record, event=cut)


def _staff(viewer: Session) -> Staff:
    assert viewer.staff is not None, "only staff hold permissions"
    return viewer.staff


def _page(found: list[Record], shown: list[Record], limit: int, meeting: Meeting | None, *, whole: bool = True) -> Page:
    seen = found[:limit]
    return Page(shown, seen[-1].seq if seen else None, len(found) > limit, meeting, whole)


def _names(record: Record, who: str | None) -> bool:
    if who is None or record.event is None:
        return who is None
    keys = search_keys(record.event)
    return who in (keys.actor, keys.subject) or who.casefold() in (keys.names or "")
