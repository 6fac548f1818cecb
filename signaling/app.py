"""The composition root: names concrete classes and hands them to each other; else only `signaling.providers` does."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from audit.log import Log
from auth.commissions import Commissions
from auth.demo import seed
from auth.identification import Identifications
from auth.identity import Method
from auth.oidc import OidcLogins
from auth.one_time import SqlOneTime
from auth.sessions import Sessions, cookie_name
from auth.sms_codes import SmsCodes
from auth.store import IdentificationRows, ImportRows, OneTimeRows, SessionRows
from db.tasks import Tasks
from rooms.demo import DemoDay, DemoLinks
from rooms.livekit_cluster import LiveKitCluster
from rooms.livekit_key import LiveKitKey
from rooms.media import MediaServer
from rooms.meetings import Meetings
from rooms.retention import Retention
from rooms.retention_store import RetentionRows
from rooms.store import Store
from sfu.access_token import TokenKey
from sfu.server import IS_COMPILED, EmbeddedMediaServer
from signaling import (
    health,
    i18n,
    livekit_socket,
    media_secret,
    metrics,
    pages,
    problems,
    providers,
    rate_limits,
    room_service,
    security,
)
from signaling.api import assurance as assurance_api
from signaling.api import audit as audit_api
from signaling.api import auth as auth_api
from signaling.api import consents as consents_api
from signaling.api import directory as directory_api
from signaling.api import jwks, livekit_webhook
from signaling.api import meetings as meetings_api
from signaling.api import oidc as oidc_api
from signaling.api import openapi as openapi_api
from signaling.api import sessions as sessions_api
from signaling.api import simulator as simulator_api
from signaling.api import sms as sms_api
from signaling.bus import Bus, open_bus
from signaling.connections import Connections
from signaling.foundation import Foundation, commissions_of, directory_of, foundation, utc_now
from signaling.join_binding import JoinBinding
from signaling.media import settle
from signaling.meeting_socket import MeetingSockets, publisher
from signaling.pages import commissions as commission_pages
from signaling.pages import organisations, staff_import
from signaling.pages import sessions as session_pages
from signaling.pages import sms as sms_pages
from signaling.session_watch import SessionWatch
from signaling.settings import Settings, secret_file
from signaling.turn import TurnServers

log = structlog.get_logger()

BODY_LIMIT = 64 * 1024
SHUTDOWN_SECONDS = 5.0
SWEEP_SECONDS = 60.0

CONNECTIONS: web.AppKey[Connections] = web.AppKey("connections", Connections)

DEMO_DAY: web.AppKey[list[DemoLinks]] = web.AppKey("demo_day", list)
"""The demo's meetings with their personal links, to be printed at the start; empty outside the demo."""


