"""Links that a code by SMS opens, for the one invited person who has no e-legitimation (`auth.sms_codes`).

Whoever comes this way is a person of their own, made for the invitation: not the holder of the identity number the
planner wrote, so no other meeting, post or record becomes theirs.
"""

from dataclasses import replace

from audit.events import Actor, EventType
from auth.flow import Invited
from auth.identity import Method
from auth.people import Person
from auth.phone_number import PhoneNumber
from auth.sms_codes import SmsIdentified, SmsInvited, SmsNotAllowed
from auth.store import People
from auth.vault import Vault
from rooms.assurance import rule_for
from rooms.desk import Desk, represents
from rooms.invitations import Invitations
from rooms.invitations import Invited as Opened
from rooms.meeting import Gathering, Invitation, is_unproven, unproven_id


class SmsInvitations:
    """The seam `auth.sms_codes.SmsInvitations`."""

    def __init__(self, desk: Desk, invitations: Invitations, people: People, vault: Vault) -> None:
        self._desk = desk
        self._invitations = invitations
        self._people = people
        self._vault = vault

    async def by_sms(self, token: str) -> SmsInvited:
        """Uses nothing up."""
        invitation, _ = await self._living(token)
        assert invitation.phone_sealed is not None
        number = self._vault.open(invitation.phone_sealed, record=f"phone {invitation.id}")
        return SmsInvited(invitation.id, PhoneNumber(number))

    async def open_by_sms(self, token: str) -> tuple[Person, Invited]:
        invitation, gathering = await self._living(token)
        person = await self._people.save_unproven(unproven_id(invitation.id), invitation.name)
        await self._desk.record(
            EventType.INVITATION_OPENED,
            gathering.meeting,
            actor=Actor(person.id, person.name, invitation.role, invitation.organisation, Method.SMS.value),
            subject=None,
            invited=invitation.name,
            invitation=invitation.id,
            relation=invitation.relation,
            **represents(invitation),
            sms_reason=invitation.sms_reason,
        )
        async with self._desk.lock(invitation.meeting):
            before = await self._desk.gathering(invitation.meeting)
            refuse_if_proven(before, before.invitation_by_id(invitation.id) or invitation)
            after = _bound(before, invitation.id, person, self._desk)
            await self._desk.commit(before, after)
        await self._desk.tell(invitation.meeting, "invitation.changed")
        return person, Opened(invitation.id, invitation.meeting)

    async def _living(self, token: str) -> tuple[Invitation, Gathering]:
        """A link that a code opens. Asked each time: the organisation may have turned it off since."""
        invitation, gathering = await self._invitations.living(token)
        rule = await rule_for(self._desk.store.assurance, gathering.meeting, invitation)
        if Method.SMS not in rule.methods:
            raise SmsNotAllowed
        refuse_if_proven(gathering, invitation)
        return invitation, gathering


def refuse_if_proven(gathering: Gathering, invitation: Invitation) -> None:
    """Raises SmsIdentified where somebody has opened the link with an e-legitimation, or come to the meeting by it: a
    code never takes a proven person's place. One whom the house merely knows by the number has shown nothing here."""
    bound = invitation.person
    if bound is None or is_unproven(bound):
        return
    if invitation.opened_at is not None or gathering.participant_of(bound) is not None:
        raise SmsIdentified


def _bound(gathering: Gathering, invitation: str, person: Person, desk: Desk) -> Gathering:
    current: Invitation | None = gathering.invitation_by_id(invitation)
    if current is None:
        return gathering
    return gathering.changed(replace(current, person=person.id, opened_at=current.opened_at or desk.now()))
