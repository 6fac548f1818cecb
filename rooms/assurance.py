"""The assurance policy at work: the organisation's floor, what a leader has raised, and who is below it.

Asked at identification by link (`rooms.invitations`) and again whenever somebody comes to lobby or room
(`rooms.admission`): a rule that was raised meanwhile counts.
"""

from collections.abc import Mapping, Sequence

from audit.canonical import Scalar
from audit.events import Event, EventType, Reason
from auth.fields import FieldError, InvalidFields
from auth.identity import Method
from auth.people import Permission
from auth.sessions import Session
from rooms.assurance_rule import CHOICES, DEFAULT, Audience, Rule, audience_of, levels_for
from rooms.assurance_store import AssuranceRows, Key
from rooms.desk import Desk, actor_in, refuse_if_over
from rooms.errors import AssuranceNotEnough, NotYourPost
from rooms.meeting import MEETING_TYPES, Gathering, Invitation, Meeting
from rooms.policy import Action

Rules = Mapping[Audience, Rule]
_NO_SMS = (
    "Organisationen tillåter inte kod med SMS i den här sortens möte. Ta bort numret.",
    "The organisation does not allow a code by SMS in this kind of meeting. Remove the number.",
)
NAMES = {Method.SITHS: "SITHS eID", Method.BANKID: "BankID", Method.FREJA: "Freja", Method.SMS: "SMS"}


def table_of(own: Mapping[Key, Rule]) -> dict[Key, Rule]:
    """Every cell of an organisation's table: its own, else the default."""
    keys = [(kind, audience) for kind in MEETING_TYPES for audience in Audience]
    return {key: own.get(key, DEFAULT[key[1]]) for key in keys}


async def rule_for(rows: AssuranceRows, meeting: Meeting, invitation: Invitation) -> Rule:
    """What is enough for this one person in this meeting.

    A code by SMS is only where the organisation allows it, the leader has not asked for more, and the planner decided
    it for this one (`rooms.sms_invitations`).
    """
    rule = await _rule_of(rows, meeting, audience_of(invitation))
    return rule if invitation.phone_sealed is not None else Rule(rule.methods - {Method.SMS}, rule.level)


async def refuse_sms(rows: AssuranceRows, meeting: Meeting, fields: Sequence[str]) -> None:
    """fields: those in which a telephone for a code was written. Raises InvalidFields where no code is allowed."""
    if fields and Method.SMS not in (await _rule_of(rows, meeting, Audience.VISITOR)).methods:
        raise InvalidFields([FieldError(field, *_NO_SMS) for field in fields])


async def _rule_of(rows: AssuranceRows, meeting: Meeting, audience: Audience) -> Rule:
    floor = table_of(await rows.rules(meeting.organisation))[meeting.type, audience]
    raised = (await rows.raised(meeting.id)).get(audience)
    return floor if raised is None else floor.raised(raised)


async def refuse_if_below(desk: Desk, gathering: Gathering, invitation: Invitation, viewer: Session) -> None:
    """Raises AssuranceNotEnough, with a record, where the viewer's login is not enough for the meeting."""
    rule = await rule_for(desk.store.assurance, gathering.meeting, invitation)
    if not rule.enough(viewer.method, viewer.assurance_level):
        await desk.record(
            EventType.PARTICIPANT_REFUSED,
            gathering.meeting,
            actor=actor_in(gathering, viewer),
            reason=Reason.ASSURANCE,
            level=int(viewer.assurance_level),
        )
        raise AssuranceNotEnough(ways=in_words(rule))


def in_words(rule: Rule) -> str:
    """`BankID, Freja (3)`: the methods that are enough, and the least level."""
    names = ", ".join(name for method, name in NAMES.items() if method in rule.methods)
    return f"{names or '–'} ({int(rule.level)})"


