"""``/.well-known/jwks.json``: the public keys of what this installation signs (RFC 7517). Anyone may read it."""

from aiohttp import web

from auth.keys import Keys

PATH = "/.well-known/jwks.json"


def routes(keys: Keys) -> list[web.RouteDef]:
    async def jwks(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's shape
        answer = web.json_response(keys.jwks(), content_type="application/jwk-set+json")
        answer.headers["Cache-Control"] = "public, max-age=60"
        return answer

    return [web.get(PATH, jwks)]
