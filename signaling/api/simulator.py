"""``/simulator``: the demo's BankID app, driven by a page or a test. It exists in the demo alone."""

from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auth.bankid_simulator import BankIdSimulator, SimulatedOrder
from auth.flow import visible_text
from signaling.problems import BadRequest


class AppBody(BaseModel):
    """What the app read: a scanned code, or the token it was started with."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    qr: str | None = Field(None, max_length=300, repr=False)
    auto_start_token: str | None = Field(None, alias="autoStartToken", max_length=100, repr=False)


class ApproveBody(AppBody):
    """personalNumber: a demo person's. risk: what BankID is to say of this identification."""

    personal_number: str = Field(alias="personalNumber", max_length=13, repr=False)
    risk: Literal["low", "moderate", "high"] | None = "low"


Body = TypeVar("Body", bound=AppBody)


def routes(simulator: BankIdSimulator) -> list[web.RouteDef]:
    """Added to the application in the demo alone (`signaling/app.py`)."""

    async def people(request: web.Request) -> web.Response:  # noqa: ARG001
        """200: everybody one can be in the demo, with test number, role and organisation."""
        return web.json_response(
            [
                {
                    "personalNumber": person.number,
                    "name": person.name,
                    "role": person.role,
                    "organisation": person.organisation,
                }
                for person in simulator.people
            ]
        )

    async def orders(request: web.Request) -> web.Response:  # noqa: ARG001
        """200: identifications that wait for an app, newest first."""
        return web.json_response([_order(order) for order in simulator.pending()])

    async def approve(request: web.Request) -> web.Response:
        """204; 409 where the code is old or used."""
        body = await _read(request, ApproveBody)
        simulator.approve(
            body.personal_number.replace("-", ""),
            scanned=body.qr,
            auto_start_token=body.auto_start_token,
            risk=body.risk,
        )
        return web.Response(status=204)

    async def deny(request: web.Request) -> web.Response:
        """204; 409 where the code is old or used."""
        body = await _read(request, AppBody)
        simulator.deny(scanned=body.qr, auto_start_token=body.auto_start_token)
        return web.Response(status=204)

    return [
        web.get("/simulator/people", people),
        web.get("/simulator/bankid/orders", orders),
        web.post("/simulator/bankid/approve", approve),
        web.post("/simulator/bankid/deny", deny),
    ]


# What the app shows tells what the order is for; a personal link's text holds the inviting organisation.
_KINDS = {
    visible_text(None, language, kiosk=kiosk): "kiosk" if kiosk else "staff"
    for language in ("sv", "en")
    for kiosk in (False, True)
}


def _order(order: SimulatedOrder) -> dict[str, Any]:
    """kind: staff or kiosk, who log in, or link."""
    return {
        "autoStartToken": order.auto_start_token,
        "kind": _KINDS.get(order.text, "link"),
        "text": order.text,
        "startedAt": order.started_at.isoformat(),
    }


async def _read(request: web.Request, model: type[Body]) -> Body:
    try:
        return model.model_validate_json(await request.read())
    except ValidationError:
        raise BadRequest from None
