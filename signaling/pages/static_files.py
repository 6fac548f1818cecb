"""The built scripts, styles, font and pictures. Names change with their content, so browsers keep them for a year."""

from aiohttp import web

from signaling.pages.templates import STATIC, static

YEAR = "public, max-age=31536000, immutable"


async def static_file(request: web.Request) -> web.StreamResponse:
    """One built file; its gzipped twin where the browser takes it. Only plain names: no folder can be left."""
    name = request.match_info["path"]
    path = STATIC / name
    if "/" in name or name.startswith(".") or name.endswith((".json", ".gz")) or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Cache-Control": YEAR, "Vary": "Accept-Encoding"})


async def favicon(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - aiohttp's handler signature
    """Browsers ask for /favicon.ico by themselves; the mark is an SVG."""
    raise web.HTTPFound(static("icon.svg"))


def routes() -> list[web.RouteDef]:
    return [web.get("/static/{path}", static_file), web.get("/favicon.ico", favicon)]
