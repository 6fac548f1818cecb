"""Reading the JSON body of a request into one of `rooms.bodies`."""

import json

from aiohttp import web

from rooms.bodies import BodyType, shaped
from signaling.problems import BadRequest


async def read(request: web.Request, kind: type[BodyType], *, optional: bool = False) -> BodyType:
    """The request's JSON object in its shape. optional: an empty body means all defaults.

    Raises BadRequest for what is not JSON, InvalidFields naming each field that is wrong.
    """
    raw = await request.read()
    if not raw.strip() and optional:
        return kind()
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(content, dict):
        raise BadRequest
    return shaped(kind, content)
