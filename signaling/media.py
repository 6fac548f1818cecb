"""The embedded media server alone, for any LiveKit client or SDK: ``hemmaplan media``."""

import asyncio
import gc
import signal
from collections.abc import Sequence

import click
import uvloop
from aiohttp import web

from sfu.access_token import TokenKey
from sfu.server import IS_COMPILED, EmbeddedMediaServer
from signaling import livekit_socket, room_service
from signaling.livekit_socket import Admit, admit_everyone
from signaling.turn import TurnServers


def application(
    server: EmbeddedMediaServer, admit: Admit = admit_everyone, turn: TurnServers | None = None
) -> web.Application:
    """LiveKit's routes on a server that starts and stops with the application."""
    app = web.Application()
    app.add_routes([web.get("/", _alive), *livekit_socket.routes(server, admit, turn), *room_service.routes(server)])

    async def run(_: web.Application) -> None:
        await server.start()

    async def end(_: web.Application) -> None:
        await server.stop()

    app.on_startup.append(run)
    app.on_shutdown.append(end)
    return app


def settle() -> None:
    """All that has been made until now stays: Python's collector of cycles need not go through it again and again.

    Its pauses of 25 to 80 ms are heard and seen otherwise. For a process that serves.
    """
    gc.collect()
    gc.freeze()
    # Each look at the young finds next to nothing; one at ten thousand objects takes some milliseconds, and what lies
    # about until then, the transports of those who have left among it, some MiB.
    gc.set_threshold(5_000, 2, 10)


async def _alive(request: web.Request) -> web.Response:  # noqa: ARG001
    return web.Response(text="OK")


async def serve_media(
    host: str,
    port: int,
    udp_port: int,
    key: str,
    secret: str,
    *,
    tcp_port: int | None = None,
    addresses: Sequence[str] = (),
    turn: TurnServers | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Tokens alone make rooms, as in LiveKit. Raises OSError where a port is taken."""
    server = EmbeddedMediaServer(
        TokenKey(key, secret), udp_port=udp_port, tcp_port=tcp_port, addresses=addresses, auto_create=True
    )
    runner = web.AppRunner(application(server, turn=turn), access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        tcp = f", TCP {server.tcp.number}" if server.tcp is not None else ""
        how = "compiled" if IS_COMPILED else "interpreted"
        click.echo(f"media server: ws://{host}:{port}, UDP {server.port.number}{tcp}, {how}")
        settle()
        await stopped.wait()
    finally:
        await runner.cleanup()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on for signalling.")
@click.option("--port", default=7880, show_default=True, type=click.IntRange(0, 65535), help="Port for signalling.")
@click.option("--udp-port", default=7882, show_default=True, type=click.IntRange(0, 65535), help="Port for all media.")
@click.option(
    "--tcp-port", type=click.IntRange(0, 65535), help="TCP port for media [default: UDP's number]; 0 for none."
)
@click.option("--key", envvar="LIVEKIT_API_KEY", required=True, help="API key that tokens are made with.")
@click.option("--secret", envvar="LIVEKIT_API_SECRET", required=True, help="Its secret, at least 32 bytes.")
@click.option("--address", "addresses", multiple=True, help="Address told to clients for media (repeatable).")
@click.option("--turn-url", "turn_urls", multiple=True, help="TURN server told to clients (repeatable).")
@click.option("--turn-secret", envvar="HEMMAPLAN_TURN_SECRET", default="", help="Its static-auth-secret.")
def media(
    *,
    host: str,
    port: int,
    udp_port: int,
    tcp_port: int | None,
    key: str,
    secret: str,
    addresses: tuple[str, ...],
    turn_urls: tuple[str, ...],
    turn_secret: str,
) -> None:
    """Run the embedded media server alone, for any LiveKit client or SDK."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            turn = TurnServers(turn_urls, turn_secret)
            runner.run(
                serve_media(host, port, udp_port, key, secret, tcp_port=tcp_port, addresses=addresses, turn=turn)
            )
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    media()
