"""In whose hands a join token opens its room: a stolen one alone opens nothing.

A browser must present the session the token was made for, on the same socket request. A program, which has no cookie on
its media socket, must come from the address that asked, and can use each token once.
"""

from datetime import timedelta

from aiohttp import web

from audit.events import Reason
from auth.one_time import OneTimeStore
from auth.sessions import Session
from rooms.admission import Admission
from sfu.access_token import Claims
from signaling.livekit_socket import RESUME_KEY, AdmissionRefused
from signaling.security import address_binding, is_browser, session_binding

LONGEST_TOKEN = timedelta(minutes=15)


def binding_of(request: web.Request, session: Session) -> str:
    """What `Grant.binding` shall be for whoever makes this request."""
    return session_binding(session) if is_browser(request) else address_binding(request["address"])


class JoinBinding:
    """The hook of `signaling.livekit_socket.routes`."""

    def __init__(self, one_time: OneTimeStore, admission: Admission) -> None:
        self._one_time = one_time
        self._admission = admission

    async def admit(self, claims: Claims, request: web.Request) -> None:
        """Raises AdmissionRefused, after the refusal was recorded."""
        session: Session | None = request.get("session")
        refusal = await self._refusal(claims, request, session)
        if refusal is None:
            return
        if "livekit_validate" not in request:
            about = session.actor if session is not None else None
            # Shown again and again, a token fills no log: once for each reason.
            told = f"refused:{claims.room}:{claims.identity}:{claims.raw.get('jti')}:{refusal}"
            if await self._one_time.spend(told, LONGEST_TOKEN):
                await self._admission.entry_refused(claims.room, about, reason=refusal)
        raise AdmissionRefused(refusal)

    async def _refusal(self, claims: Claims, request: web.Request, session: Session | None) -> str | None:
        if claims.binding is None:
            return Reason.JOIN_UNBOUND
        if not await self._admission.may_enter(claims.room, claims.identity):
            return Reason.JOIN_WITHOUT_SEAT
        if claims.binding.startswith("session:"):
            held = session is not None and session_binding(session) == claims.binding
            return None if held else Reason.JOIN_OF_ANOTHER_BROWSER
        if address_binding(request["address"]) != claims.binding:
            return Reason.JOIN_OF_ANOTHER_ADDRESS
        if request.get(RESUME_KEY) or "livekit_validate" in request:
            return None
        key = f"join:{claims.room}:{claims.identity}:{claims.raw.get('jti')}"
        fresh = await self._one_time.spend(key, LONGEST_TOKEN)
        return None if fresh else Reason.JOIN_USED_BEFORE
