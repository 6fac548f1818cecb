"""The demo's OpenID providers as people see them: choose who to be, approve or refuse. Routed in the demo alone."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from auth.identity import Method
from auth.oidc_simulator import Issuer
from signaling.pages.staff import see_other
from signaling.pages.templates import render
from signaling.problems import NotFound

PATH = "/simulator/oidc/{provider}"


def routes(issuers: Mapping[Method, Issuer]) -> list[web.RouteDef]:
    def issuer_of(request: web.Request) -> Issuer:
        found = next((issuers[method] for method in issuers if method.value == request.match_info["provider"]), None)
        if found is None:
            raise NotFound
        return found

    async def ask(request: web.Request) -> web.StreamResponse:
        """The authorization endpoint. What was asked stays in the form until it is answered."""
        issuer = issuer_of(request)
        issuer.request(request.query)
        return render(
            request,
            "simulator_oidc.html",
            provider=issuer.profile.method.value,
            people=issuer.people,
            asked=request.query_string,
        )

    async def answer(request: web.Request) -> web.StreamResponse:
        issuer, form = issuer_of(request), await request.post()
        asked = issuer.request(dict(parse_qsl(str(form.get("asked", "")))))
        if form.get("act") != "approve":
            return see_other(issuer.deny(asked))
        return see_other(issuer.approve(asked, str(form.get("person", ""))))

    return [web.get(PATH, ask), web.post(PATH, answer)]
