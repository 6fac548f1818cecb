"""Pages that anyone may read: help, easy-read, privacy, the accessibility statement the law asks for, about."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from signaling.pages.templates import render

PAGES = {
    "/help": "help.html",
    "/easy-read": "easy_read.html",
    "/privacy": "privacy.html",
    "/accessibility": "accessibility.html",
    "/about": "about.html",
}


def _page(template: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def show(request: web.Request) -> web.Response:
        return render(request, template)

    return show


def routes() -> list[web.RouteDef]:
    return [web.get(path, _page(template)) for path, template in PAGES.items()]
