"""A BankID for the demo and the tests: the same HTTP API over mutual TLS, and an app that is a page or a test.

The service's own client calls it as it calls the real one. What the app side does (`approve`, `deny`) is called by
`signaling/api/simulator.py`, which exists in the demo alone.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from aiohttp import web

from auth import qr
from auth.demo_certificates import DemoCertificates
from auth.errors import SimulatorRefused

START_LIMIT = timedelta(seconds=30)
ORDER_LIMIT = timedelta(minutes=3)
COMPLETE_KEPT = timedelta(minutes=3)
FAILED_KEPT = timedelta(minutes=5)
# The app takes a code of the last seconds: it is on its way from the screen while the next is drawn.
QR_AGE_SECONDS = 5
MOST_ORDERS = 2_000


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up person with one of Skatteverket's test numbers. role and organisation are for the demo's own pages."""

    number: str = field(repr=False)
    given_name: str
    surname: str
    role: str = ""
    organisation: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"


@dataclass(slots=True)
class SimulatedOrder:
    """An order as the app sees it. text: what the app shows. approved_at: when the person wrote the security code."""

    order_ref: str
    auto_start_token: str
    qr_start_token: str
    qr_start_secret: str = field(repr=False)
    text: str
    end_user_ip: str
    started_at: datetime
    personal_number: str | None = field(default=None, repr=False)
    approved_at: datetime | None = None
    person: DemoPerson | None = None
    risk: str | None = "low"
    address: str | None = field(default=None, repr=False)
    failed: str | None = None
    ended_at: datetime | None = None
    collected: bool = False


class _Refused(Exception):
    def __init__(self, error_code: str, details: str, status: int = 400) -> None:
        super().__init__(error_code)
        self.response = web.json_response({"errorCode": error_code, "details": details}, status=status)


