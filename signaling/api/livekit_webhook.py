"""``POST /livekit/webhook``: what a LiveKit cluster tells of its rooms. Called by the cluster, which proves itself.

The proof is a token of our API key in ``Authorization`` that holds the body's SHA-256
(https://docs.livekit.io/home/server/webhooks/). Each event counts once, and only while it is fresh.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import web
from google.protobuf import json_format
from livekit.protocol.models import DisconnectReason
from livekit.protocol.webhook import WebhookEvent

from auth.errors import Refusal
from auth.one_time import OneTimeStore
from rooms.livekit_key import LiveKitKey, TokenRefused
from rooms.media import MediaEvent, MediaEventKind
from signaling.security import read_body

log = structlog.get_logger()

MAX_BODY = 64 * 1024
MAX_AGE = timedelta(minutes=5)
"""LiveKit tries again for less than two minutes; older news is found by asking (`rooms.presence`)."""
MAX_AHEAD = timedelta(minutes=1)
MAX_ID = 128

# "connection aborted": it left before its media stood; nobody was told that it joined, and it is gone all the same.
KINDS = {
    "participant_joined": MediaEventKind.PARTICIPANT_JOINED,
    "participant_left": MediaEventKind.PARTICIPANT_LEFT,
    "participant_connection_aborted": MediaEventKind.PARTICIPANT_LEFT,
    "room_finished": MediaEventKind.ROOM_FINISHED,
}

Hear = Callable[[MediaEvent], Awaitable[None]]


class WebhookUnsigned(Refusal):
    """No token, not one of our key, or one for another body."""

    code = "webhook-unsigned"
    status = 401
    swedish = "Meddelandet är inte signerat med medieserverns nyckel."
    english = "The message is not signed with the media server's key."


class WebhookMalformed(Refusal):
    code = "webhook-malformed"
    status = 400
    swedish = "Meddelandet är inte en händelse från LiveKit."
    english = "The message is not an event of LiveKit's."


class WebhookTooOld(Refusal):
    """Told too long ago, or from the future: one of the two clocks is wrong."""

    code = "webhook-too-old"
    status = 403
    swedish = "Händelsen är för gammal, eller så går klockorna olika."
    english = "The event is too old, or the clocks differ."


class WebhookRepeated(Refusal):
    code = "webhook-repeated"
    status = 409
    swedish = "Händelsen har redan tagits emot."
    english = "The event has been received before."


def routes(key: LiveKitKey, one_time: OneTimeStore, hear: Hear, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    """hear: is given every event that meetings listen to, once."""
    webhook = LiveKitWebhook(key, one_time, hear, clock)
    return [web.post("/livekit/webhook", webhook.receive)]


class LiveKitWebhook:
    def __init__(self, key: LiveKitKey, one_time: OneTimeStore, hear: Hear, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._one_time = one_time
        self._hear = hear
        self._clock = clock

    async def receive(self, request: web.Request) -> web.Response:
        """200 also for events nobody here listens to. Raises the refusals above, and 413 for a body over 64 KiB."""
        body = await read_body(request, MAX_BODY)
        now = self._clock()
        try:
            event = verified(self._key, request.headers.get("Authorization", ""), body, now)
        except Refusal as refusal:
            log.warning("LiveKit webhook refused", reason=refusal.code)
            raise
        if not await self._one_time.spend(f"livekit-webhook:{event.id}", MAX_AGE + MAX_AHEAD):
            log.warning("LiveKit webhook refused", reason=WebhookRepeated.code)
            raise WebhookRepeated
        if (news := media_event(event)) is not None:
            await self._hear(news)
        return web.json_response({})


def verified(key: LiveKitKey, authorization: str, body: bytes, now: datetime) -> WebhookEvent:
    """The event of a genuine, fresh body. Raises WebhookUnsigned, WebhookMalformed, WebhookTooOld."""
    try:
        claims = key.check(authorization.removeprefix("Bearer "), now).raw
    except TokenRefused:
        raise WebhookUnsigned from None
    # A participant's token of the same key holds no hash and opens nothing here.
    if not _same_hash(claims.get("sha256"), body):
        raise WebhookUnsigned
    try:
        event = json_format.Parse(body, WebhookEvent(), ignore_unknown_fields=True, max_recursion_depth=32)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError):
        raise WebhookMalformed from None
    if not 0 < len(event.id) <= MAX_ID:
        raise WebhookMalformed
    try:
        told_at = datetime.fromtimestamp(event.created_at, UTC)
    except (ValueError, OverflowError, OSError):
        raise WebhookMalformed from None
    if not now - MAX_AGE <= told_at <= now + MAX_AHEAD:
        raise WebhookTooOld
    return event


def media_event(event: WebhookEvent) -> MediaEvent | None:
    """What meetings listen to; None for all else LiveKit tells (tracks, egress), and for what names nobody."""
    kind = KINDS.get(event.event)
    if kind is None or not event.room.name:
        return None
    if kind is MediaEventKind.ROOM_FINISHED:
        return MediaEvent(kind, event.room.name)
    if not event.participant.identity:
        return None
    reason = None
    told = event.participant.disconnect_reason
    if kind is MediaEventKind.PARTICIPANT_LEFT and told and told in DisconnectReason.values():
        reason = DisconnectReason.Name(told).lower()
    return MediaEvent(kind, event.room.name, event.participant.identity, reason)


def _same_hash(claimed: object, body: bytes) -> bool:
    if not isinstance(claimed, str):
        return False
    try:
        given = base64.b64decode(claimed, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, hashlib.sha256(body).digest())
