"""Consent at work: an organisation's rules, a guardian's or representative's own answer, and what still is missing.

Asked when a meeting is to start and whenever somebody is to be let in (`rooms.hosting`, `rooms.admission`): a rule or
an answer that changed meanwhile counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from audit.canonical import Scalar
from audit.events import Event, EventType
from auth.errors import NotYourOrganisation
from auth.fields import Faults, FieldError, InvalidFields
from auth.identity import Method
from auth.people import Permission
from auth.sessions import Session
from auth.staff_draft import STOCKHOLM
from auth.vault import Vault
from rooms.assurance import refuse_if_below
from rooms.consent_rule import (
    ADULT_DEMANDS,
    AGES,
    CHILD_DEMANDS,
    EVERY,
    Answer,
    Needed,
    OwnRule,
    Said,
    Why,
    needed,
    rule_of,
    under,
)
from rooms.desk import Desk, actor_in, invitation_actor, refuse_if_over, represents
from rooms.drafts import LINE
from rooms.errors import (
    AnsweredThemselves,
    ConsentMissing,
    ConsentNeedsEId,
    ConsentNotAsked,
    InvitationNotFound,
    NotRegisteredHere,
)
from rooms.meeting import MEETING_TYPES, Gathering, MeetingStatus
from rooms.policy import Action, allowed, relations

LONGEST_LIST = 1_900
"""Characters of organisations in one record; an answer's row keeps all of them."""
_NO_GUARDIAN = (
    "Mötet gäller ett barn. Bjud in den eller dem som är vårdnadshavare, och ange det vid namnet.",
    "The meeting is about a child. Invite whoever has custody, and say so by the name.",
)
_ONE_GUARDIAN = (
    "Barnets vårdnadshavare bestämmer tillsammans. Bjud in den andra också, eller ange att barnet bara har en.",
    "A child's guardians decide together. Invite the other one too, or state that the child has only one.",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a viewer may know of a meeting's consent. whole: they are shown whose it is; others only their own."""

    gathering: Gathering
    needed: Needed
    viewer: Session
    whole: bool

    @property
    def mine(self) -> Answer | None:
        found = self.needed.of(self.viewer.person.id)
        return found[1] if found else None

    @property
    def asked(self) -> bool:
        """Whether the viewer's own consent is asked for."""
        return self.needed.of(self.viewer.person.id) is not None

    @property
    def due(self) -> bool:
        """Whether they have not answered, or not for everybody who is invited now."""
        found = self.needed.of(self.viewer.person.id)
        return found is not None and any(
            one.why in (Why.UNANSWERED, Why.OUTDATED) and one.invitation == found[0].id for one in self.needed.missing
        )

    @property
    def one_guardian_alone(self) -> bool:
        """Whether it is missing that the planner states it."""
        return any(one.why is Why.ANOTHER for one in self.needed.missing)

    def may_register(self, invitation: str) -> bool:
        """Whether a leader may write down a yes of theirs: it is missing, and they have not said no."""
        return any(
            one.invitation == invitation and one.why in (Why.UNANSWERED, Why.OUTDATED) for one in self.needed.missing
        )

    @property
    def may_answer(self) -> bool:
        """Whether this login is one that consent can be given by."""
        found = self.needed.of(self.viewer.person.id)
        return found is not None and proven(self.viewer, found[0].id)

    def missing_in_words(self, language: str) -> str:
        missing = ConsentMissing(self.needed, under_way=_under_way(self.gathering))
        return missing.text(language) if self.needed.missing else ""


def proven(viewer: Session, invitation: str) -> bool:
    """Identified by e-legitimation, for this very invitation: not by a code, nor by a login made for something else."""
    return viewer.method is not Method.SMS and viewer.invitation == invitation


class Consents:
    def __init__(self, desk: Desk, vault: Vault) -> None:
        self._desk = desk
        self._rows = desk.store.consents
        self._vault = vault

    # An organisation's rules

    async def rules(self, viewer: Session) -> dict[str, OwnRule]:
        """What the viewer's organisation has set. Raises NotYourOrganisation for others than its administrators."""
        return await self._rows.rules(_administered(viewer))

    async def change_rules(self, viewer: Session, rules: Mapping[str, OwnRule]) -> None:
        """Set all rules of the viewer's organisation; a type left out is as every type.

        Raises NotYourOrganisation, InvalidFields, AuditUnavailable.
        """
        organisation = _administered(viewer)
        _refuse_unfit(rules)
        after = {kind: rule for kind, rule in rules.items() if rule != OwnRule()}
        before = await self._rows.rules(organisation)
        details: dict[str, Scalar] = {}
        for kind in (EVERY, *MEETING_TYPES):
            old, new = before.get(kind, OwnRule()), after.get(kind, OwnRule())
            for part in fields(OwnRule):
                if getattr(old, part.name) != (value := getattr(new, part.name)):
                    details[f"{kind}.{part.name}"] = value
        if not details:
            return
        await self._desk.record_event(
            Event(EventType.CONSENT_RULES_CHANGED, viewer.actor, organisation=organisation, details=details)
        )
        await self._rows.set_rules(organisation, after)

    # One meeting

    async def standing(self, viewer: Session, meeting: str) -> Standing:
        """Raises MeetingUnknown."""
        gathering = await self._desk.open_to(viewer, meeting, Action.SEE_MEETING)
        return await self.standing_in(viewer, gathering)

    async def standing_in(self, viewer: Session, gathering: Gathering) -> Standing:
        whole = allowed(relations(gathering, viewer), Action.SEE_INVITATIONS)
        return Standing(gathering, await self.needed(gathering), viewer, whole)

    async def needed(self, gathering: Gathering) -> Needed:
        meeting = gathering.meeting
        rule = rule_of(await self._rows.rules(meeting.organisation), meeting.type)
        number = self._vault.open(meeting.patient.number_sealed, record=meeting.id)
        young = under(number, rule.decides_from, meeting.starts_at.astimezone(STOCKHOLM).date())
        return needed(meeting, gathering.invitations, await self._rows.answers(meeting.id), rule, young=young)

    async def refuse_if_missing(self, gathering: Gathering) -> None:
        """Raises ConsentMissing, which names whose it is."""
        found = await self.needed(gathering)
        if found.missing:
            raise ConsentMissing(found, under_way=_under_way(gathering))

    async def refuse_unplannable(self, gathering: Gathering) -> None:
        """A meeting about to be planned whose rule cannot be met by those it invites. Raises InvalidFields."""
        whys = {one.why for one in (await self.needed(gathering)).missing}
        if Why.NOBODY in whys:
            raise InvalidFields([FieldError("invitations", *_NO_GUARDIAN)])
        if Why.ANOTHER in whys:
            raise InvalidFields([FieldError("sole_guardian", *_ONE_GUARDIAN)])

    async def answer(self, viewer: Session, meeting: str, *, yes: bool) -> None:
        """The viewer's own answer. No after a yes takes it back, also while the meeting is on.

        Raises ConsentNotAsked, ConsentNeedsEId, AssuranceNotEnough, MeetingEnded, MeetingCancelled, AuditUnavailable.
        """
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.SEE_MEETING)
            refuse_if_over(before.meeting)
            found = await self.needed(before)
            asked = found.of(viewer.person.id)
            if asked is None:
                raise ConsentNotAsked
            invitation, held = asked
            if not proven(viewer, invitation.id):
                raise ConsentNeedsEId
            await refuse_if_below(self._desk, before, invitation, viewer)
            said = Said.GIVEN if yes else _no_after(held)
            if held is not None and held.said is said and (said is not Said.GIVEN or _covers(held, found)):
                return
            await self._desk.record(
                _EVENTS[said],
                before.meeting,
                actor=actor_in(before, viewer),
                subject=None,
                invitation=invitation.id,
                organisations=_listed(found.organisations),
                **represents(invitation),
            )
            now = self._desk.now()
            await self._rows.put(Answer(invitation.id, meeting, said, found.organisations, viewer.person.id, now))
        await self._desk.tell(meeting, f"consent.{said.value}")

    async def register(self, viewer: Session, meeting: str, invitation: str, *, grounds: str) -> None:
        """Write down a yes that was given on paper or by word of mouth, and how. Never over a person's own no.

        Raises NotRegisteredHere, AnsweredThemselves, InvitationNotFound, InvalidFields, AuditUnavailable.
        """
        faults = Faults()
        grounds = faults.line("reason", grounds, LINE)
        faults.stop()
        async with self._desk.lock(meeting):
            before = await self._desk.open_to(viewer, meeting, Action.CHANGE)
            refuse_if_over(before.meeting)
            found = await self.needed(before)
            asked = next((item for item in found.speakers if item[0].id == invitation), None)
            if asked is None:
                raise InvitationNotFound
            if not found.rule.otherwise:
                raise NotRegisteredHere
            speaker, held = asked
            if held is not None and held.said in (Said.REFUSED, Said.WITHDRAWN):
                raise AnsweredThemselves(name=speaker.name)
            if held is not None and _covers(held, found):
                return
            await self._desk.record(
                EventType.CONSENT_REGISTERED,
                before.meeting,
                actor=actor_in(before, viewer),
                subject=invitation_actor(speaker),
                invitation=speaker.id,
                organisations=_listed(found.organisations),
                grounds=grounds,
                **represents(speaker),
            )
            made = Answer(
                speaker.id, meeting, Said.REGISTERED, found.organisations, viewer.person.id, self._desk.now(), grounds
            )
            await self._rows.put(made)
        await self._desk.tell(meeting, "consent.registered")