@asynccontextmanager
async def application(settings: Settings, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[web.Application]:
    """The whole service, started and ready to be served; everything is ended again in the opposite order.

    Raises for the operator what `foundation` raises, and OSError of a port that is taken.
    """
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(foundation(settings, clock))
        engine, audit, vault, people = ground.engine, ground.audit, ground.vault, ground.people
        bus = open_bus(settings.redis_url.get_secret_value() if settings.redis_url else None)
        stack.push_async_callback(bus.close)
        sessions = Sessions(SessionRows(engine), audit, clock)
        one_time = SqlOneTime(OneTimeRows(engine), clock)
        commissions = commissions_of(ground, sessions)

        media = await ENGINES["cluster" if settings.media_url else "embedded"](settings, stack, clock)
        media_url = media.client_url if isinstance(media, LiveKitCluster) else None
        meetings = Meetings(
            store=Store(engine),
            audit=audit,
            media=media,
            people=people,
            vault=vault,
            vouching=ground.vouching,
            publish=publisher(bus),
            clock=clock,
            origin=settings.origin,
        )

        sockets = MeetingSockets(meetings, bus, sessions, clock)
        stack.push_async_callback(sockets.close)
        watch = _session_watch(sessions, Store(engine), meetings, bus, sockets)
        bankid, credentials, simulator = await providers.bankid(settings, stack, clock)
        identifications = Identifications(
            bankid=bankid,
            rows=IdentificationRows(engine, vault),
            people=people,
            sessions=sessions,
            invitations=meetings.invitations,
            audit=audit,
            vault=vault,
            clock=clock,
            origin=settings.origin,
        )
        sms_codes, sms_simulator = await providers.sms(settings, stack, ground, sessions, meetings)
        logins, issuers = await providers.openid(settings, stack, ground, clock, sessions=sessions, meetings=meetings)
        await identifications.resume()
        stack.push_async_callback(identifications.close)

        day = await _demo_day(settings, ground, media, bus, clock) if settings.demo else []
        registry = CollectorRegistry()
        metrics.register(registry, media if isinstance(media, EmbeddedMediaServer) else None, audit, credentials)
        app = _web(settings, sessions, registry, media_url=media_url)
        app.add_routes(health.routes({"audit": _writable(audit)}, registry, settings.metrics_networks))
        app.add_routes(auth_api.routes(identifications, sessions, secure=settings.secure))
        app.add_routes(sms_api.routes(sms_codes, sessions, secure=settings.secure))
        app.add_routes(sms_pages.routes(meetings, sms_codes, sessions, secure=settings.secure))
        app.add_routes(oidc_api.routes(logins, sessions, secure=settings.secure))
        app.add_routes(audit_api.routes(audit, meetings.review, clock))
        app.add_routes(
            [
                *meetings_api.routes(meetings, origin=settings.origin, media_url=media_url, clock=clock),
                *assurance_api.routes(meetings),
                *consents_api.routes(meetings.consents),
            ]
        )
        app.add_routes([*openapi_api.routes(secure=settings.secure), *jwks.routes(ground.keys), *i18n.routes()])
        app.add_routes(_media_routes(media, one_time, meetings, settings, clock))
        cookie = cookie_name(settings.secure)
        app.add_routes([*sockets.routes(), *sessions_api.routes(sessions, people)])
        app.add_routes(
            [
                *session_pages.routes(sessions, people, cookie),
                *_administration(ground, sessions, commissions, clock),
            ]
        )
        app.add_routes(
            pages.routes(
                meetings,
                sessions,
                audit,
                clock,
                one_time=one_time,
                cookie=cookie,
                demo=settings.demo,
                methods=logins.methods | {Method.BANKID},
                issuers=issuers,
            )
        )
        if simulator is not None:
            app.add_routes(simulator_api.routes(simulator))
        if sms_simulator is not None:
            app.add_routes(sms_api.simulator_routes(sms_simulator))

        app[DEMO_DAY] = day
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        await meetings.presence.restore()
        tasks.start(meetings.presence.run(in_meeting=sessions.touch), name="presence")
        tasks.start(_together(watch.run, *_watches(settings, ground, media, clock)), name="watches")
        tasks.start(_sweep(sessions, identifications, logins, sms_codes, commissions), name="sweep")
        yield app


async def _demo_day(
    settings: Settings, ground: Foundation, media: MediaServer, bus: Bus, clock: Callable[[], datetime]
) -> list[DemoLinks]:
    await seed(ground.people)
    demo = DemoDay(
        store=Store(ground.engine),
        audit=ground.audit,
        media=media,
        people=ground.people,
        vault=ground.vault,
        publish=publisher(bus),
        clock=clock,
        origin=settings.origin,
    )
    return await demo.make()


def _administration(
    ground: Foundation, sessions: Sessions, commissions: Commissions, clock: Callable[[], datetime]
) -> list[web.RouteDef]:
    """Organisations, units, staff and the choice of a commission."""
    directory = directory_of(ground, sessions, clock)
    return [
        *directory_api.routes(directory, commissions, clock),
        *staff_import.routes(directory, ImportRows(ground.engine, ground.vault), clock),
        *organisations.routes(directory, clock),
        *commission_pages.routes(commissions),
    ]


async def _embedded(settings: Settings, stack: AsyncExitStack, clock: Callable[[], datetime]) -> EmbeddedMediaServer:
    media = EmbeddedMediaServer(
        TokenKey(settings.media_api_key, settings.media_api_secret.get_secret_value()),
        udp_port=settings.media_udp_port,
        tcp_port=settings.media_tcp_port,
        addresses=settings.media_address,
        max_participants=settings.media_max_participants,
        clock=clock,
    )
    await media.start()
    stack.push_async_callback(media.stop)
    return media


async def _cluster(settings: Settings, stack: AsyncExitStack, clock: Callable[[], datetime]) -> LiveKitCluster:
    key = LiveKitKey(settings.media_api_key, settings.media_api_secret.get_secret_value())
    media = LiveKitCluster(settings.media_url, key, clock)
    stack.push_async_callback(media.close)
    return media


def _media_routes(
    media: EmbeddedMediaServer | LiveKitCluster,
    one_time: SqlOneTime,
    meetings: Meetings,
    settings: Settings,
    clock: Callable[[], datetime],
) -> list[web.RouteDef]:
    match media:
        case EmbeddedMediaServer():
            admit = JoinBinding(one_time, meetings.admission).admit
            return [*livekit_socket.routes(media, admit, _turn(settings)), *room_service.routes(media)]
        case LiveKitCluster():
            return livekit_webhook.routes(media.key, one_time, media.hear, clock)


Engine = Callable[[Settings, AsyncExitStack, Callable[[], datetime]], Awaitable[EmbeddedMediaServer | LiveKitCluster]]
ENGINES: dict[str, Engine] = {"embedded": _embedded, "cluster": _cluster}
"""Whether `media_url` is set decides; what it makes is ended by the stack."""


def _web(
    settings: Settings,
    sessions: Sessions,
    registry: CollectorRegistry,
    *,
    media_url: str | None,
) -> web.Application:
    networks = security.Networks(settings.trusted_proxies)
    connections = Connections()
    app = web.Application(
        client_max_size=BODY_LIMIT,
        middlewares=[
            connections.middleware,
            security.headers_middleware(settings.origin, media_url),
            metrics.middleware(registry),
            i18n.language_middleware,
            problems.middleware(pages.error_page),
            rate_limits.by_address(settings.requests_per_second, networks),
            security.middleware(sessions, networks, settings.origin),
            rate_limits.by_person(settings.requests_per_second),
        ],
    )
    app[CONNECTIONS] = connections
    app[i18n.SECURE] = settings.secure
    app[pages.SUPPORT_PHONE] = settings.support_phone
    app[pages.DEMO] = settings.demo
    return app


def _session_watch(
    sessions: Sessions, store: Store, meetings: Meetings, bus: Bus, sockets: MeetingSockets
) -> SessionWatch:
    watch = SessionWatch(sessions, store, meetings.admission, bus, sockets)
    sessions.listen(watch.told)  # first, since the next may wait for a media server
    sessions.listen(meetings.admission.logged_out, meetings.admission.handed_over)
    return watch


def _turn(settings: Settings) -> TurnServers:
    return TurnServers(settings.turn_urls, settings.turn_secret.get_secret_value() if settings.turn_secret else "")


def _writable(audit: Log) -> health.Check:
    async def check() -> None:
        await audit.checkpoint()
        if not audit.writable:
            raise ConnectionError

    return check


async def _together(*works: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Called here, not before: a service that is ended as it starts leaves no coroutine that nobody awaited."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work())


def _watches(
    settings: Settings,
    ground: Foundation,
    media: EmbeddedMediaServer | LiveKitCluster,
    clock: Callable[[], datetime],
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """What looks now and then at keys, at secrets and at what is older than it may be."""
    meetings, entries = (
        timedelta(days=days) if days else None
        for days in (settings.meeting_retention_days, settings.log_retention_days)
    )
    rows = RetentionRows(ground.engine)
    retention = Retention(Store(ground.engine), rows, ground.audit, clock, meetings=meetings, entries=entries)
    secret = partial(media_secret.follow, media.key, secret_file("MEDIA_API_SECRET"), clock)
    return [ground.keys.run, retention.run, secret]


async def _sweep(*kept: Sessions | Identifications | OidcLogins | SmsCodes | Commissions) -> None:
    """Forget what is over its time."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            for each in kept:
                await each.sweep()
        except Exception as failure:  # noqa: BLE001 - the next round tries again
            log.error("sweep failed", failure=type(failure).__name__)


async def run(settings: Settings, started: Callable[[list[DemoLinks]], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; open requests get a moment to end. started: called once the port answers."""
    async with application(settings) as app:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        tasks = Tasks()
        try:
            assert runner.server is not None, "made by setup"
            tasks.start(app[CONNECTIONS].watch(runner.server), name="slow connections")
            await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
            stopped = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stopped.set)
            log.info("serving", port=settings.port, udp_port=settings.media_udp_port, compiled=IS_COMPILED)
            if started is not None:
                started(app[DEMO_DAY])
            settle()
            await stopped.wait()
        finally:
            await tasks.close()
            await runner.cleanup()
