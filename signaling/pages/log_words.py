"""What the log's records say, in words an auditor and a patient understand (HSLF-FS 2016:40 4:10)."""

from collections.abc import Callable

from audit.events import Event, EventType, Reason, Record
from audit.rows import answered_not_yet, is_refusal
from audit.timeline import CHOSEN
from auth.oidc_errors import NOT_TRUSTED, Failure

Translate = Callable[[str], str]


def mark(record: Record, _: Translate) -> str:
    """The word of a record that stands out in the table: somebody was refused, or put out. Empty for all others."""
    if record.event is None:
        return ""
    if record.type is EventType.PARTICIPANT_REMOVED:
        return _("Togs ut ur mötet")
    refused = is_refusal(record.event) or record.type is EventType.IDENTIFICATION_FAILED
    return _("Nekad") if refused else ""


def happened(record: Record, _: Translate) -> str:
    """What happened, without who did it: `Släppte in Leila Haddad`."""
    event = record.event
    if event is None:
        return _("Innehållet är gallrat") if record.intact else _("Posten är ändrad efteråt")
    name = event.subject.name if event.subject else str(event.details.get("invited") or "")
    if name and event.subject and (stands := standing(_representation(event), "", _)):
        name = f"{name}, {stands.lower()}"
    if answered_not_yet(event):
        return _("Svarade Inte än till %(name)s") % {"name": name or _("någon")}
    reason = _why(record.type, str(event.details.get("reason") or ""), _)
    words = {
        EventType.IDENTIFICATION_STARTED: _("Började identifiera sig"),
        EventType.IDENTIFICATION_COMPLETED: _("Identifierade sig"),
        EventType.IDENTIFICATION_FAILED: _("Identifieringen lyckades inte"),
        EventType.IDENTIFICATION_CANCELLED: _("Avbröt identifieringen"),
        EventType.SESSION_ENDED: _("Loggade ut"),
        EventType.MEETING_PLANNED: _("Planerade mötet"),
        EventType.MEETING_CHANGED: _("Ändrade mötet"),
        EventType.MEETING_READ: _("Läste mötets uppgifter"),
        EventType.MEETING_STARTED: _("Startade mötet"),
        EventType.MEETING_ENDED: _("Avslutade mötet"),
        EventType.INVITATION_CREATED: _("Bjöd in %(name)s"),
        EventType.INVITATION_REVOKED: _("Tog tillbaka inbjudan till %(name)s"),
        EventType.INVITATION_OPENED: _("Öppnade sin inbjudan"),
        EventType.INVITATION_REFUSED: _("Inbjudan öppnades inte"),
        EventType.LOBBY_ENTERED: _("Kom till väntrummet"),
        EventType.LOBBY_LEFT: _("Lämnade väntrummet"),
        EventType.PARTICIPANT_RECOGNISED: _("Såg att det var %(name)s"),
        EventType.PARTICIPANT_ADMITTED: _("Släppte in %(name)s") if event.subject else _("Gick in i mötet"),
        EventType.PARTICIPANT_DENIED: _("Nekade %(name)s"),
        EventType.PARTICIPANT_JOINED: _("Kom in i mötet"),
        EventType.PARTICIPANT_LEFT: _("Lämnade mötet"),
        EventType.PARTICIPANT_REMOVED: _("Tog ut %(name)s ur mötet"),
        EventType.PARTICIPANT_REFUSED: _("Släpptes inte in"),
        EventType.PARTICIPANT_NETWORK_WEAK: _("Nätet blev svagt, bara ljud"),
        EventType.PARTICIPANT_NETWORK_RESTORED: _("Nätet blev bra igen"),
        EventType.PARTICIPANT_UNENCRYPTED: (
            _("Lät %(name)s vara med utan kryptering hela vägen")
            if event.subject
            else _("Gick in utan kryptering hela vägen")
        ),
        EventType.CONSENT_GIVEN: _("Samtyckte"),
        EventType.CONSENT_REFUSED: _("Samtyckte inte"),
        EventType.CONSENT_WITHDRAWN: _("Tog tillbaka sitt samtycke"),
        EventType.CONSENT_REGISTERED: _("Registrerade att %(name)s har samtyckt"),
        EventType.CONSENT_RULES_CHANGED: _("Ändrade vems samtycke som behövs"),
        EventType.ROLE_CHANGED: _("Ändrade uppgift för %(name)s"),
        EventType.HOME_CHANGED: _("Antecknade vilka som är hemma"),
        EventType.AUDIT_READ: _("Läste loggen"),
        EventType.AUDIT_EXPORTED: _("Tog ut en kopia av loggen"),
        EventType.AUDIT_ERASED: _("Gallrade gamla poster"),
        EventType.MEETINGS_ERASED: _("Gallrade gamla möten"),
        EventType.KEY_CHANGED: _("Ändrade en av tjänstens nycklar"),
        EventType.ASSURANCE_CHANGED: _("Ändrade vilken e-legitimation som räcker"),
        EventType.ORGANISATION_ADDED: _("Lade till en organisation"),
        EventType.ORGANISATION_CHANGED: _("Ändrade en organisations uppgifter"),
        EventType.UNIT_CHANGED: _("Ändrade en enhet"),
        EventType.STAFF_ADDED: _("Gav %(name)s ett uppdrag"),
        EventType.STAFF_CHANGED: _("Ändrade ett uppdrag för %(name)s"),
        EventType.STAFF_ENDED: _("Avslutade ett uppdrag för %(name)s"),
        EventType.STAFF_FILE_TRIED: _("Provade en personalfil"),
        EventType.COMMISSION_CHOSEN: _("Valde uppdrag att arbeta i"),
    }
    text = (words.get(record.type) or record.type.value) % {"name": name or _("någon")}
    return f"{text}: {reason}" if reason else text


