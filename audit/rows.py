"""What goes into and comes out of the log's tables, and what can be asked of them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from audit.entries import Entry
from audit.events import Event, EventType, Reason, read_time

NAMED = ("person", "invited", "seat")
"""Details that hold a person's name; they are searched beside those who acted and were acted upon."""
READINGS = ("audit.read", "audit.exported")
"""They name the meeting that was looked for, which need not be one."""
REFUSALS = ("invitation.refused", "participant.refused", "participant.denied")
"""Types that are refusals, but for the host's "Inte än": see `is_refusal`."""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """size: entries it covers; at: when it was signed; note: the signed text."""

    size: int
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """The columns an entry is found by."""

    organisation: str | None = None
    meeting: str | None = None
    actor: str | None = None
    subject: str | None = None
    names: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it stands in the database, with the copies that search uses."""

    entry: Entry
    at: datetime
    type: str
    keys: SearchKeys


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are wanted; None means any. since is included, until is not.

    actor: id of the person who acted or was acted upon; who: that, or part of any name in the entry, in any case;
    among: ids of persons one of whom acted or was acted upon; outside: an organisation whose own entries are not
    wanted; after: only entries beyond this place in the direction of reading.
    """

    organisation: str | None = None
    meeting: str | None = None
    actor: str | None = None
    who: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    limit: int | None = None
    newest_first: bool = False
    among: tuple[str, ...] | None = None
    outside: str | None = None


@dataclass(frozen=True, slots=True)
class MeetingFound:
    """A meeting that has entries: when the first and the last were made, how many, and how many of them are
    refusals.
    """

    meeting: str
    first_at: datetime
    last_at: datetime
    entries: int
    refusals: int


def search_keys(event: Event) -> SearchKeys:
    """What of an event is copied into the search columns."""
    actors = [actor for actor in (event.actor, event.subject) if actor]
    names = [actor.name for actor in actors] + [str(event.details[key]) for key in NAMED if event.details.get(key)]
    return SearchKeys(
        organisation=event.organisation,
        meeting=event.meeting,
        actor=event.actor.person if event.actor else None,
        subject=event.subject.person if event.subject else None,
        names="\n".join(names).casefold().replace("\0", "") or None,
    )


def is_refusal(event: Event) -> bool:
    """Whether somebody was refused; who was told "Inte än" keeps waiting and was not."""
    return event.type.value in REFUSALS and not answered_not_yet(event)


def answered_not_yet(event: Event) -> bool:
    return event.type is EventType.PARTICIPANT_DENIED and event.details.get("reason") == Reason.NOT_YET


def moment(text: str) -> datetime:
    """The time in a column; the beginning of time for what is none, so that a spoilt row can still be looked at."""
    try:
        return read_time(text)
    except (TypeError, ValueError):
        return datetime.min.replace(tzinfo=UTC)
