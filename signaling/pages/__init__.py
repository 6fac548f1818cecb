"""HTTP handlers of the pages people see, one module for each kind of visitor."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from aiohttp import web

from audit.log import Log
from auth.identity import Method
from auth.oidc_simulator import Issuer
from auth.one_time import OneTimeStore
from auth.sessions import Sessions
from rooms.meetings import Meetings
from signaling.pages import (
    assurance,
    audit,
    consents,
    identify,
    information,
    kiosk,
    oidc_simulator,
    public,
    room,
    simulator,
    staff,
    static_files,
)
from signaling.pages.errors import error_page
from signaling.pages.templates import DEMO, SUPPORT_PHONE

__all__ = ["DEMO", "SUPPORT_PHONE", "error_page", "routes"]


def routes(
    meetings: Meetings,
    sessions: Sessions,
    log: Log,
    clock: Callable[[], datetime],
    *,
    one_time: OneTimeStore,
    cookie: str,
    demo: bool,
    methods: frozenset[Method] = frozenset({Method.BANKID}),
    issuers: Mapping[Method, Issuer] = MappingProxyType({}),
) -> list[web.RouteDef]:
    """Every page. one_time: which forms have been sent; cookie: the session cookie's name; demo: whether the BankID
    simulator has its page; methods: the ways to identify that are set up; issuers: the demo's OpenID providers."""
    leader = staff.StaffPages(meetings, one_time, clock)
    return [
        *identify.routes(meetings, methods),
        *assurance.routes(meetings),
        *consents.routes(meetings, leader),
        *public.routes(meetings, sessions, clock, cookie),
        *staff.routes(leader),
        *room.routes(meetings),
        *kiosk.routes(meetings, clock),
        *audit.routes(log, meetings.review, clock),
        *information.routes(),
        *static_files.routes(),
        *(simulator.routes() if demo else ()),
        *(oidc_simulator.routes(issuers) if issuers else ()),
    ]