def _why(kind: EventType, reason: str, _: Translate) -> str:
    if kind is EventType.PARTICIPANT_REMOVED and reason == Reason.UNKNOWN:
        return _("okänd i mötet")
    if kind is EventType.PARTICIPANT_LEFT and reason and reason not in CHOSEN:
        return _("tappade nätet")  # whatever the media server calls it, as in the picture
    return reason_words(reason, _)


def reason_words(reason: str, _: Translate) -> str:
    """The code's word for why, in a person's words; empty where there is nothing to add."""
    by_leader, lost, device = _("av den som leder mötet"), _("tappade nätet"), _("gick över till en annan enhet")
    shut, alone = _("mötesrummet stängdes"), _("gick själv")
    if reason in NOT_TRUSTED:
        return _("svaret gick inte att lita på")
    return {
        "wrong person": _("personen är inte den som bjöds in"),
        Reason.WRONG_PERSON: _("personen är inte den som bjöds in"),
        Reason.REFUSED: _("nekades"),
        Reason.UNKNOWN: _("länken finns inte"),
        Reason.EXPIRED: _("länken har gått ut"),
        Reason.REVOKED: _("inbjudan är tillbakatagen"),
        Reason.JOIN_UNBOUND: _("försöket hörde inte till någon"),
        Reason.JOIN_WITHOUT_SEAT: _("hade ingen plats i mötet"),
        Reason.JOIN_OF_ANOTHER_BROWSER: _("försöket kom från en annan webbläsare, eller efter utloggning"),
        Reason.JOIN_OF_ANOTHER_ADDRESS: _("försöket kom från en annan nätadress"),
        Reason.JOIN_USED_BEFORE: _("försöket gjordes en gång till"),
        Reason.NOT_STAFF: _("är inte upplagd som personal"),
        Reason.WRONG_CODE: _("fel kod"),
        Reason.NUMBER_UNREADABLE: _("personnumret gick inte att läsa"),
        Reason.NUMBERS_DIFFER: _("numret och HSA-id:t hör till olika personer"),
        Reason.ASSURANCE: _("e-legitimationen var inte säker nog"),
        Failure.LEVEL: _("e-legitimationen var inte säker nog"),
        Failure.CLOCK: _("klockorna gick inte lika"),
        Failure.UNREACHABLE: _("inloggningstjänsten svarade inte"),
        Reason.HIGH_RISK: _("BankID bedömde risken som hög"),
        Reason.ON_ANOTHER_DEVICE: _("godkändes på en annan enhet än den som började"),
        Reason.LOGGED_OUT: _("loggade ut"),
        Reason.LOGGED_OUT_EVERYWHERE: _("loggade ut överallt"),
        Reason.LOGGED_OUT_FROM_LIST: _("loggades ut från en annan inloggning"),
        Reason.BY_ADMINISTRATOR: _("loggades ut av en administratör"),
        Reason.IDENTIFIED_ANEW: _("identifierade sig på nytt"),
        Reason.IDLE: _("efter en stunds tystnad"),
        Reason.TOO_OLD: _("inloggningen var för gammal"),
        Reason.COMMISSION_ENDED: _("uppdraget avslutades eller ändrades"),
        Reason.LEADS: _("leder mötet"),
        Reason.RETURNED: _("kom tillbaka"),
        Reason.ADMITTED: _("var redan insläppt"),
        Reason.NOT_YET: _("inte än"),
        Reason.DENIED: by_leader,
        Reason.LEFT: alone,
        Reason.CLIENT_INITIATED: alone,
        Reason.OTHER_DEVICE: device,
        Reason.DUPLICATE_IDENTITY: device,
        Reason.NEVER_CAME: _("kom aldrig in"),
        Reason.BY_LEADER: by_leader,
        Reason.REMOVED: by_leader,
        Reason.PARTICIPANT_REMOVED: by_leader,
        Reason.INVITATION_REVOKED: _("inbjudan togs tillbaka"),
        Reason.MEETING_ENDED: _("mötet avslutades"),
        Reason.ROOM_FINISHED: shut,
        Reason.ROOM_DELETED: shut,
        Reason.ROOM_CLOSED: shut,
        Reason.USER_REJECTED: _("svarade nej"),
        Reason.CONNECTION_LOST: lost,
        Reason.NOT_FOUND: lost,
        Reason.BY_HOST: _("av den som ledde mötet"),
        Reason.EMPTY: _("ingen var kvar"),
        Reason.TOO_LONG: _("mötet blev för långt"),
        Reason.CANCELLED: _("avbröts"),
    }.get(reason, "")


