"""Meetings as the rest of the house sees them: one object per process, made of the acts in the other files."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from audit.log import Log
from auth.sessions import Session
from auth.store import People
from auth.vault import Vault
from auth.vouching_keys import VouchingKeys
from rooms import view
from rooms.admission import Admission
from rooms.assurance import Assurance
from rooms.consents import Consents
from rooms.desk import Desk, Publish
from rooms.drafts import MeetingDraft
from rooms.errors import ConsentMissing, MediaFull
from rooms.hosting import Hosting
from rooms.invitations import Invitations
from rooms.media import MediaServer, MediaUnavailable
from rooms.meeting import Gathering, MeetingStatus, ParticipantStatus
from rooms.network import Network
from rooms.planning import Planned, Planning
from rooms.policy import Action
from rooms.presence import Presence
from rooms.readings import Readings
from rooms.review import Review
from rooms.room_names import RoomNames
from rooms.sight import Sight
from rooms.sms_invitations import SmsInvitations
from rooms.state import State, Summary
from rooms.store import Store
from rooms.vouching import Voucher


class Meetings:
    """planning, invitations, admission, assurance, consents, hosting, network: the acts. presence: the background
    work, by `presence.run()`.

    readings: who has looked at somebody else's meeting. review: what an auditor is shown of the log.
    vouching_keys: what vouchings are checked with (`vouching`), newest first.
    origin: the public address, for personal links. publish: tells the sockets of a meeting. clock: aware UTC.
    """

    def __init__(
        self,
        *,
        store: Store,
        audit: Log,
        media: MediaServer,
        people: People,
        vault: Vault,
        vouching: VouchingKeys,
        publish: Publish,
        clock: Callable[[], datetime],
        origin: str,
    ) -> None:
        desk = Desk(store, audit, media, publish, clock, room_names=RoomNames(origin))
        self._desk = desk
        self.readings = Readings(desk)
        self.review = Review(store, audit, people)
        self.invitations = Invitations(desk, people, vault, origin=origin)
        self.planning = Planning(desk, self.invitations, people, vault)
        voucher = Voucher(vouching)
        self._vouching_key = voucher.public
        self.vouching_keys = voucher.all_public
        self.consents = Consents(desk, vault)
        self.admission = Admission(desk, voucher, self.consents)
        self.assurance = Assurance(desk)
        self.hosting = Hosting(desk, self.consents)
        self.sight = Sight(desk)
        self.sms_invitations = SmsInvitations(desk, self.invitations, people, vault)
        self.network = Network(desk)
        self.presence = Presence(desk, self.hosting, self.admission)

    async def vouching_key(self, meeting: str) -> str:
        """What this meeting's vouchings are checked with. Raises MeetingUnknown."""
        return self._vouching_key((await self._desk.gathering(meeting)).meeting)

    async def plan(self, viewer: Session, draft: MeetingDraft) -> Planned:
        """Plan a meeting, and start it where the draft says so. Raises NotYourPost, InvalidFields, MediaFull."""
        if draft.start_now:
            await self._desk.refuse_if_full()
        planned = await self.planning.plan(viewer, draft)
        if not draft.start_now:
            return planned
        # It is open once that is stored; a media server that does not answer is asked again when somebody joins.
        # One that filled up meanwhile leaves it planned: its links are shown this once, and it can be started later.
        # So does a consent that is missing, which nobody can have given yet.
        with suppress(MediaUnavailable, MediaFull, ConsentMissing):
            await self.hosting.start(viewer, planned.gathering.meeting.id)
        return Planned(await self._desk.gathering(planned.gathering.meeting.id), planned.links)

    async def gathering(self, viewer: Session, meeting: str) -> Gathering:
        """The meeting with everybody in it, for pages. Raises MeetingUnknown also where the viewer is a stranger."""
        return await self._desk.open_to(viewer, meeting, Action.SEE_MEETING)

    async def state_for(self, viewer: Session, meeting: str) -> State:
        """STATE as `view.state` describes it. Raises MeetingUnknown."""
        return view.state(await self.gathering(viewer, meeting), viewer, self._desk.now())

    async def read(self, viewer: Session, meeting: str) -> State:
        """STATE for whoever asks to see the meeting; that they did is in the log first, where it is not their own.

        Raises MeetingUnknown, AuditUnavailable.
        """
        gathering = await self.gathering(viewer, meeting)
        await self.readings.record(gathering, viewer)
        return view.state(gathering, viewer, self._desk.now())

    async def consent_due(self, viewer: Session, meeting: str) -> bool:
        """Whether the viewer's own consent is waited for, and this login can give it. Raises MeetingUnknown."""
        found = await self.consents.standing(viewer, meeting)
        return found.due and found.may_answer and found.gathering.meeting.status is MeetingStatus.PLANNED

    async def summaries_for(self, viewer: Session, since: datetime, until: datetime) -> list[Summary]:
        """The viewer's meetings overlapping [since, until), by start."""
        return [view.summary(state) for state in await self.listed(viewer, since, until)]

    async def listed(self, viewer: Session, since: datetime, until: datetime) -> list[State]:
        """The same as STATE; `view.unread` of those that others lead and the viewer neither planned nor has opened."""
        found = []
        for gathering in await self.planning.meetings_for(viewer, since, until):
            whole = view.state(gathering, viewer, self._desk.now())
            own = gathering.meeting.planned_by == viewer.person.id
            found.append(view.unread(whole) if not own and self.readings.due(gathering, viewer) else whole)
        return found

    async def seen(self, viewer: Session, meeting: str) -> bool:
        """A sign of life from the viewer's page: keeps their place in the lobby. Whether they wait or are inside."""
        gathering = await self._desk.store.gathering(meeting)
        one = gathering.participant_of(viewer.person.id) if gathering is not None else None
        if one is None or one.session != viewer.id:
            return False
        if one.status in (ParticipantStatus.WAITING, ParticipantStatus.ADMITTED):
            await self._desk.store.seen(one.id, self._desk.now())
        return one.inside or one.status is ParticipantStatus.WAITING