class BankIdSimulator:
    """Serves ``/rp/v6.0/`` on a port of its own. Use as an async context manager; `url` is known once it serves.

    signing: how long the app shows "write your code" after approval.
    """

    def __init__(
        self,
        people: Sequence[DemoPerson],
        certificates: DemoCertificates,
        clock: Callable[[], datetime],
        *,
        port: int = 0,
        signing: timedelta = timedelta(seconds=1),
    ) -> None:
        self.people = tuple(people)
        self.url = ""
        self._certificates = certificates
        self._clock = clock
        self._port = port
        self._signing = signing
        self._orders: dict[str, SimulatedOrder] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=64 * 1024)
        for name, method in (("auth", self._auth), ("collect", self._collect), ("cancel", self._cancel)):
            application.router.add_post(f"/rp/v6.0/{name}", _answering(method))
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._certificates.server)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"https://{host}:{port}/rp/v6.0/"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # The app's side

    def pending(self) -> list[SimulatedOrder]:
        """Orders a person could approve now, newest first."""
        self._let_time_pass()
        waiting = (order for order in self._orders.values() if not order.ended_at and not order.approved_at)
        return sorted(waiting, key=lambda order: order.started_at, reverse=True)

    def approve(
        self,
        number: str,
        *,
        scanned: str | None = None,
        auto_start_token: str | None = None,
        risk: str | None = "low",
        address: str | None = None,
    ) -> SimulatedOrder:
        """The person of that test number writes the code. address: the app's; None: the page's.

        Raises SimulatorRefused for an old or unknown one.
        """
        person = next((person for person in self.people if person.number == number), None)
        order = self._open(scanned, auto_start_token)
        if person is None or order.personal_number not in (None, number):
            raise SimulatorRefused
        order.person, order.risk, order.address, order.approved_at = person, risk, address, self._clock()
        return order

    def deny(self, *, scanned: str | None = None, auto_start_token: str | None = None) -> SimulatedOrder:
        """The person taps Cancel in the app."""
        order = self._open(scanned, auto_start_token)
        self._fail(order, "userCancel")
        return order

    def _open(self, scanned: str | None, auto_start_token: str | None) -> SimulatedOrder:
        read = qr.read(scanned) if scanned is not None else None
        now = self._clock()
        for order in self.pending():
            if auto_start_token is not None and secrets.compare_digest(
                order.auto_start_token.encode(), auto_start_token.encode()
            ):
                return order
            if read is not None and read[0] == order.qr_start_token:
                age = int((now - order.started_at).total_seconds()) - read[1]
                if -1 <= age <= QR_AGE_SECONDS and qr.holds(order.qr_start_secret, read[1], read[2]):
                    return order
        raise SimulatorRefused

    # The service's side

    def _auth(self, body: dict[str, Any]) -> dict[str, Any]:
        ip, number = body.get("endUserIp"), _requirement(body).get("personalNumber")
        if not isinstance(ip, str) or not ip:
            raise _Refused("invalidParameters", "No such endUserIp")
        if body.get("userVisibleDataFormat") not in (None, "simpleMarkdownV1"):
            raise _Refused("invalidParameters", "Invalid userVisibleDataFormat")
        text = _visible_text(body.get("userVisibleData"))
        if len(self._orders) >= MOST_ORDERS:
            raise _Refused("tooManyRequests", "Too many orders", status=429)
        same = [order for order in self.pending() if number is not None and order.personal_number == number]
        if same:
            for order in same:
                self._fail(order, "cancelled")
            raise _Refused("alreadyInProgress", "Order already in progress for pno")
        order = SimulatedOrder(
            order_ref=str(uuid4()),
            auto_start_token=str(uuid4()),
            qr_start_token=str(uuid4()),
            qr_start_secret=str(uuid4()),
            text=text,
            end_user_ip=ip,
            started_at=self._clock(),
            personal_number=number,
        )
        self._orders[order.order_ref] = order
        return {
            "orderRef": order.order_ref,
            "autoStartToken": order.auto_start_token,
            "qrStartToken": order.qr_start_token,
            "qrStartSecret": order.qr_start_secret,
        }

    def _collect(self, body: dict[str, Any]) -> dict[str, Any]:
        order = self._known(body)
        if order.ended_at is not None:
            order.collected = True
            if order.failed is not None:
                return {"orderRef": order.order_ref, "status": "failed", "hintCode": order.failed}
            return {"orderRef": order.order_ref, "status": "complete", "completionData": _completion(order)}
        if order.approved_at is None:
            hint = "outstandingTransaction"
        else:
            hint = "started" if self._clock() - order.approved_at < self._signing / 2 else "userSign"
        return {"orderRef": order.order_ref, "status": "pending", "hintCode": hint}

    def _cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        order = self._known(body)
        if order.ended_at is not None:
            raise _Refused("invalidParameters", "No such order")
        self._fail(order, "cancelled")
        order.collected = True
        return {}

    def _known(self, body: dict[str, Any]) -> SimulatedOrder:
        self._let_time_pass()
        order = self._orders.get(str(body.get("orderRef")))
        if order is None or order.collected:
            raise _Refused("invalidParameters", "No such order")
        return order

    def _fail(self, order: SimulatedOrder, hint: str) -> None:
        order.failed, order.ended_at = hint, self._clock()

    def _let_time_pass(self) -> None:
        now = self._clock()
        for order in list(self._orders.values()):
            if order.ended_at is None:
                if order.approved_at is not None:
                    if now - order.approved_at >= self._signing:
                        order.ended_at = now
                elif now - order.started_at >= ORDER_LIMIT:
                    self._fail(order, "expiredTransaction")
                elif now - order.started_at >= START_LIMIT:
                    self._fail(order, "startFailed")
            elif now - order.ended_at >= (FAILED_KEPT if order.failed else COMPLETE_KEPT):
                del self._orders[order.order_ref]


def _answering(
    method: Callable[[dict[str, Any]], dict[str, Any]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.Response:
        if request.headers.get("Content-Type") != "application/json":
            return web.json_response(
                {"errorCode": "unsupportedMediaType", "details": "Unsupported media type"}, status=415
            )
        try:
            body = json.loads(await request.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _Refused("invalidParameters", "Invalid JSON").response
        try:
            return web.json_response(method(body))
        except _Refused as refused:
            return refused.response

    return handle


def _requirement(body: dict[str, Any]) -> dict[str, Any]:
    requirement = body.get("requirement", {})
    if not isinstance(requirement, dict):
        raise _Refused("invalidParameters", "Invalid requirement")
    return requirement


def _visible_text(data: object) -> str:
    if data is None:
        return ""
    try:
        if not isinstance(data, str) or not 1 <= len(data) <= 1500:
            raise ValueError
        return base64.b64decode(data, validate=True).decode()
    except (ValueError, binascii.Error):
        raise _Refused("invalidParameters", "Invalid userVisibleData") from None


def _completion(order: SimulatedOrder) -> dict[str, Any]:
    person = order.person
    if person is None:
        raise RuntimeError("a completed order has its person")
    completion: dict[str, Any] = {
        "user": {
            "personalNumber": person.number,
            "name": person.name,
            "givenName": person.given_name,
            "surname": person.surname,
        },
        "device": {"ipAddress": order.address or order.end_user_ip, "uhi": "simulator"},
        "bankIdIssueDate": "2026-01-01",
        "stepUp": None,
        "signature": base64.b64encode(b"<simulated/>").decode(),
        "ocspResponse": base64.b64encode(b"simulated").decode(),
    }
    if order.risk is not None:
        completion["risk"] = order.risk
    return completion
