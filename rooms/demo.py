"""Today's meetings in the demo, in times counted from now: one that has been, one about to begin, three later.

The people are `auth.demo`'s; the other patients hold numbers of the same open series of test numbers.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from audit.log import Log
from auth import demo
from auth.demo import DemoPost
from auth.identity import AssuranceLevel, Method
from auth.people import Staff
from auth.sessions import Session
from auth.store import People
from auth.vault import Vault
from rooms.assurance_rule import DEFAULT, Audience, Rule
from rooms.consents import Consents
from rooms.desk import Desk
from rooms.drafts import InvitationDraft, MeetingDraft
from rooms.hosting import STOCKHOLM, Hosting
from rooms.invitations import Invitations, Link
from rooms.media import MediaServer, MediaUnavailable
from rooms.meeting import MeetingStatus
from rooms.planning import Planning
from rooms.room_names import RoomNames
from rooms.store import Store

LENGTH = timedelta(minutes=45)
STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DemoMeeting:
    """starts_in: from the next five-minute mark; before now for one that has been held."""

    number: str
    name: str
    type: str
    place: str
    starts_in: timedelta
    purpose: str
    invitations: tuple[InvitationDraft, ...]


@dataclass(frozen=True, slots=True)
class DemoLinks:
    """What `make run` prints for one meeting: its page and the personal links of those who are invited."""

    title: str
    meeting: str
    starts_at: datetime
    links: tuple[Link, ...]


def _colleague(post: DemoPost, party: str, *, co_host: bool = False) -> InvitationDraft:
    person = post.person
    return InvitationDraft(
        name=person.name,
        identity_number=person.number,
        kind="called",
        role=post.title,
        organisation=post.organisation.name,
        party=party,
        co_host=co_host,
    )


_LEILA = _colleague(demo.LEILA, "region", co_host=True)
_PER = _colleague(demo.PER, "kommun")
_ELIN = _colleague(demo.ELIN, "region")
_KARIN = InvitationDraft(
    name=demo.KARIN.name, identity_number=demo.KARIN.number, kind="invited", party="home", relation="Dotter"
)

HELD = DemoMeeting(
    "189001059808",
    "Birgit Lövgren",
    "follow_up",
    "Nordvik",
    timedelta(minutes=-90),
    "Hur det har gått sedan vi gjorde planen, och vad som behöver ändras.",
    (_LEILA, _PER),
)
NEXT = DemoMeeting(
    demo.GUNNAR.number,
    demo.GUNNAR.name,
    "planning",
    "Norrfällsviken",
    timedelta(minutes=5),
    "Gunnar kom hem från sjukhuset i fredags. Nu går vi igenom hur det fungerar hemma och gör en plan: vad han "
    "behöver, vem som gör vad och när.",
    (_LEILA, _PER, _ELIN, _KARIN),
)
LATER = (
    DemoMeeting(
        "189001029819",
        "Sixten Hamrin",
        "planning",
        "Bjärtrå",
        timedelta(minutes=65),
        "Hur Sixten ska klara dagarna hemma sedan han slutade köra bil.",
        (_LEILA, _PER, _ELIN),
    ),
    DemoMeeting(
        "189001039800",
        "Ingrid Nordlöf",
        "follow_up",
        "Docksta",
        timedelta(minutes=215),
        "Hur hjälpen på kvällarna har fungerat, och om den räcker.",
        (_LEILA, _PER),
    ),
    DemoMeeting(
        "189001049817",
        "Yngve Tjärnberg",
        "planning",
        "Ullånger",
        timedelta(minutes=320),
        "Vad Yngve behöver för att kunna bo kvar hemma.",
        (_LEILA, _PER, _ELIN),
    ),
)


class DemoDay:
    """Makes the day, or finds it made. Needs `auth.demo.seed` first."""

    def __init__(
        self,
        *,
        store: Store,
        audit: Log,
        media: MediaServer,
        people: People,
        vault: Vault,
        publish: Callable[[str, dict[str, Any]], Awaitable[None]],
        clock: Callable[[], datetime],
        origin: str,
    ) -> None:
        self._clock = clock
        self._shift = timedelta(0)
        self._store = store
        self._people = people
        desk = Desk(store, audit, media, publish, lambda: clock() + self._shift, room_names=RoomNames(origin))
        self._invitations = Invitations(desk, people, vault, origin=origin)
        self._planning = Planning(desk, self._invitations, people, vault)
        self._hosting = Hosting(desk, Consents(desk, vault))

    async def make(self) -> list[DemoLinks]:
        """The coming meetings with fresh links, soonest first. At a later start links are renewed, and only what is
        missing is planned: Gunnar's meeting anew where it has ended."""
        host = await self._anna()
        await self._allow_sms()
        now = self._clock()
        near = [
            found.meeting
            for found in await self._planning.meetings_for(host, now - timedelta(hours=6), now + timedelta(hours=24))
        ]
        coming = {
            meeting.patient.name: meeting
            for meeting in near
            if meeting.status in (MeetingStatus.PLANNED, MeetingStatus.OPEN) and meeting.ends_at > now
        }
        if not any(meeting.patient.name == HELD.name and meeting.status is MeetingStatus.ENDED for meeting in near):
            await self._held(host, now)
        day = [await self._renew(host, meeting.id) for meeting in coming.values()]
        # The meeting to try is always there; of the later ones what has been held is not planned again.
        known = {meeting.patient.name for meeting in near if meeting.status is not MeetingStatus.CANCELLED}
        missing = [NEXT] if NEXT.name not in coming else []
        missing += [item for item in LATER if item.name not in known]
        day += [await self._plan(host, now, item) for item in missing]
        return sorted(day, key=lambda links: links.starts_at)

    async def _anna(self) -> Session:
        """The nurse as if logged in: the demo's meetings are planned in her name."""
        posts = await self._people.staff_in(demo.ANNA.organisation.id)
        post: Staff = next(item for item in posts if item.id == demo.ANNA.id)
        return Session("demo", "", post.person, Method.BANKID, AssuranceLevel.HIGH_3, self._clock(), post, None, "sv")

    async def _plan(self, host: Session, now: datetime, item: DemoMeeting) -> DemoLinks:
        starts_at = _next_step(now) + item.starts_in
        given_name, _, surname = item.name.partition(" ")
        draft = MeetingDraft(
            type=item.type,
            given_name=given_name,
            surname=surname,
            identity_number=item.number,
            place=item.place,
            purpose=item.purpose,
            consent="oral",
            starts_at=starts_at,
            ends_at=starts_at + LENGTH,
            invitations=item.invitations,
        )
        planned = await self._planning.plan(host, draft)
        meeting = planned.gathering.meeting
        return DemoLinks(meeting.title, meeting.id, meeting.starts_at, planned.links)

    async def _allow_sms(self) -> None:
        """Two kinds of meeting in which a code by SMS can be tried, unless an administrator has decided something."""
        organisation = demo.ANNA.organisation.id
        if not await self._store.assurance.rules(organisation):
            usual = DEFAULT[Audience.VISITOR]
            allowed = Rule(usual.methods | {Method.SMS}, usual.level)
            await self._store.assurance.set_rules(
                organisation, {(kind, Audience.VISITOR): allowed for kind in ("planning", "follow_up")}
            )

    async def _held(self, host: Session, now: datetime) -> None:
        """The meeting earlier today; just after midnight there was none."""
        starts_at = _next_step(now) + HELD.starts_in
        if starts_at.astimezone(STOCKHOLM).date() != now.astimezone(STOCKHOLM).date():
            return
        self._shift = starts_at - now
        try:
            made = await self._plan(host, now, HELD)
            # It is over already: a media server that is not up yet has nothing to do with it.
            with suppress(MediaUnavailable):
                await self._hosting.start(host, made.meeting)
            self._shift += timedelta(minutes=35)
            await self._hosting.end(host, made.meeting)
        finally:
            self._shift = timedelta(0)

    async def _renew(self, host: Session, meeting: str) -> DemoLinks:
        found = await self._store.gathering(meeting)
        assert found is not None, "it was listed a moment ago"
        links = [
            await self._invitations.renew(host, meeting, item.id)
            for item in found.invitations
            if item.revoked_at is None and item.person != host.person.id
        ]
        return DemoLinks(found.meeting.title, meeting, found.meeting.starts_at, tuple(links))


def _next_step(now: datetime) -> datetime:
    """The next whole five minutes after now."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return hour + ((now - hour) // STEP + 1) * STEP