_EVENTS = {
    Said.GIVEN: EventType.CONSENT_GIVEN,
    Said.REFUSED: EventType.CONSENT_REFUSED,
    Said.WITHDRAWN: EventType.CONSENT_WITHDRAWN,
}


def _under_way(gathering: Gathering) -> bool:
    return gathering.meeting.status is MeetingStatus.OPEN


def _no_after(held: Answer | None) -> Said:
    if held is None or held.said is Said.REFUSED:
        return Said.REFUSED
    return Said.WITHDRAWN


def _covers(held: Answer, found: Needed) -> bool:
    known = {name.casefold() for name in held.organisations}
    return known.issuperset(name.casefold() for name in found.organisations)


def _listed(organisations: Sequence[str]) -> str:
    text = ", ".join(organisations)
    return text if len(text) <= LONGEST_LIST else f"{text[:LONGEST_LIST]} …"


def _administered(viewer: Session) -> str:
    post = viewer.staff
    if post is None or not post.may(Permission.ADMIN):
        raise NotYourOrganisation
    return post.organisation.id


def _refuse_unfit(rules: Mapping[str, OwnRule]) -> None:
    faults = []
    for kind, rule in rules.items():
        if kind != EVERY and kind not in MEETING_TYPES:
            faults.append(FieldError(kind, "Välj vad det är för möte.", "Choose what kind of meeting it is."))
        for name, value, choices in (
            ("child", rule.child, CHILD_DEMANDS),
            ("represented", rule.represented, ADULT_DEMANDS),
            ("decides_from", rule.decides_from, AGES),
        ):
            if value is not None and value not in choices:
                faults.append(FieldError(f"{kind}.{name}", "Välj något i listan.", "Choose something in the list."))
    if faults:
        raise InvalidFields(faults)
