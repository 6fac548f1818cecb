"""A refusal as a page: what happened, then what to do. Never more than the person may know."""

from aiohttp import web

from auth.errors import Refusal
from rooms.errors import LinkOfCancelledMeeting, LinkOfEndedMeeting
from signaling.i18n import gettext_of, language_of
from signaling.pages.templates import SUPPORT_PHONE, message
from signaling.security import login_address, on_travel_laptop


def error_page(request: web.Request, refusal: Refusal) -> web.Response:
    """The page of `signaling.problems.middleware`."""
    _ = gettext_of(request)
    headings = {
        "invitation-unknown": _("Länken gäller inte"),
        "invitation-expired": _("Länken gäller inte längre"),
        "wrong-person": _("Länken är till någon annan"),
        "meeting-unknown": _("Vi hittar inte mötet"),
        "meeting-ended": _("Mötet är slut"),
        "meeting-cancelled": _("Mötet är inställt"),
        "removed": _("Du är inte längre med i mötet"),
        "denied": _("Du släpptes inte in"),
        "not-found": _("Sidan finns inte"),
        "audit-unavailable": _("Ingen kan släppas in just nu"),
        "unavailable": _("Det går inte just nu"),
    }
    by_status = {403: _("Det här får du inte se"), 404: _("Sidan finns inte"), 413: _("Det var för stort")}
    over: dict[type[Refusal], str] = {LinkOfEndedMeeting: "meeting-ended", LinkOfCancelledMeeting: "meeting-cancelled"}
    heading = (
        headings.get(over.get(type(refusal), refusal.code)) or by_status.get(refusal.status) or _("Något gick fel")
    )
    text = refusal.text(language_of(request))
    first, stop, rest = text.partition(". ")
    if first == heading:  # said once is enough
        first, stop, rest, body = "", "", "", rest
    else:
        body = ""
    if refusal.code == "invitation-unknown":  # most often half of it was left behind in the message
        whole = _("Kontrollera att hela länken kom med.")
        body = f"{whole} {body}".strip()
    start = "/kiosk" if on_travel_laptop(request) else "/"
    action = {"href": start, "text": _("Till startsidan")} if request.get("session") else None
    if refusal.code == "unidentified":
        heading, first, stop = _("Du är inte inloggad längre"), _("Det du skrev är inte skickat."), ""
        rest = _("Logga in i en ny flik. Ladda sedan om den här sidan och svara ja på att skicka igen.")
        action = {"href": login_address(request), "text": _("Logga in i en ny flik"), "apart": "yes"}
    calm = refusal.status < 500
    return message(
        request,
        heading,
        status=refusal.status,
        symbol="info" if calm else "triangle-alert",
        kind="" if calm else "wait",
        first=first + stop.strip(),
        rest=rest,
        body=body,
        phone=getattr(refusal, "phone", "") or request.app.get(SUPPORT_PHONE, "0980-31 92 10"),
        action=action,
        reference=request.get("request_id") if refusal.status >= 500 else None,
    )
