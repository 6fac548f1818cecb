"""Pages of administrators: organisations, their units and staff. What is searched for is sent by POST: a name does not
belong in an address. Importing has pages of its own (`signaling.pages.staff_import`)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from auth.directory import Administrator, Directory
from auth.errors import TakenAlready
from auth.fields import InvalidFields
from auth.organisation_draft import check_organisation, check_unit
from auth.people import Organisation, Permission, Staff
from auth.staff_draft import STOCKHOLM, StaffDraft, check_staff
from signaling.i18n import gettext_of, language_of
from signaling.pages.plan_form import Form, digits
from signaling.pages.staff import see_other
from signaling.pages.templates import render
from signaling.security import session_of

ROOT = "/organisations"
ONE = f"{ROOT}/{{organisation}}"
ORGANISATION_FIELDS = ("id", "name", "kind", "phone", "number")
STAFF_FIELDS = ("identity_number", "hsa_id", "given_name", "surname", "title", "unit", "valid_to")
LONGEST_VALUE = 300
SHOWN = 200
"""Rows of one list; beyond that one searches."""


class OrganisationPages:
    def __init__(self, directory: Directory, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._clock = clock

    async def start(self, request: web.Request) -> web.StreamResponse:
        """Every organisation, for operators; an administrator is led to her own."""
        who = who_of(request)
        if not who.operator:
            return see_other(f"{ROOT}/{who.organisation}")
        return await self._list(request, who, Form(values={"kind": "kommun"}))

    async def _list(self, request: web.Request, who: Administrator, form: Form) -> web.Response:
        found = await self._directory.organisations(who)
        without = [one.id for one in found if not await self._directory.has_administrator(one.id)]
        status = 422 if form.errors else 200
        return render(request, "organisations.html", status=status, form=form, organisations=found, without=without)

    async def add(self, request: web.Request) -> web.StreamResponse:
        who, form = who_of(request), _sent(await request.post(), ORGANISATION_FIELDS)
        try:
            made = _organisation(form)
            await self._directory.add_organisation(who, made)
        except (InvalidFields, TakenAlready) as refused:
            return await self._list(request, who, _with(form, refused, request))
        return see_other(f"{ROOT}/{made.id}")

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """The telephone, for its administrator and for operators; name and number for operators."""
        place = await self._place(request)
        values = {"name": place.name, "phone": place.phone, "number": place.number or ""}
        return self._edit(request, place, Form(values=values))

    def _edit(self, request: web.Request, place: Organisation, form: Form) -> web.Response:
        who = who_of(request)
        status = 422 if form.errors else 200
        shown = {"place": place, "own": who.manages(place.id), "operator": who.operator, "form": form}
        return render(request, "organisation_form.html", status=status, **shown)

    async def save(self, request: web.Request) -> web.StreamResponse:
        who, place = who_of(request), await self._place(request)
        form = _sent(await request.post(), ("name", "phone", "number"))
        form.values |= {"id": place.id, "kind": place.kind}
        if not who.operator:
            form.values |= {"name": place.name, "number": place.number or ""}
        try:
            await self._directory.change_organisation(who, _organisation(form))
        except (InvalidFields, TakenAlready) as refused:
            return self._edit(request, place, _with(form, refused, request))
        return see_other(f"{ROOT}/{place.id}")

    async def staff(self, request: web.Request) -> web.StreamResponse:
        """One organisation: its staff for its administrator; for the operator whether it has an administrator."""
        return await self._staff(request, "")

    async def search(self, request: web.Request) -> web.StreamResponse:
        sent = await request.post()
        return await self._staff(request, str(sent.get("words", ""))[:LONGEST_VALUE], ended="ended" in sent)

    async def _staff(self, request: web.Request, words: str, *, ended: bool = False) -> web.Response:
        who, place = who_of(request), await self._place(request)
        own = who.manages(place.id)
        found = await self._directory.staff_in(who, place.id, ended=ended) if own else []
        hits = [one for one in found if matches(one, words)]
        return render(
            request,
            "staff.html",
            place=place,
            own=own,
            has_administrator=await self._directory.has_administrator(place.id),
            hits=hits[:SHOWN],
            found=len(hits),
            all=len(found),
            ended=ended,
            now=self._clock(),
            form=Form(values={"words": words}),
        )

    async def new(self, request: web.Request) -> web.StreamResponse:
        place = await self._place(request)
        return await self._form(request, place.id, Form(values={"permissions": first_of(who_of(request), place.id)}))

    async def create(self, request: web.Request) -> web.StreamResponse:
        who, place, form = who_of(request), await self._place(request), _staff_sent(await request.post())
        try:
            new = check_staff(_draft(form), self._clock())
            await self._directory.add_staff(who, place.id, new)
        except InvalidFields as invalid:
            return await self._form(request, place.id, _with(form, invalid, request))
        return see_other(f"{ROOT}/{place.id}")

    async def one(self, request: web.Request) -> web.StreamResponse:
        staff = await self._one(request)
        last = (staff.valid_to - timedelta(microseconds=1)).astimezone(STOCKHOLM) if staff.valid_to else None
        values = {
            "title": staff.title,
            "unit": staff.unit,
            "hsa_id": staff.hsa_id or "",
            "permissions": " ".join(sorted(staff.permissions)),
            "valid_to": last.strftime("%Y-%m-%d") if last else "",
        }
        return await self._form(request, staff.organisation.id, Form(values=values), staff=staff)

    async def change(self, request: web.Request) -> web.StreamResponse:
        staff, form = await self._one(request), _staff_sent(await request.post())
        try:
            new = check_staff(_draft(form), self._clock(), known=True)
            await self._directory.change_staff(who_of(request), staff.organisation.id, staff.id, new)
        except InvalidFields as invalid:
            return await self._form(request, staff.organisation.id, _with(form, invalid, request), staff=staff)
        return see_other(f"{ROOT}/{staff.organisation.id}")

    async def end(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info["organisation"]
        await self._directory.end_staff(who_of(request), place, request.match_info["staff"])
        return see_other(f"{ROOT}/{place}")

    async def units(self, request: web.Request) -> web.StreamResponse:
        return await self._units(request, Form())

    async def _units(self, request: web.Request, form: Form) -> web.Response:
        who, place = who_of(request), await self._place(request)
        units = await self._directory.units(who, place.id)
        present = await self._directory.staff_in(who, place.id, ended=True)
        now = self._clock()
        counts = {unit.id: sum(one.unit == unit.name and one.holds(now) for one in present) for unit in units}
        free = [unit.id for unit in units if all(one.unit != unit.name for one in present)]
        status = 422 if form.errors else 200
        return render(
            request, "units.html", status=status, place=place, units=units, counts=counts, free=free, form=form
        )

    async def change_units(self, request: web.Request) -> web.StreamResponse:
        """go: add, or rename- or remove- and a unit's id."""
        who, place, sent = who_of(request), request.match_info["organisation"], await request.post()
        act, _, unit = str(sent.get("go", "add"))[:80].partition("-")
        name = f"name-{unit}" if act == "rename" else "name"
        form = _sent(sent, (name,))
        try:
            match act:
                case "remove":
                    await self._directory.remove_unit(who, place, unit)
                case "rename":
                    await self._directory.rename_unit(who, place, unit, check_unit(form.value(name)))
                case _:
                    await self._directory.add_unit(who, place, check_unit(form.value(name)))
        except InvalidFields as invalid:
            form.errors = {name: invalid.fields(language_of(request))[0]["message"]}
            return await self._units(request, form)
        return see_other(f"{ROOT}/{place}/units")

    async def _place(self, request: web.Request) -> Organisation:
        return await self._directory.organisation(who_of(request), request.match_info["organisation"])

    async def _one(self, request: web.Request) -> Staff:
        place = request.match_info["organisation"]
        return await self._directory.staff(who_of(request), place, request.match_info["staff"])

    async def _form(
        self, request: web.Request, organisation: str, form: Form, *, staff: Staff | None = None
    ) -> web.Response:
        who = who_of(request)
        place = await self._directory.organisation(who, organisation)
        own = who.manages(organisation)
        units = await self._directory.units(who, organisation) if own else []
        held = form.value("permissions").split()
        allowed: list[Permission] = [
            one for one in Permission if (own and one is not Permission.OPERATOR) or one is Permission.ADMIN
        ]
        if who.operator and own:
            allowed.append(Permission.OPERATOR)
        return render(
            request,
            "staff_form.html",
            status=422 if form.errors else 200,
            place=place,
            own=own,
            staff=staff,
            units=units,
            permissions=[(one.value, permission_name(one, request)) for one in allowed],
            held=held,
            over=staff is not None and not staff.holds(self._clock()),
            logged_out=request.query.get("logged-out", ""),
            form=form,
        )


