"""Personal links: made, opened by the right person as often as needed, by nobody else, renewed and revoked.

A link's token is 128 random bits, of which only the hash is stored. Opening the page uses nothing up (mail programs
open links by themselves); only an identification as the invited person counts.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from audit.events import Actor, EventType, Reason
from auth.errors import AssuranceTooLow, InvitationExpired, InvitationUnknown, WrongPerson
from auth.fields import FieldError, InvalidFields
from auth.identity import Identity, Method
from auth.people import Person
from auth.randomness import fingerprint, new_id
from auth.sessions import Session
from auth.store import People
from auth.vault import Vault
from rooms import lifecycle, lobby
from rooms.assurance import refuse_sms, rule_for
from rooms.assurance_rule import Audience, audience_of
from rooms.desk import Desk, actor_in, invitation_actor, refuse_if_over, represents
from rooms.drafts import MOST_INVITATIONS, CheckedInvitation, InvitationDraft, check_invitation
from rooms.errors import (
    InvitationNotFound,
    LeadsTheMeeting,
    LinkOfCancelledMeeting,
    LinkOfEndedMeeting,
    TooManyInvitations,
)
from rooms.meeting import (
    Attendance,
    Authority,
    Gathering,
    Invitation,
    Kind,
    Meeting,
    MeetingStatus,
    Participant,
    ParticipantStatus,
    is_unproven,
)
from rooms.policy import Action

TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Link:
    """A personal link, shown once. url holds the token: never log it."""

    invitation: str
    name: str
    url: str

    def __repr__(self) -> str:
        return f"Link(invitation={self.invitation!r})"


@dataclass(frozen=True, slots=True)
class Invited:
    """The answer to a finished identification for a link: which invitation and meeting it opens."""

    invitation: str
    meeting: str

    @property
    def next(self) -> str:
        return f"/meetings/{self.meeting}"


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a link's page may say before we know who opened it: when, and who asks; not whom the meeting is about.

    staff: whether it was made out to staff. methods: the ways to identify that are enough. by_sms: whether a
    code by SMS opens it for one who has none of them.
    """

    starts_at: datetime
    organisation: str
    phone: str
    staff: bool
    methods: frozenset[Method]
    by_sms: bool


def valid(invitation: Invitation, meeting: Meeting, now: datetime) -> bool:
    """Whether the link opens: a meeting that runs late keeps its links, an ended one has none."""
    if invitation.revoked_at is not None or meeting.status in (MeetingStatus.ENDED, MeetingStatus.CANCELLED):
        return False
    return now < invitation.expires_at or meeting.status is MeetingStatus.OPEN


def _dead(invitation: Invitation, meeting: Meeting) -> InvitationExpired:
    """Why a link that is not `valid` opens nothing. One that was taken back tells nothing of the meeting."""
    if invitation.revoked_at is None:
        if meeting.status is MeetingStatus.ENDED:
            return LinkOfEndedMeeting(organisation=meeting.organisation_name, phone=meeting.phone)
        if meeting.status is MeetingStatus.CANCELLED:
            return LinkOfCancelledMeeting(organisation=meeting.organisation_name, phone=meeting.phone)
    return InvitationExpired()