def who(record: Record, _: Translate) -> str:
    """`Karin Edlund, dotter`; an outsider is told by whose link was used, with the name the e-ID gave."""
    event = record.event
    if event is None or event.actor is None:
        return _("Okänd") if event is not None else ""
    actor = event.actor
    if not actor.person and not actor.name:
        return _("Någon i en annan organisation")
    role = actor.role
    if event.subject is None:  # else they are told of whom it was done to
        role = standing(_representation(event), role or str(event.details.get("relation") or ""), _)
    named = f"{actor.name}, {role.lower()}" if role else actor.name
    if record.type is EventType.INVITATION_REFUSED and (invited := event.details.get("invited")):
        return _("%(name)s, med länken till %(invited)s") % {"name": named, "invited": invited}
    return named


def standing(representation: str, kin: str, _: Translate) -> str:
    """`God man, granne`: as whom somebody came. representation: the code's word, or empty; kin: relation or role."""
    words = {
        "guardian": _("Vårdnadshavare"),
        "god_man": _("God man"),
        "trustee": _("Förvaltare"),
        "interpreter": _("Tolk"),
    }.get(representation, "")
    return ", ".join(part for part in (words, kin if kin.casefold() != words.casefold() else "") if part)


def _representation(event: Event) -> str:
    return str(event.details.get("representation") or "")


def method_name(method: str, _: Translate) -> str:
    return {"bankid": "BankID", "siths": "SITHS", "freja": "Freja", "sms": _("Ej e-legitimerad")}.get(method, "")
