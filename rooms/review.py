"""What an auditor is shown of the log: all of her own organisation's, and of another's meetings what concerns hers."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from audit.events import Actor, EventType, Record
from audit.log import Log
from audit.rows import MeetingFound, is_refusal, search_keys
from auth.people import Organisation, Staff, same_name
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
MOST_RECORDS = 500
"""Of one meeting, counted for a hit."""


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


@dataclass(frozen=True, slots=True)
class Hit:
    """A meeting whose log names somebody. owner: the name of the organisation it belongs to, where that is another;
    then the entries are those the auditor is shown."""

    found: MeetingFound
    owner: str = ""


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
        """Records as `audit.rows.Search` describes them, of the viewer's organisation; of another's what concerns it,
        with `meeting` or with `who`, the name of somebody in the viewer's. Raises AuditUnavailable."""
        organisation = _staff(viewer).organisation
        read = _Reading(viewer, self._store, await self._employed(organisation))
        seen, may = await read.standing(meeting) if meeting is not None else (None, frozenset[Action]())
        if Action.SEE_OWN_EVENTS in may and Action.SEE_LOG not in may:
            found = await self._log.search(meeting=meeting, since=since, until=until, limit=limit + 1, after=after)
            # The name is looked for in what is shown: an answer must not tell whom a record that is hidden is about.
            shown = [
                cut
                for record in found[:limit]
                if (cut := concerning(record, organisation, read.colleagues)) is not None and _names(cut, who)
            ]
            return _page(found, shown, limit, seen, whole=False)
        found = await self._log.search(
            organisation=organisation.id,
            meeting=meeting,
            who=who,
            since=since,
            until=until,
            limit=limit + 1,
            after=after,
        )
        if meeting is None and who is not None and (named := read.named(who)):
            others = await self._log.search(
                among=named, outside=organisation.id, since=since, until=until, limit=limit + 1, after=after
            )
            own = {record.seq for record in found}
            found = sorted([*found, *others], key=lambda record: record.seq)[: limit + 1]
            shown = [
                cut
                for record in found[:limit]
                if (cut := record if record.seq in own else await read.cut(record, named)) is not None
            ]
            return _page(found, shown, limit, None)
        return _page(found, found[:limit], limit, seen if Action.SEE_HELD in may else None)

    async def meetings(
        self, viewer: Session, *, who: str, since: datetime | None = None, until: datetime | None = None
    ) -> list[Hit]:
        """The latest meetings, at most 100, with an entry the viewer is shown that names that person.
        Raises AuditUnavailable."""
        organisation = _staff(viewer).organisation
        hits = [
            Hit(one)
            for one in await self._log.meetings(organisation=organisation.id, who=who, since=since, until=until)
        ]
        read = _Reading(viewer, self._store, await self._employed(organisation))
        if named := read.named(who):
            for one in await self._log.meetings(among=named, outside=organisation.id, since=since, until=until):
                if (hit := await self._elsewhere(read, one.meeting, named, since, until)) is not None:
                    hits.append(hit)
        return sorted(hits, key=lambda hit: hit.found.last_at, reverse=True)[:100]

    async def _elsewhere(
        self, read: "_Reading", meeting: str, named: Collection[str], since: datetime | None, until: datetime | None
    ) -> Hit | None:
        seen, may = await read.standing(meeting)
        if seen is None or Action.SEE_OWN_EVENTS not in may or Action.SEE_LOG in may:
            return None
        records = await self._log.search(meeting=meeting, limit=MOST_RECORDS)
        shown = [cut for one in records if (cut := concerning(one, read.organisation, read.colleagues)) is not None]
        at = [cut.time for cut in shown if _about(cut, named)]
        if not any((since is None or since <= time) and (until is None or time < until) for time in at):
            return None
        refusals = sum(cut.event is not None and is_refusal(cut.event) for cut in shown)
        found = MeetingFound(meeting, shown[0].time, shown[-1].time, len(shown), refusals)
        return Hit(found, seen.organisation_name)

    async def _employed(self, organisation: Organisation) -> list[Staff]:
        # Two that are called the same cannot be told apart in what was written: then neither is shown the other's.
        others = await self._people.organisations()
        if any(other.id != organisation.id and same_name(other.name, organisation.name) for other in others):
            return []
        # Also those who have left: what they did is still theirs to answer for.
        return await self._people.staff_in(organisation.id, ended=True)


class _Reading:
    """One auditor's reading: who belongs to her organisation, and what she may see of each meeting, asked once."""

    def __init__(self, viewer: Session, store: Store, employed: list[Staff]) -> None:
        self.organisation = _staff(viewer).organisation
        self.colleagues = frozenset(post.person.id for post in employed)
        self._viewer = viewer
        self._store = store
        self._employed = employed
        self._known: dict[str, tuple[Meeting | None, frozenset[Action]]] = {}

    async def standing(self, meeting: str) -> tuple[Meeting | None, frozenset[Action]]:
        if meeting not in self._known:
            gathering = await self._store.gathering(meeting, erased=True)
            may = actions(relations(gathering, self._viewer, self.colleagues)) if gathering else frozenset[Action]()
            self._known[meeting] = (gathering.meeting if gathering else None, may)
        return self._known[meeting]

    def named(self, who: str) -> tuple[str, ...]:
        """The ids of those in the organisation with that id, or whose name holds it, in any case."""
        wanted = who.casefold()
        people = {post.person.id: post.person.name for post in self._employed}
        return tuple(one for one, name in people.items() if one == who or wanted in name.casefold())

    async def cut(self, record: Record, named: Collection[str]) -> Record | None:
        """What is shown of another organisation's record: nothing, unless it concerns one of those named."""
        event = record.event
        if event is None or event.meeting is None:
            return None
        if Action.SEE_OWN_EVENTS not in (await self.standing(event.meeting))[1]:
            return None
        cut = concerning(record, self.organisation, self.colleagues)
        return cut if cut is not None and _about(cut, named) else None


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


def _about(record: Record, named: Collection[str]) -> bool:
    event = record.event
    return event is not None and any(one is not None and one.person in named for one in (event.actor, event.subject))