class Invitations:
    """origin: the public address, "https://mote.example.se"."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        vault: Vault,
        *,
        origin: str,
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(TOKEN_BYTES),
    ) -> None:
        self._desk = desk
        self._people = people
        self._vault = vault
        self._origin = origin
        self._new_token = new_token

    async def draw_up(
        self, meeting: str, item: CheckedInvitation, *, authority: Authority, expires_at: datetime
    ) -> tuple[Invitation, Link]:
        """An invitation and its link, not stored yet. Bound at once to people the house already knows."""
        token = self._new_token()
        known = await self._people.person_by_number(item.number)
        made_id = new_id()
        invitation = Invitation(
            id=made_id,
            meeting=meeting,
            kind=item.kind,
            name=item.name,
            role=item.role,
            organisation=item.organisation,
            party=item.party,
            relation=item.relation,
            authority=authority,
            created_at=self._desk.now(),
            expires_at=expires_at,
            number_hash=self._vault.lookup(item.number),
            number_sealed=self._vault.seal(item.number.reveal(), record=made_id),
            person=known.id if known else None,
            token_hash=fingerprint(token),
            phone_sealed=self._vault.seal(item.phone.text, record=f"phone {made_id}") if item.phone else None,
            sms_reason=item.sms_reason,
            representation=item.representation,
        )
        return invitation, self._link(invitation, token)

    async def record_created(self, gathering: Gathering, invitation: Invitation, actor: Actor) -> None:
        await self._desk.record(
            EventType.INVITATION_CREATED,
            gathering.meeting,
            actor=actor,
            subject=invitation_actor(invitation),
            invited=invitation.name,
            invitation=invitation.id,
            called=invitation.kind is Kind.CALLED,
            authority=invitation.authority.value,
            relation=invitation.relation,
            **represents(invitation),
            **({"sms_reason": invitation.sms_reason} if invitation.phone_sealed else {}),
        )

    async def invite(self, viewer: Session, meeting: str, draft: InvitationDraft) -> Link:
        """Call or invite one more, also while the meeting is on. Whoever was put out may come to the lobby again.

        Raises InvalidFields, TooManyInvitations, MeetingEnded, MeetingCancelled.
        """
        item = check_invitation(draft)
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.INVITE)
            refuse_if_over(before.meeting)
            standing = [other for other in before.invitations if other.revoked_at is None]
            if len(standing) >= MOST_INVITATIONS:
                raise TooManyInvitations(limit=str(MOST_INVITATIONS))
            if any(self._vault.matches(item.number, other.number_hash) for other in standing):
                raise InvalidFields(
                    [
                        FieldError(
                            "identity_number",
                            "Personen är redan inbjuden. Förnya länken i listan om den har kommit bort.",
                            "This person is already invited. Renew the link in the list if it is lost.",
                        )
                    ]
                )
            await refuse_sms(self._desk.store.assurance, before.meeting, ["phone"] if item.phone else [])
            if item.host or item.co_host:
                await self._desk.open_to(viewer, meeting, Action.INVITE_LEADER)
            authority = Authority.HOST if item.host else Authority.CO_HOST if item.co_host else Authority.GUEST
            expires_at = max(lifecycle.link_expires_at(before.meeting.ends_at), self._desk.now())
            invitation, link = await self.draw_up(meeting, item, authority=authority, expires_at=expires_at)
            after = _welcome_back(before.changed(invitation), invitation)
            if item.host and before.host is not None:
                # The nurse is ill this morning: a colleague takes the chair, and she may still help.
                after = after.changed(replace(before.host, authority=Authority.CO_HOST))
            await self.record_created(after, invitation, actor_in(before, viewer))
            await self._desk.commit(before, after)
        await self._desk.tell(meeting, "invitation.changed")
        return link

    async def renew(self, viewer: Session, meeting: str, invitation: str) -> Link:
        """A new link in place of the old, which is dead from now on. Also lifts a removal or denial."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.INVITE)
            refuse_if_over(before.meeting)
            old = _standing(before, invitation)
            token = self._new_token()
            expires_at = max(lifecycle.link_expires_at(before.meeting.ends_at), self._desk.now())
            renewed = replace(old, token_hash=fingerprint(token), expires_at=expires_at, opened_at=None)
            await self.record_created(before, renewed, actor_in(before, viewer))
            await self._desk.commit(before, _welcome_back(before.changed(renewed), renewed))
        await self._desk.tell(meeting, "invitation.changed")
        return self._link(renewed, token)

    async def revoke(self, viewer: Session, meeting: str, invitation: str) -> None:
        """The link is dead, and whoever came by it is put out at once. Raises LeadsTheMeeting for the host's own."""
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.INVITE)
            old = _standing(before, invitation)
            if old.authority is Authority.HOST:
                raise LeadsTheMeeting(name=old.name)
            actor = actor_in(before, viewer)
            await self._desk.record(
                EventType.INVITATION_REVOKED,
                before.meeting,
                actor=actor,
                subject=invitation_actor(old),
                invited=old.name,
                invitation=old.id,
            )
            after = before.changed(replace(old, revoked_at=self._desk.now()))
            here = before.guest_of(old)
            stays = []
            if here is not None and here.status.value in ("waiting", "admitted", "in_room", "left"):
                await self._desk.record_about(
                    EventType.PARTICIPANT_REMOVED, before, here, actor=actor, reason=Reason.INVITATION_REVOKED
                )
                after = after.changed(lobby.remove(here))
                stays = await self._desk.close_stays(meeting, here.identity, Reason.REMOVED)
            after = await self._desk.commit(before, after, *stays)
            if here is not None:
                await self._desk.out_of_media(before.meeting.room, here.identity)
        await self._desk.tell(meeting, "invitation.changed")
        if here is not None:
            await self._desk.tell(meeting, "participant.removed", here.id)
            await self._desk.tell_presence(before, after)

    async def greeting(self, token: str) -> Greeting:
        """For the link's page. Uses nothing up.

        Raises InvitationUnknown; InvitationExpired, in its own kind where the meeting is over.
        """
        invitation, gathering = await self.living(token)
        meeting = gathering.meeting
        methods = (await rule_for(self._desk.store.assurance, meeting, invitation)).methods
        return Greeting(
            starts_at=meeting.starts_at,
            organisation=meeting.organisation_name,
            phone=meeting.phone,
            staff=audience_of(invitation) is not Audience.VISITOR,
            methods=methods,
            by_sms=Method.SMS in methods,
        )

    async def living(self, token: str) -> tuple[Invitation, Gathering]:
        """A link that opens. Raises as `greeting`."""
        found = await self._found(token)
        if found is None:
            raise InvitationUnknown
        invitation, gathering = found
        if not valid(invitation, gathering.meeting, self._desk.now()):
            raise _dead(invitation, gathering.meeting)
        return found

    async def opened_by(self, token: str, viewer: Session) -> Invited | None:
        """What a link opens for a login that was made for this very link; None for every other login.

        The link must be valid as for `greeting`, so ask that first.
        """
        found = await self._found(token)
        if found is None or viewer.invitation != found[0].id or viewer.person.id != found[0].person:
            return None
        return Invited(found[0].id, found[1].meeting.id)

    async def identify(self, token: str, identity: Identity, person: Person) -> Invited:
        """Bind a finished identification to a link.

        The identity number must be the invited one's: not just anybody with an e-ID. Raises InvitationUnknown,
        InvitationExpired, WrongPerson, AssuranceTooLow; each refusal is in the log before it is told.
        """
        actor = Actor(person.id, person.name, method=identity.method.value)
        found = await self._found(token)
        if found is None:
            await self._desk.record_refused(None, actor, reason=InvitationUnknown.reason)
            raise InvitationUnknown
        invitation, gathering = found
        meeting = gathering.meeting
        if identity.number is None or not self._vault.matches(identity.number, invitation.number_hash):
            await self._refused(invitation, meeting, actor, WrongPerson.reason)
            raise WrongPerson
        if not valid(invitation, meeting, self._desk.now()):
            reason = Reason.REVOKED if invitation.revoked_at else InvitationExpired.reason
            await self._refused(invitation, meeting, actor, reason)
            raise _dead(invitation, meeting)
        rule = await rule_for(self._desk.store.assurance, meeting, invitation)
        if not rule.enough(identity.method, identity.assurance_level):
            await self._refused(invitation, meeting, actor, Reason.ASSURANCE)
            raise AssuranceTooLow
        await self._desk.record(
            EventType.INVITATION_OPENED,
            meeting,
            actor=replace(actor, role=invitation.role, organisation=invitation.organisation),
            subject=None,
            invited=invitation.name,
            invitation=invitation.id,
            relation=invitation.relation,
            **represents(invitation),
        )
        for number_hash in self._vault.lookups(identity.number):
            await self._desk.store.bind_person(number_hash, person.id)
        async with self._desk.lock(meeting.id):
            before = await self._desk.gathering(meeting.id)
            current = before.invitation_by_id(invitation.id)
            gone = None
            if current is not None:
                gone = await self._taken_over(before, current, person)
        await self._desk.tell(meeting.id, "invitation.changed")
        if gone is not None:
            await self._desk.tell(meeting.id, "participant.left", gone.id)
        return Invited(invitation.id, meeting.id)

    async def _taken_over(self, before: Gathering, current: Invitation, person: Person) -> Participant | None:
        """Bind the link to whom an e-legitimation has shown, also where a code by SMS had bound it to somebody of its
        own. Gives who thereby lost their place: they knock as themselves, proven."""
        unproven = current.person is not None and is_unproven(current.person)
        came = before.participant_of(current.person) if unproven and current.person is not None else None
        bound = replace(
            current,
            person=person.id if unproven else current.person,
            opened_at=current.opened_at or self._desk.now(),
        )
        stays: list[Attendance] = []
        after = before.changed(bound)
        here = came if came is not None and (came.inside or came.status is ParticipantStatus.WAITING) else None
        if here is not None:
            kind = EventType.PARTICIPANT_LEFT if here.inside else EventType.LOBBY_LEFT
            await self._desk.record_about(kind, before, here, actor=None, reason=Reason.IDENTIFIED_ANEW)
            stays = await self._desk.close_stays(current.meeting, here.identity, Reason.IDENTIFIED_ANEW)
            after = after.changed(lobby.leave(here))
        elif came is not None and came.may_return:
            after = after.changed(replace(came, may_return=False))
        if after != before:
            after = await self._desk.commit(before, after, *stays)
        if here is not None:
            await self._desk.out_of_media(before.meeting.room, here.identity)
            await self._desk.tell_presence(before, after)
        return here

    async def _found(self, token: str) -> tuple[Invitation, Gathering] | None:
        if len(token) > 64:
            return None
        invitation = await self._desk.store.invitation_by_token(fingerprint(token))
        if invitation is None:
            return None
        return invitation, await self._desk.gathering(invitation.meeting)

    async def _refused(self, invitation: Invitation, meeting: Meeting, actor: Actor, reason: str) -> None:
        await self._desk.record(
            EventType.INVITATION_REFUSED,
            meeting,
            actor=actor,
            reason=reason,
            invited=invitation.name,
            invitation=invitation.id,
        )

    def _link(self, invitation: Invitation, token: str) -> Link:
        return Link(invitation.id, invitation.name, f"{self._origin}/i/{token}")


def _standing(gathering: Gathering, invitation: str) -> Invitation:
    found = gathering.invitation_by_id(invitation)
    if found is None or found.revoked_at is not None:
        raise InvitationNotFound
    return found


def _welcome_back(gathering: Gathering, invitation: Invitation) -> Gathering:
    came = next(
        (
            item
            for item in gathering.participants
            if item.invitation == invitation.id or (invitation.person and item.person == invitation.person)
        ),
        None,
    )
    return gathering if came is None else gathering.changed(lobby.invited_again(came, invitation=invitation.id))
