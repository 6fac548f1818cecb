"""What the one who leads the meeting does with it: start, end, hand over, name the home."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from audit.events import Actor, EventType, Reason
from auth.identity import AssuranceLevel, Method
from auth.sessions import Session
from rooms import lifecycle, lobby
from rooms.assurance import in_words, rule_for
from rooms.consents import Consents
from rooms.desk import Desk, actor_in, participant_actor, refuse_if_over
from rooms.drafts import check_home
from rooms.errors import (
    LeadsTheMeeting,
    MeetingNotStarted,
    NotHere,
    NotSureEnoughToLead,
    ParticipantUnknown,
    TooEarlyToStart,
    TooLateToStart,
)
from rooms.lifecycle import EndReason
from rooms.media import MediaUnavailable
from rooms.meeting import (
    Authority,
    Gathering,
    HomePerson,
    Invitation,
    MeetingStatus,
    Participant,
    ParticipantStatus,
)
from rooms.policy import Action
from rooms.view import attributes, display_name

log = structlog.get_logger()

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class Hosting:
    def __init__(self, desk: Desk, consents: Consents) -> None:
        self._desk = desk
        self._consents = consents

    async def start(self, viewer: Session, meeting: str) -> Gathering:
        """Open the meeting. On an open one it does no harm: a shaking hand, or a first try that found no media server.

        Leaders who wait are let in. Raises TooEarlyToStart, TooLateToStart, ConsentMissing, MeetingEnded,
        MediaUnavailable, MediaFull.
        """
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.START)
            refuse_if_over(before.meeting)
            if before.meeting.status is MeetingStatus.OPEN:
                await self._desk.ensure_room(before.meeting)
                return before
            now = self._desk.now()
            if not lifecycle.may_start(before.meeting, now):
                if now > before.meeting.ends_at:
                    raise TooLateToStart
                raise TooEarlyToStart(when=_written(before.meeting.starts_at))
            await self._consents.refuse_if_missing(before)
            await self._desk.refuse_if_full()
            await self._desk.record(EventType.MEETING_STARTED, before.meeting, actor=actor_in(before, viewer))
            opened = replace(before.meeting, status=MeetingStatus.OPEN, started_at=now, empty_since=now)
            leaders = [item for item in before.waiting() if before.invitation_of(item).leads]
            for leader in leaders:
                await self._desk.record_about(
                    EventType.PARTICIPANT_ADMITTED, before, leader, actor=None, reason=Reason.LEADS
                )
            admitted = [lobby.admit(leader, now) for leader in leaders]
            after = await self._desk.commit(before, before.changed(opened, *admitted))
            await self._desk.tell(meeting, "meeting.started")
            for leader in leaders:
                await self._desk.tell(meeting, "participant.admitted", leader.id)
            await self._desk.ensure_room(before.meeting)
        return after

    async def end(self, viewer: Session, meeting: str) -> Gathering:
        """End an open meeting for all, or call off a planned one. Ended or called off already: nothing happens."""
        async with self._desk.lock(meeting):
            action = Action.CHANGE
            before = await self._desk.gathering(meeting)
            if before.meeting.status is MeetingStatus.OPEN:
                action = Action.END
            before = await self._desk.open_to(viewer, meeting, action)
            if before.meeting.status in (MeetingStatus.ENDED, MeetingStatus.CANCELLED):
                return before
            after = await self._end(before, actor_in(before, viewer), EndReason.BY_HOST)
        await self._desk.tell(meeting, "meeting.ended")
        return after

    async def end_by_itself(self, meeting: str) -> None:
        """End an open meeting that has been empty, or open, for too long; `presence` asks now and then."""
        async with self._desk.lock(meeting):
            before = await self._desk.gathering(meeting)
            reason = lifecycle.ends_now(before.meeting, self._desk.now())
            if reason is None:
                return
            await self._end(before, None, reason)
        await self._desk.tell(meeting, "meeting.ended")

    async def hand_over(self, viewer: Session, meeting: str, participant: str) -> None:
        """Give the host's chair to somebody in the room; the old host stays as co-host. Raises NotSureEnoughToLead."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.APPOINT)
            one, invitation = _seated(before, participant)
            if invitation.authority is Authority.HOST:
                return
            await self._refuse_to_lead(before, one, invitation)
            host = before.host
            changes = [replace(invitation, authority=Authority.HOST)]
            if host is not None:
                changes.append(replace(host, authority=Authority.CO_HOST))
            await self._appoint(before, viewer, one, changes, Authority.HOST)
        await self._desk.tell(meeting, "role.changed", one.id)

    async def make_co_host(self, viewer: Session, meeting: str, participant: str, *, co_host: bool) -> None:
        """Let somebody in the room lead together with the host, or no longer. Raises LeadsTheMeeting for the host,
        NotSureEnoughToLead."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.APPOINT)
            one, invitation = _seated(before, participant)
            if invitation.authority is Authority.HOST:
                raise LeadsTheMeeting(name=one.name)
            authority = Authority.CO_HOST if co_host else Authority.GUEST
            if invitation.authority is authority:
                return
            if co_host:
                await self._refuse_to_lead(before, one, invitation)
            await self._appoint(before, viewer, one, [replace(invitation, authority=authority)], authority)
        await self._desk.tell(meeting, "role.changed", one.id)

    async def name_home(self, viewer: Session, meeting: str, people: Sequence[HomePerson]) -> Gathering:
        """Say who sits in the patient's home. Raises InvalidFields."""
        named = check_home(people)
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.NAME_HOME)
            refuse_if_over(before.meeting)
            await self._desk.record(
                EventType.HOME_CHANGED,
                before.meeting,
                actor=actor_in(before, viewer),
                people=", ".join(person.name for person in named),
            )
            after = await self._desk.commit(before, before.changed(replace(before.meeting, home_people=named)))
        await self._desk.tell(meeting, "home.changed")
        return after

    async def _refuse_to_lead(self, gathering: Gathering, one: Participant, invitation: Invitation) -> None:
        """As strong a login as whoever was invited to lead must have: a code by SMS leads nothing, recognised or not.
        Raises NotSureEnoughToLead."""
        leader = replace(invitation, authority=Authority.CO_HOST)
        rule = await rule_for(self._desk.store.assurance, gathering.meeting, leader)
        if not rule.enough(Method(one.method), AssuranceLevel(max(one.level, AssuranceLevel.LOW))):
            raise NotSureEnoughToLead(name=one.name, ways=in_words(rule))

    async def _appoint(
        self,
        before: Gathering,
        viewer: Session,
        one: Participant,
        changes: Sequence[Invitation],
        authority: Authority,
    ) -> None:
        await self._desk.record_about(
            EventType.ROLE_CHANGED, before, one, actor=actor_in(before, viewer), authority=authority.value
        )
        after = await self._desk.commit(before, before.changed(*changes))
        changed = {item.id for item in changes}
        for seated in after.inside():
            if seated.invitation in changed and seated.identity is not None:
                await self._show(after, seated, seated.identity)

    async def _show(self, gathering: Gathering, participant: Participant, identity: str) -> None:
        try:
            await self._desk.media.update_participant(
                gathering.meeting.room,
                identity,
                name=display_name(gathering, participant),
                attributes=attributes(gathering, participant),
            )
        except MediaUnavailable:
            # The rights hold from here on all the same; only the badge on the tile is late.
            log.warning("media server did not take a new role")

    async def _end(self, before: Gathering, actor: Actor | None, reason: EndReason) -> Gathering:
        now = self._desk.now()
        was_open = before.meeting.status is MeetingStatus.OPEN
        await self._desk.record(
            EventType.MEETING_ENDED, before.meeting, actor=actor, reason=reason if was_open else Reason.CANCELLED
        )
        for one in before.participants:
            if one.inside or one.status is ParticipantStatus.WAITING:
                kind = EventType.PARTICIPANT_LEFT if one.inside else EventType.LOBBY_LEFT
                await self._desk.record(
                    kind,
                    before.meeting,
                    actor=participant_actor(before, one),
                    participant=one.id,
                    reason=Reason.MEETING_ENDED,
                )
        stays = [
            replace(stay, left_at=now, reason=Reason.MEETING_ENDED)
            for stay in await self._desk.store.open_stays(before.meeting.id)
        ]
        ended = replace(
            before.meeting,
            status=MeetingStatus.ENDED if was_open else MeetingStatus.CANCELLED,
            ended_at=now,
            host_away_since=None,
            empty_since=None,
        )
        over = [lobby.meeting_over(one) for one in before.participants]
        links = [replace(item, expires_at=min(item.expires_at, now)) for item in before.invitations]
        after = await self._desk.commit(before, before.changed(ended, *over, *links), *stays)
        if was_open:
            await self._desk.delete_room(before.meeting.room)
        return after


def _seated(gathering: Gathering, participant: str) -> tuple[Participant, Invitation]:
    one = gathering.participant_by_id(participant)
    if one is None:
        raise ParticipantUnknown
    if gathering.meeting.status is not MeetingStatus.OPEN:
        raise MeetingNotStarted
    if not one.inside:
        raise NotHere(name=one.name)
    return one, gathering.invitation_of(one)


def _written(moment: datetime) -> str:
    local = moment.astimezone(STOCKHOLM)
    return f"{local.date().isoformat()} kl. {local:%H.%M}"
