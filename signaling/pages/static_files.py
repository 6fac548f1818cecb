"""The built scripts, styles, font and pictures. Names change with their content, so browsers keep them for a year."""

from functools import cache

from aiohttp import web

from signaling.pages.templates import STATIC, static

YEAR = "public, max-age=31536000, immutable"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".woff2": "font/woff2",
}
"""Said here rather than guessed by what the machine's own tables hold."""


@cache
def _servable() -> frozenset[str]:
    """The build's files, without the tables it makes for the server and the gzipped twins."""
    return frozenset(path.name for path in STATIC.iterdir() if path.is_file() and path.suffix not in (".json", ".gz"))


async def static_file(request: web.Request) -> web.StreamResponse:
    """One built file; its gzipped twin where the browser takes it. No other name is looked for."""
    name = request.match_info["path"]
    if name not in _servable():
        raise web.HTTPNotFound
    headers = {"Cache-Control": YEAR, "Vary": "Accept-Encoding"}
    if (kind := TYPES.get((STATIC / name).suffix)) is not None:
        headers["Content-Type"] = kind
    return web.FileResponse(STATIC / name, headers=headers)


async def favicon(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - aiohttp's handler signature
    """Browsers ask for /favicon.ico by themselves; the mark is an SVG."""
    raise web.HTTPFound(static("icon.svg"))


def routes() -> list[web.RouteDef]:
    return [web.get("/static/{path}", static_file), web.get("/favicon.ico", favicon)]
