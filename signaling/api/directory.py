"""``/api/v1/organisations`` and ``/api/v1/commissions``: who works where and may do what, and which of it is chosen.

Identity numbers are taken in bodies and never given back.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, NotRequired

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from auth.commissions import Commissions
from auth.directory import Administrator, Directory
from auth.organisation_draft import check_organisation, check_unit
from auth.people import Organisation, Staff, Unit
from auth.staff_csv import BadRow
from auth.staff_draft import StaffDraft, check_staff
from auth.staff_import import Preview, StaffImport
from rooms.bodies import Body, Text
from rooms.view import iso
from signaling.api.meeting_bodies import read
from signaling.i18n import language_of
from signaling.security import session_of

ROOT = "/api/v1/organisations"
ONE = f"{ROOT}/{{organisation}}"
COMMISSIONS = "/api/v1/commissions"
MOST_PERMISSIONS = 20


class OrganisationBody(Body):
    """A region or municipality to add. kind: region or kommun. number: organisation number."""

    id: Text
    name: Text
    kind: Text
    phone: Text
    number: Text = ""


class OrganisationChangeBody(Body):
    """New values; what is left out stays."""

    name: Text | None = None
    phone: Text | None = None
    number: Text | None = None


class UnitBody(Body):
    name: Text


class StaffChangeBody(Body):
    """A commission's new values. permissions: host, planner, auditor, admin, operator. valid_to: last day, or empty."""

    title: Text
    unit: Text
    permissions: list[Text] = Field([], max_length=MOST_PERMISSIONS)
    hsa_id: Text = Field("", repr=False)
    valid_to: Text = ""


class StaffBody(StaffChangeBody):
    """A commission to add: a person known by identity number, HSA-id or both."""

    given_name: Text
    surname: Text
    identity_number: Text = Field("", repr=False)

    def draft(self) -> StaffDraft:
        return StaffDraft(**self.model_dump())


class OrganisationAnswer(TypedDict):
    id: str
    name: str
    kind: Literal["region", "kommun"]
    phone: str
    number: str | None


class OrganisationList(TypedDict):
    organisations: list[OrganisationAnswer]


class UnitAnswer(TypedDict):
    id: str
    name: str


class UnitList(TypedDict):
    units: list[UnitAnswer]


class StaffAnswer(TypedDict):
    """A commission. valid_to: the moment from which it is over."""

    id: str
    name: str
    title: str
    unit: str
    organisation: str
    organisation_name: str
    permissions: list[str]
    hsa_id: str | None
    valid_to: str | None
    chosen: NotRequired[bool]


class StaffList(TypedDict):
    staff: list[StaffAnswer]


class CommissionList(TypedDict):
    """chosen: the one this login works in."""

    commissions: list[StaffAnswer]


class BadRowAnswer(TypedDict):
    """row: as a spreadsheet numbers it; 0: the whole file. column: its heading, or empty."""

    row: int
    column: str
    message: str


class ImportAnswer(TypedDict):
    """bad: why nothing was imported. stored: whether it was done now."""

    added: list[StaffAnswer]
    changed: list[StaffAnswer]
    unchanged: int
    bad: list[BadRowAnswer]
    stored: bool