class Assurance:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rows = desk.store.assurance

    async def table(self, viewer: Session) -> dict[Key, Rule]:
        """The whole table of the viewer's organisation. Raises NotYourPost for others than its staff."""
        if viewer.staff is None:
            raise NotYourPost
        return table_of(await self._rows.rules(viewer.staff.organisation.id))

    async def change_table(self, viewer: Session, table: Mapping[Key, Rule]) -> None:
        """Set the table of the viewer's organisation. Raises NotYourPost, InvalidFields, AuditUnavailable."""
        post = viewer.staff
        if post is None or not post.may(Permission.ADMIN):
            raise NotYourPost
        _refuse_unfit({f"{kind}.{audience.value}": (audience, rule) for (kind, audience), rule in table.items()})
        before = await self.table(viewer)
        after = {key: table.get(key, rule) for key, rule in before.items()}
        changed = {key: rule for key, rule in after.items() if rule != before[key]}
        if not changed:
            return
        details: dict[str, Scalar] = {
            f"{kind}.{audience}": in_words(rule) for (kind, audience), rule in changed.items()
        }
        await self._desk.record_event(
            Event(EventType.ASSURANCE_CHANGED, viewer.actor, organisation=post.organisation.id, details=details)
        )
        await self._rows.set_rules(post.organisation.id, after)

    async def of_meeting(self, viewer: Session, meeting: str) -> tuple[Gathering, dict[Audience, Rule], Rules]:
        """The meeting, the organisation's floor for it, and what is enough now; for those who may change it."""
        gathering = await self._desk.open_to(viewer, meeting, Action.CHANGE)
        return gathering, await self._floor(gathering.meeting), await self._now(gathering.meeting)

    async def raise_for(self, viewer: Session, meeting: str, rules: Rules) -> None:
        """Ask more in one meeting. Whatever is given adds to the organisation's floor and can never lower it.

        Raises InvalidFields where nothing would be enough, MeetingEnded, MeetingCancelled, AuditUnavailable.
        """
        async with self._desk.lock(meeting):
            gathering = await self._desk.open_to(viewer, meeting, Action.CHANGE)
            refuse_if_over(gathering.meeting)
            floor, before = await self._floor(gathering.meeting), await self._now(gathering.meeting)
            after = {audience: rule.raised(rules.get(audience, rule)) for audience, rule in floor.items()}
            _refuse_unfit({audience.value: (audience, rule) for audience, rule in after.items()})
            changed = {audience: rule for audience, rule in after.items() if rule != before[audience]}
            if not changed:
                return
            details: dict[str, Scalar] = {audience.value: in_words(rule) for audience, rule in changed.items()}
            await self._desk.record(
                EventType.ASSURANCE_CHANGED,
                gathering.meeting,
                actor=actor_in(gathering, viewer),
                subject=None,
                **details,
            )
            await self._rows.set_raised(
                meeting, {audience: rule for audience, rule in after.items() if rule != floor[audience]}
            )

    async def below(self, viewer: Session, meeting: str) -> Rule | None:
        """The rule, where the viewer is invited and their login is not enough; for pages."""
        gathering = await self._desk.gathering(meeting)
        invitation = gathering.invited(viewer.person.id)
        if invitation is None:
            return None
        rule = await rule_for(self._rows, gathering.meeting, invitation)
        return None if rule.enough(viewer.method, viewer.assurance_level) else rule

    async def allows_sms(self, meeting: str) -> bool:
        """Whether one without e-legitimation can be invited to it with a telephone and a reason; for pages."""
        found = (await self._desk.gathering(meeting)).meeting
        return Method.SMS in (await _rule_of(self._rows, found, Audience.VISITOR)).methods

    async def _floor(self, meeting: Meeting) -> dict[Audience, Rule]:
        table = table_of(await self._rows.rules(meeting.organisation))
        return {audience: table[meeting.type, audience] for audience in Audience}

    async def _now(self, meeting: Meeting) -> dict[Audience, Rule]:
        raised = await self._rows.raised(meeting.id)
        return {
            audience: rule.raised(raised[audience]) if audience in raised else rule
            for audience, rule in (await self._floor(meeting)).items()
        }


def _refuse_unfit(rules: Mapping[str, tuple[Audience, Rule]]) -> None:
    faults = []
    for field, (audience, rule) in rules.items():
        if not rule.methods - {Method.SMS} or not rule.methods <= set(CHOICES[audience]):
            faults.append(FieldError(field, "Välj minst en e-legitimation.", "Choose at least one e-identification."))
        elif rule.level not in levels_for(audience):
            faults.append(FieldError(field, "Välj en högre nivå.", "Choose a higher level."))
    if faults:
        raise InvalidFields(faults)
