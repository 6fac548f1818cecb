"""HTTP handlers of the pages people see, one module for each kind of visitor."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from audit.log import Log
from auth.sessions import Sessions
from rooms.meetings import Meetings
from signaling.pages import audit, information, kiosk, public, room, simulator, staff, static_files
from signaling.pages.errors import error_page
from signaling.pages.templates import DEMO, SUPPORT_PHONE

__all__ = ["DEMO", "SUPPORT_PHONE", "error_page", "routes"]


def routes(
    meetings: Meetings, sessions: Sessions, log: Log, clock: Callable[[], datetime], *, cookie: str, demo: bool
) -> list[web.RouteDef]:
    """Every page. cookie: the session cookie's name; demo: whether the BankID simulator has its page."""
    return [
        *public.routes(meetings, sessions, clock, cookie),
        *staff.routes(meetings, clock),
        *room.routes(meetings),
        *kiosk.routes(meetings, clock),
        *audit.routes(log, clock),
        *information.routes(),
        *static_files.routes(),
        *(simulator.routes() if demo else ()),
    ]
