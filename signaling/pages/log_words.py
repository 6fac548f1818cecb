"""What the log's records say, in words an auditor and a patient understand (HSLF-FS 2016:40 4:10)."""

from collections.abc import Callable

from audit.events import EventType, Record

Translate = Callable[[str], str]

STOPS = frozenset(
    {
        EventType.INVITATION_REFUSED,
        EventType.PARTICIPANT_REFUSED,
        EventType.PARTICIPANT_DENIED,
        EventType.PARTICIPANT_REMOVED,
        EventType.IDENTIFICATION_FAILED,
    }
)
"""Records marked as a stop in the table, by a word and an icon too."""


def happened(record: Record, _: Translate) -> str:
    """What happened, without who did it: `Släppte in Leila Haddad`."""
    event = record.event
    if event is None:
        return _("Innehållet är gallrat") if record.intact else _("Posten är ändrad efteråt")
    name = event.subject.name if event.subject else str(event.details.get("invited") or "")
    reason = reason_words(str(event.details.get("reason") or ""), _)
    words = {
        EventType.IDENTIFICATION_STARTED: _("Började identifiera sig"),
        EventType.IDENTIFICATION_COMPLETED: _("Identifierade sig"),
        EventType.IDENTIFICATION_FAILED: _("Identifieringen lyckades inte"),
        EventType.IDENTIFICATION_CANCELLED: _("Avbröt identifieringen"),
        EventType.SESSION_ENDED: _("Loggade ut"),
        EventType.MEETING_PLANNED: _("Planerade mötet"),
        EventType.MEETING_CHANGED: _("Ändrade mötet"),
        EventType.MEETING_STARTED: _("Startade mötet"),
        EventType.MEETING_ENDED: _("Avslutade mötet"),
        EventType.INVITATION_CREATED: _("Bjöd in %(name)s"),
        EventType.INVITATION_REVOKED: _("Tog tillbaka inbjudan till %(name)s"),
        EventType.INVITATION_OPENED: _("Öppnade sin inbjudan"),
        EventType.INVITATION_REFUSED: _("Inbjudan öppnades inte"),
        EventType.LOBBY_ENTERED: _("Kom till väntrummet"),
        EventType.LOBBY_LEFT: _("Lämnade väntrummet"),
        EventType.PARTICIPANT_ADMITTED: _("Släppte in %(name)s") if event.subject else _("Gick in i mötet"),
        EventType.PARTICIPANT_DENIED: _("Nekade %(name)s"),
        EventType.PARTICIPANT_JOINED: _("Kom in i mötet"),
        EventType.PARTICIPANT_LEFT: _("Lämnade mötet"),
        EventType.PARTICIPANT_REMOVED: _("Tog ut %(name)s ur mötet"),
        EventType.PARTICIPANT_REFUSED: _("Släpptes inte in"),
        EventType.PARTICIPANT_NETWORK_WEAK: _("Nätet blev svagt, bara ljud"),
        EventType.PARTICIPANT_NETWORK_RESTORED: _("Nätet blev bra igen"),
        EventType.ROLE_CHANGED: _("Ändrade uppgift för %(name)s"),
        EventType.HOME_CHANGED: _("Antecknade vilka som är hemma"),
        EventType.AUDIT_READ: _("Läste loggen"),
        EventType.AUDIT_EXPORTED: _("Tog ut en kopia av loggen"),
        EventType.AUDIT_ERASED: _("Gallrade gamla poster"),
        EventType.STAFF_ADDED: _("Lade upp eller ändrade personal"),
    }
    text = (words.get(record.type) or record.type.value) % {"name": name or _("någon")}
    return f"{text}: {reason}" if reason else text


def reason_words(reason: str, _: Translate) -> str:
    """The code's word for why, in a person's words; empty where there is nothing to add."""
    return {
        "wrong person": _("personen är inte den som bjöds in"),
        "wrong_person": _("personen är inte den som bjöds in"),
        "unknown": _("länken finns inte"),
        "expired": _("länken har gått ut"),
        "revoked": _("inbjudan är tillbakatagen"),
        "not_yet": _("inte än"),
        "connection_lost": _("tappade nätet"),
        "invitation_revoked": _("inbjudan togs tillbaka"),
        "by_host": _("av den som ledde mötet"),
        "empty": _("ingen var kvar"),
        "too_long": _("mötet blev för långt"),
        "leads": _("leder mötet"),
        "other_device": _("gick över till en annan enhet"),
        "meeting_ended": _("mötet avslutades"),
        "idle": _("efter en stunds tystnad"),
    }.get(reason, "")


def who(record: Record, _: Translate) -> str:
    """`Karin Edlund, dotter`; an outsider is told by whose link was used, with the name the e-ID gave."""
    event = record.event
    if event is None or event.actor is None:
        return _("Okänd") if event is not None else ""
    actor = event.actor
    role = actor.role or (str(event.details.get("relation") or "") if event.subject is None else "")
    named = f"{actor.name}, {role.lower()}" if role else actor.name
    if record.type is EventType.INVITATION_REFUSED and (invited := event.details.get("invited")):
        return _("%(name)s, med länken till %(invited)s") % {"name": named, "invited": invited}
    return named


def method_name(method: str, _: Translate) -> str:
    return {"bankid": "BankID", "siths": "SITHS", "freja": "Freja", "sms": _("Ej e-legitimerad")}.get(method, "")
