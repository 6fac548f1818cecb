"""Importing staff from a file, in two steps: what it would change and every bad row, then all of it or nothing.

Between the steps the file waits ciphered on the server, for the one who sent it: its identity numbers stand on no page.
"""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web
from aiohttp.web_request import FileField

from auth.directory import Directory
from auth.errors import UnknownHere
from auth.staff_csv import LARGEST, MOST_ROWS, TEMPLATE
from auth.staff_import import StaffImport
from auth.store import ImportRows
from signaling.i18n import gettext_of
from signaling.pages.organisations import ONE, ROOT, permission_name, who_of
from signaling.pages.plan_form import Form
from signaling.pages.templates import render
from signaling.security import session_of

ENDINGS = (".csv", ".txt")
"""What spreadsheets and staff systems call such a file. Its content is checked row by row (`auth.staff_csv`)."""


class ImportPages:
    def __init__(self, directory: Directory, rows: ImportRows, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._rows = rows
        self._clock = clock
        self._importing = StaffImport(directory, clock)

    async def page(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Form())

    async def look(self, request: web.Request) -> web.StreamResponse:
        """The dry run of a file that was sent."""
        who, place = who_of(request), request.match_info["organisation"]
        sent = (await request.post()).get("file")
        content = sent.file.read(LARGEST + 1) if isinstance(sent, FileField) else b""
        if not content:
            _ = gettext_of(request)
            return await self._page(request, Form(errors={"file": _("Välj en fil först.")}))
        if not (isinstance(sent, FileField) and sent.filename.lower().endswith(ENDINGS)):
            _ = gettext_of(request)
            wrong = _("Det där är ingen CSV-fil. Spara listan som CSV i kalkylprogrammet, och välj den filen.")
            return await self._page(request, Form(errors={"file": wrong}))
        preview = await self._importing.preview(who, place, content)
        waiting = ""
        if not preview.bad and (preview.added or preview.changed):
            person = session_of(request).person.id
            waiting = await self._rows.keep(person, place, content, self._clock())
        return await self._page(request, Form(), preview=preview, waiting=waiting)

    async def store(self, request: web.Request) -> web.StreamResponse:
        """Raises UnknownHere for a file that has waited too long, or is imported already."""
        who, place = who_of(request), request.match_info["organisation"]
        person = session_of(request).person.id
        content = await self._rows.take(request.match_info["file"], person, place, self._clock())
        if content is None:
            raise UnknownHere
        preview = await self._importing.store(who, place, content)
        return await self._page(request, Form(), preview=preview, done=not preview.bad)

    async def template(self, request: web.Request) -> web.StreamResponse:
        who_of(request)
        headers = {"Content-Disposition": 'attachment; filename="personal.csv"'}
        return web.Response(body=TEMPLATE.encode(), content_type="text/csv", charset="utf-8", headers=headers)

    async def _page(self, request: web.Request, form: Form, **shown: object) -> web.Response:
        who, place = who_of(request), request.match_info["organisation"]
        organisation = await self._directory.organisation(who, place)
        if not who.manages(place):
            raise UnknownHere
        context = {"preview": None, "waiting": "", "done": False, **shown}
        preview = context["preview"]
        wrong = form.errors or (preview is not None and preview.bad)  # type: ignore[attr-defined]
        return render(
            request,
            "staff_import.html",
            status=422 if wrong else 200,
            place=organisation,
            form=form,
            most_rows=MOST_ROWS,
            largest=LARGEST // 1024,
            name_of=lambda permission: permission_name(permission, request),
            **context,
        )


def routes(directory: Directory, rows: ImportRows, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    pages = ImportPages(directory, rows, clock)
    return [
        web.get(f"{ONE}/import", pages.page),
        web.post(f"{ONE}/import", pages.look),
        web.post(f"{ONE}/import/{{file}}", pages.store),
        web.get(f"{ROOT}/template.csv", pages.template),
    ]