def routes(directory: Directory, commissions: Commissions, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    api = DirectoryApi(directory, commissions, clock)
    return [
        web.get(ROOT, api.organisations),
        web.post(ROOT, api.add_organisation),
        web.get(ONE, api.organisation),
        web.patch(ONE, api.change_organisation),
        web.get(f"{ONE}/units", api.units),
        web.post(f"{ONE}/units", api.add_unit),
        web.patch(f"{ONE}/units/{{unit}}", api.rename_unit),
        web.delete(f"{ONE}/units/{{unit}}", api.remove_unit),
        web.get(f"{ONE}/staff", api.staff),
        web.post(f"{ONE}/staff", api.add_staff),
        web.post(f"{ONE}/staff/import", api.import_staff),
        web.put(f"{ONE}/staff/{{staff}}", api.change_staff),
        web.delete(f"{ONE}/staff/{{staff}}", api.end_staff),
        web.get(COMMISSIONS, api.commissions),
        web.post(f"{COMMISSIONS}/{{staff}}", api.choose),
    ]


class DirectoryApi:
    def __init__(self, directory: Directory, commissions: Commissions, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._commissions = commissions
        self._clock = clock

    async def organisations(self, request: web.Request) -> web.Response:
        found = await self._directory.organisations(_who(request))
        return web.json_response({"organisations": [organisation_json(one) for one in found]})

    async def add_organisation(self, request: web.Request) -> web.Response:
        who, body = _who(request), await read(request, OrganisationBody)
        made = check_organisation(
            identifier=body.id, name=body.name, kind=body.kind, phone=body.phone, number=body.number
        )
        await self._directory.add_organisation(who, made)
        return web.json_response(organisation_json(made), status=201, headers={"Location": f"{ROOT}/{made.id}"})

    async def organisation(self, request: web.Request) -> web.Response:
        return web.json_response(organisation_json(await self._directory.organisation(_who(request), _place(request))))

    async def change_organisation(self, request: web.Request) -> web.Response:
        who, body = _who(request), await read(request, OrganisationChangeBody)
        before = await self._directory.organisation(who, _place(request))
        after = check_organisation(
            identifier=before.id,
            name=before.name if body.name is None else body.name,
            kind=before.kind,
            phone=before.phone if body.phone is None else body.phone,
            number=(before.number or "") if body.number is None else body.number,
        )
        await self._directory.change_organisation(who, after)
        return web.json_response(organisation_json(after))

    async def units(self, request: web.Request) -> web.Response:
        found = await self._directory.units(_who(request), _place(request))
        return web.json_response({"units": [unit_json(one) for one in found]})

    async def add_unit(self, request: web.Request) -> web.Response:
        who, body = _who(request), await read(request, UnitBody)
        unit = await self._directory.add_unit(who, _place(request), check_unit(body.name))
        return web.json_response(unit_json(unit), status=201)

    async def rename_unit(self, request: web.Request) -> web.Response:
        who, body = _who(request), await read(request, UnitBody)
        unit = request.match_info["unit"]
        renamed = await self._directory.rename_unit(who, _place(request), unit, check_unit(body.name))
        return web.json_response(unit_json(renamed))

    async def remove_unit(self, request: web.Request) -> web.Response:
        await self._directory.remove_unit(_who(request), _place(request), request.match_info["unit"])
        return web.Response(status=204)

    async def staff(self, request: web.Request) -> web.Response:
        """``ended=1``: also commissions that are over."""
        ended = request.query.get("ended") == "1"
        found = await self._directory.staff_in(_who(request), _place(request), ended=ended)
        return web.json_response({"staff": [staff_json(one) for one in found]})

    async def add_staff(self, request: web.Request) -> web.Response:
        who, body = _who(request), await read(request, StaffBody)
        new = check_staff(body.draft(), self._clock())
        staff = await self._directory.add_staff(who, _place(request), new)
        return web.json_response(staff_json(staff), status=201)

    async def change_staff(self, request: web.Request) -> web.Response:
        who, body = _who(request), await read(request, StaffChangeBody)
        new = check_staff(StaffDraft("", "", **body.model_dump()), self._clock(), known=True)
        staff = await self._directory.change_staff(who, _place(request), request.match_info["staff"], new)
        return web.json_response(staff_json(staff))

    async def end_staff(self, request: web.Request) -> web.Response:
        await self._directory.end_staff(_who(request), _place(request), request.match_info["staff"])
        return web.Response(status=204)

    async def import_staff(self, request: web.Request) -> web.Response:
        """The body is the CSV file. ``dry_run=1``: nothing is stored. 200 also where rows are bad: they are the
        answer, and nothing has been imported then."""
        who = _who(request)
        if request.content_type != "text/csv":
            raise web.HTTPUnsupportedMediaType
        content = await request.read()
        importing = StaffImport(self._directory, self._clock)
        dry = request.query.get("dry_run") == "1"
        preview = await (importing.preview if dry else importing.store)(who, _place(request), content)
        return web.json_response(import_json(preview, language_of(request), stored=not dry and not preview.bad))

    async def commissions(self, request: web.Request) -> web.Response:
        session = session_of(request)
        now_in = session.staff.id if session.staff else None
        held = await self._commissions.of(session)
        return web.json_response({"commissions": [{**staff_json(one), "chosen": one.id == now_in} for one in held]})

    async def choose(self, request: web.Request) -> web.Response:
        chosen = await self._commissions.choose(session_of(request), request.match_info["staff"])
        return web.json_response(staff_json(chosen))


def organisation_json(one: Organisation) -> OrganisationAnswer:
    return {"id": one.id, "name": one.name, "kind": one.kind, "phone": one.phone, "number": one.number}


def unit_json(one: Unit) -> UnitAnswer:
    return {"id": one.id, "name": one.name}


def staff_json(one: Staff) -> StaffAnswer:
    return {
        "id": one.id,
        "name": one.person.name,
        "title": one.title,
        "unit": one.unit,
        "organisation": one.organisation.id,
        "organisation_name": one.organisation.name,
        "permissions": sorted(one.permissions),
        "hsa_id": one.hsa_id,
        "valid_to": iso(one.valid_to),
    }


def import_json(preview: Preview, language: str, *, stored: bool) -> ImportAnswer:
    return {
        "added": [staff_json(one) for one in preview.added],
        "changed": [staff_json(entry.staff) for entry in preview.changed],
        "unchanged": preview.unchanged,
        "bad": [_bad(one, language) for one in preview.bad],
        "stored": stored,
    }


def _bad(one: BadRow, language: str) -> BadRowAnswer:
    return {"row": one.row, "column": one.column, "message": one.message(language)}


def _who(request: web.Request) -> Administrator:
    return Administrator.of(session_of(request))


def _place(request: web.Request) -> str:
    return request.match_info["organisation"]
