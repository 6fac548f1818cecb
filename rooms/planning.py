"""Planning a meeting, changing it before it begins, and listing meetings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from audit.canonical import Scalar
from audit.events import Actor, EventType
from auth.fields import FieldError, InvalidFields
from auth.people import Permission, Staff
from auth.randomness import new_id
from auth.sessions import Session
from auth.store import People
from auth.vault import Vault
from rooms import lifecycle
from rooms.assurance import refuse_sms
from rooms.consents import Consents
from rooms.desk import Desk, actor_in, refuse_if_over, viewer_actor
from rooms.drafts import (
    LINE,
    PURPOSE,
    CheckedInvitation,
    CheckedMeeting,
    Faults,
    MeetingChange,
    MeetingDraft,
    check_meeting,
)
from rooms.errors import MeetingAlreadyOpen, NotYourPost
from rooms.invitations import Invitations, Link
from rooms.meeting import (
    Authority,
    Gathering,
    HomePerson,
    Invitation,
    Kind,
    Meeting,
    MeetingStatus,
    Party,
    Patient,
)
from rooms.policy import Action
from rooms.view import iso


@dataclass(frozen=True, slots=True)
class Planned:
    """A new meeting and its personal links, which are shown this once."""

    gathering: Gathering
    links: tuple[Link, ...]


class Planning:
    def __init__(self, desk: Desk, invitations: Invitations, people: People, vault: Vault) -> None:
        self._desk = desk
        self._invitations = invitations
        self._people = people
        self._vault = vault
        self._consents = Consents(desk, vault)

    async def plan(self, viewer: Session, draft: MeetingDraft) -> Planned:
        """Plan a meeting at the viewer's organisation. The planner leads it unless another is named.

        Raises NotYourPost, InvalidFields.
        """
        return await self.plan_for(planners_post(viewer), draft, viewer_actor(viewer))

    async def plan_for(self, post: Staff, draft: MeetingDraft, actor: Actor) -> Planned:
        """The same for a post whose holder is not here: the command line and the demo. actor: who the log names."""
        checked = check_meeting(draft, self._desk.now())
        meeting = replace(self._meeting(post, checked), sole_guardian=draft.sole_guardian)
        by_sms = [f"invitations.{at}.phone" for at, item in enumerate(checked.invitations) if item.phone]
        await refuse_sms(self._desk.store.assurance, meeting, by_sms)
        invited = await self._draw_up(post, meeting, checked)
        if draft.start_now and not any(item.leads and item.person == post.person.id for item, _ in invited):
            problem = FieldError(
                "start_now",
                "Bara den som leder mötet kan starta det. Välj en tid i stället.",
                "Only the person leading the meeting can start it. Choose a time instead.",
            )
            raise InvalidFields([problem])
        gathering = Gathering(meeting, tuple(invitation for invitation, _ in invited), ())
        await self._consents.refuse_unplannable(gathering)
        await self._desk.record(
            EventType.MEETING_PLANNED,
            meeting,
            actor=actor,
            subject=None,
            consent=meeting.consent.value,
            starts_at=iso(meeting.starts_at),
            ends_at=iso(meeting.ends_at),
            place=meeting.place,
            type=meeting.type,
            **_stated(meeting),
        )
        for invitation in gathering.invitations:
            await self._invitations.record_created(gathering, invitation, actor)
        await self._desk.store.save(meeting, *gathering.invitations)
        links = tuple(link for invitation, link in invited if invitation.person != post.person.id)
        return Planned(gathering, links)

    async def change(self, viewer: Session, meeting: str, change: MeetingChange) -> Gathering:
        """Change type, place, purpose or time of a planned meeting. Raises InvalidFields, MeetingAlreadyOpen."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.CHANGE)
            refuse_if_over(before.meeting)
            if before.meeting.status is MeetingStatus.OPEN:
                raise MeetingAlreadyOpen
            changed = self._changed(before.meeting, change)
            after = before.changed(changed)
            if changed.ends_at != before.meeting.ends_at:
                expires_at = lifecycle.link_expires_at(changed.ends_at)
                after = after.changed(*(replace(item, expires_at=expires_at) for item in before.invitations))
            if after == before:
                return before
            await self._desk.record(
                EventType.MEETING_CHANGED,
                changed,
                actor=actor_in(before, viewer),
                subject=None,
                starts_at=iso(changed.starts_at),
                ends_at=iso(changed.ends_at),
                place=changed.place,
                **_stated(changed),
            )
            after = await self._desk.commit(before, after)
        await self._desk.tell(meeting, "state")
        return after

    async def meetings_for(self, viewer: Session, since: datetime, until: datetime) -> list[Gathering]:
        """Meetings overlapping [since, until) that the viewer is invited to, or plans or audits for an organisation."""
        await self._bind(viewer)
        organisation = None
        if viewer.staff is not None and any(
            viewer.staff.may(permission) for permission in (Permission.HOST, Permission.PLANNER, Permission.AUDITOR)
        ):
            organisation = viewer.staff.organisation.id
        return await self._desk.store.gatherings_for(
            person=viewer.person.id, organisation=organisation, since=since, until=until
        )

    async def _bind(self, viewer: Session) -> None:
        """Staff who were invited before the house knew them find the meeting on their list, without their link."""
        number = await self._people.number_of(viewer.person.id)
        if number is None:
            return
        hashes = self._vault.lookups(number)
        if await self._desk.store.has_unbound(hashes):
            for number_hash in hashes:
                await self._desk.store.bind_person(number_hash, viewer.person.id)

    def _meeting(self, post: Staff, checked: CheckedMeeting) -> Meeting:
        made_id = new_id()
        patient = Patient(
            checked.given_name,
            checked.surname,
            self._vault.lookup(checked.number),
            self._vault.seal(checked.number.reveal(), record=made_id),
        )
        return Meeting(
            id=made_id,
            room=self._desk.room_names.new(),
            type=checked.type,
            status=MeetingStatus.PLANNED,
            organisation=post.organisation.id,
            organisation_name=post.organisation.name,
            phone=post.organisation.phone,
            patient=patient,
            place=checked.place,
            purpose=checked.purpose,
            consent=checked.consent,
            starts_at=checked.starts_at,
            ends_at=checked.ends_at,
            planned_by=post.person.id,
            created_at=self._desk.now(),
            home_people=(HomePerson(patient.name),),
        )

    async def _draw_up(self, post: Staff, meeting: Meeting, checked: CheckedMeeting) -> list[tuple[Invitation, Link]]:
        items = await self._with_host(post, checked.invitations)
        expires_at = lifecycle.link_expires_at(meeting.ends_at)
        return [
            await self._invitations.draw_up(meeting.id, item, authority=_authority(item), expires_at=expires_at)
            for item in items
        ]

    async def _with_host(self, post: Staff, items: Sequence[CheckedInvitation]) -> list[CheckedInvitation]:
        """The invitations with one host among them: the one named, else the planner."""
        if any(item.host for item in items):
            return list(items)
        if not post.may(Permission.HOST):
            problem = FieldError("invitations", "Välj vem som leder mötet.", "Choose who leads the meeting.")
            raise InvalidFields([problem])
        number = await self._people.number_of(post.person.id)
        if number is None:  # known by an HSA-id alone
            problem = FieldError(
                "invitations",
                "Välj vem som leder mötet. Vill du leda det själv, logga in en gång med BankID eller Freja först.",
                "Choose who leads the meeting. To lead it yourself, log in once with BankID or Freja first.",
            )
            raise InvalidFields([problem])
        own = next((item for item in items if item.number == number), None)
        if own is not None:
            return [replace(item, host=True) if item is own else item for item in items]
        party = Party.REGION if post.organisation.kind == "region" else Party.KOMMUN
        name = post.person.name
        host = CheckedInvitation(
            name, number, Kind.CALLED, post.title, post.organisation.name, party, "", co_host=False, host=True
        )
        return [host, *items]

    def _changed(self, meeting: Meeting, change: MeetingChange) -> Meeting:
        faults = Faults()
        given = replace(
            meeting,
            type=meeting.type if change.type is None else faults.kind_of_meeting(change.type),
            place=meeting.place if change.place is None else faults.line("place", change.place, LINE),
            purpose=meeting.purpose
            if change.purpose is None
            else faults.line("purpose", change.purpose, PURPOSE, lines=True),
            starts_at=change.starts_at or meeting.starts_at,
            ends_at=change.ends_at or meeting.ends_at,
            sole_guardian=meeting.sole_guardian if change.sole_guardian is None else change.sole_guardian,
        )
        if (given.starts_at, given.ends_at) != (meeting.starts_at, meeting.ends_at):
            faults.times(given.starts_at, given.ends_at, self._desk.now())
            given = replace(given, lobby_announced=False)
        faults.stop()
        return given


def _stated(meeting: Meeting) -> dict[str, Scalar]:
    """For the log: that the child has one guardian alone, where the planner states it."""
    return {"sole_guardian": True} if meeting.sole_guardian else {}


def planners_post(viewer: Session) -> Staff:
    """The post the viewer plans from. Raises NotYourPost."""
    post = viewer.staff
    if post is None or not (post.may(Permission.HOST) or post.may(Permission.PLANNER)):
        raise NotYourPost
    return post


def _authority(item: CheckedInvitation) -> Authority:
    if item.host:
        return Authority.HOST
    return Authority.CO_HOST if item.co_host else Authority.GUEST
