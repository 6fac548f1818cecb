"""The page on which a person with several commissions (uppdrag) chooses which one to work in."""

from aiohttp import web

from auth.commissions import PAGE, Commissions, home_of
from signaling.pages.staff import see_other
from signaling.pages.templates import render
from signaling.security import Forbidden, session_of, way_back


def routes(commissions: Commissions) -> list[web.RouteDef]:
    async def page(request: web.Request) -> web.StreamResponse:
        """Raises Forbidden for who holds none."""
        session = session_of(request)
        held = await commissions.of(session)
        if not held:
            raise Forbidden
        return render(request, "commissions.html", held=held)

    async def choose(request: web.Request) -> web.StreamResponse:
        sent = await request.post()
        chosen = await commissions.choose(session_of(request), str(sent.get("staff", ""))[:64])
        return see_other(way_back(request) or home_of(chosen))

    return [web.get(PAGE, page), web.post(PAGE, choose)]