def routes(directory: Directory, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    pages = OrganisationPages(directory, clock)
    return [
        web.get(ROOT, pages.start),
        web.post(ROOT, pages.add),
        web.get(ONE, pages.staff),
        web.post(ONE, pages.search),
        web.get(f"{ONE}/new", pages.new),
        web.post(f"{ONE}/new", pages.create),
        web.get(f"{ONE}/edit", pages.edit),
        web.post(f"{ONE}/edit", pages.save),
        web.get(f"{ONE}/units", pages.units),
        web.post(f"{ONE}/units", pages.change_units),
        web.get(f"{ONE}/staff/{{staff}}", pages.one),
        web.post(f"{ONE}/staff/{{staff}}", pages.change),
        web.post(f"{ONE}/staff/{{staff}}/end", pages.end),
    ]


def who_of(request: web.Request) -> Administrator:
    """Raises Unidentified, NotYourOrganisation."""
    return Administrator.of(session_of(request))


def permission_name(permission: Permission, request: web.Request) -> str:
    _ = gettext_of(request)
    return {
        Permission.HOST: _("Leder möten"),
        Permission.PLANNER: _("Planerar möten"),
        Permission.AUDITOR: _("Granskar loggen"),
        Permission.ADMIN: _("Lägger upp personal"),
        Permission.OPERATOR: _("Sköter driften"),
    }[permission]


def first_of(who: Administrator, organisation: str) -> str:
    """What the form begins with: the first administrator's permission where only that can be given."""
    return "" if who.manages(organisation) else Permission.ADMIN.value


def matches(staff: Staff, words: str) -> bool:
    """Whether each word stands somewhere in name, title or unit, whatever its case."""
    text = f"{staff.person.name} {staff.title} {staff.unit}".casefold()
    return all(word in text for word in words.casefold().split())


def _organisation(form: Form) -> Organisation:
    values = {name: form.value(name) for name in ("name", "kind", "phone", "number")}
    return check_organisation(identifier=form.value("id"), **values)


def _draft(form: Form) -> StaffDraft:
    values = {name: form.value(name) for name in STAFF_FIELDS}
    values["identity_number"] = digits(values["identity_number"])
    return StaffDraft(**values, permissions=form.value("permissions").split())


def _sent(sent: Any, names: tuple[str, ...]) -> Form:
    return Form(values={name: str(sent.get(name, ""))[:LONGEST_VALUE] for name in names})


def _staff_sent(sent: Any) -> Form:
    form = _sent(sent, STAFF_FIELDS)
    form.values["permissions"] = " ".join(str(value)[:20] for value in sent.getall("permissions", [])[:20])
    return form


def _with(form: Form, refused: InvalidFields | TakenAlready, request: web.Request) -> Form:
    language = language_of(request)
    if isinstance(refused, InvalidFields):
        form.errors = {fault["field"]: fault["message"] for fault in refused.fields(language)}
    else:
        form.errors = {"name": refused.text(language)}
    # A number that was not read is written once more: it does not stand on a page that was sent to somebody.
    form.values["identity_number"] = ""
    return form
