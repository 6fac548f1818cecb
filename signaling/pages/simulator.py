"""The demo's simulator page: the BankID app of people who do not exist. Routed in the demo alone."""

from aiohttp import web

from signaling.pages.templates import render


async def page(request: web.Request) -> web.StreamResponse:
    return render(request, "simulator.html")


def routes() -> list[web.RouteDef]:
    return [web.get("/simulator", page)]
