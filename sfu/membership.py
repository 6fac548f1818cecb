"""One client's stay in a room, over all its sockets: joins the participant, its media and the room's rules together."""

import secrets
from collections.abc import Callable
from datetime import datetime

import structlog
from livekit.protocol.models import (
    CONNECTION_TIMEOUT,
    MEDIA_FAILURE,
    SE_CODEC_UNSUPPORTED,
    STATE_MISMATCH,
    DisconnectReason,
)
from livekit.protocol.rtc import LeaveRequest, SignalResponse, SubscriptionResponse

from sfu.access_token import Claims
from sfu.connection import Connection, MakePeer
from sfu.participant import Participant
from sfu.publication import Publication
from sfu.room import Room, reason_name

log = structlog.get_logger()

RESUME_GRACE = 15.0  # seconds a participant without a socket is kept
MEDIA_GRACE = 30.0  # seconds until its media must stand
FAREWELL_GRACE = 2.0  # seconds from a client's closing its media to its leaving
CLOSED_BY_CLIENT = "closed by client"

_ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_sid(prefix: str) -> str:
    """``PA_...``: an identifier of LiveKit's form, with 70 random bits."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(12))


class Membership:
    """Obeys `sfu.connection.ConnectionListener`.

    ended: called once when the stay is over; the owner closes the socket after what is queued, and the connection.
    """

    def __init__(
        self,
        room: Room,
        participant: Participant,
        claims: Claims,
        make_peer: MakePeer,
        *,
        dual: bool,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        ended: Callable[["Membership"], None],
    ) -> None:
        self.room = room
        self.participant = participant
        self.claims = claims
        self.connection = Connection(make_peer, self, self._send, dual=dual)
        self.on_end: Callable[[], None] = lambda: None
        self._clock = clock
        self._monotonic = monotonic
        self._joined_at = monotonic()
        self._deserted_at: float | None = None
        self._away_since: float | None = None
        self.active_after: float | None = None  # seconds from joining until its media stood
        self._ended = ended
        participant.media = self.connection

    @property
    def age(self) -> float:
        """Seconds since it joined."""
        return self._monotonic() - self._joined_at

    def _send(self, message: SignalResponse) -> None:
        # Looked up at each message: the socket sets the participant's `send` after joining.
        self.participant.send(message)

    # From the media connection

    def connected(self) -> None:
        self.active_after = self.age
        self.room.activate(self.participant)
        log.info("media connected", room=self.room.sid, participant=self.participant.sid)

    def closed(self, reason: str) -> None:
        """Without media the stay is of no use; the client is told to join anew, which it does by itself."""
        log.info("media closed", room=self.room.sid, participant=self.participant.sid, reason=reason)
        if reason == CLOSED_BY_CLIENT:
            # Its farewell comes by another way, and mostly a moment later.
            self._deserted_at = self._monotonic()
        else:
            self.end(MEDIA_FAILURE, LeaveRequest.RECONNECT)

    def data(self, label: str, payload: bytes) -> None:
        if not self.participant.left:
            self.room.data(self.participant, label, payload)

    def slow(self, label: str) -> None:
        """Something it was to get for certain is lost: coming anew, it gets what is kept."""
        log.warning("slow data consumer", room=self.room.sid, participant=self.participant.sid, channel=label)
        self.end(STATE_MISMATCH, LeaveRequest.RECONNECT)

    def published(self, publications: list[Publication]) -> None:
        self.room.published(self.participant, publications)

    def ended(self, track_sid: str) -> None:
        self.room.unpublish(self.participant, track_sid)

    def squeezed(self) -> None:
        self.room.ask_for_layers(self.participant)

    def unsupported(self, track_sid: str) -> None:
        response = SubscriptionResponse(track_sid=track_sid, err=SE_CODEC_UNSUPPORTED)
        self.participant.send(SignalResponse(subscription_response=response))

    # From signalling

    def start_receiving(self) -> None:
        """Joined, and told so: send it what it is to receive."""
        self.room.reconcile(self.participant)

    def away(self, now: float) -> None:
        """Its socket is gone; it may come back for a while."""
        if self._away_since is None:
            self._away_since = now

    def back(self) -> None:
        self._away_since = None

    def overdue(self, now: float) -> DisconnectReason | None:
        """Why its time is up, None while it is not."""
        if self._away_since is not None and now - self._away_since > RESUME_GRACE:
            return DisconnectReason.SIGNAL_CLOSE
        if self._deserted_at is not None and now - self._deserted_at > FAREWELL_GRACE:
            return MEDIA_FAILURE
        if self.active_after is None and now - self._joined_at > MEDIA_GRACE:
            return CONNECTION_TIMEOUT
        return None

    def end(
        self,
        reason: DisconnectReason,
        action: LeaveRequest.Action = LeaveRequest.DISCONNECT,
        *,
        tell: bool = True,
    ) -> None:
        """Over: the client is told, the others see it leave. Safe to repeat."""
        if self.participant.left:
            return
        if tell:
            leave = LeaveRequest(reason=reason, action=action, can_reconnect=action != LeaveRequest.DISCONNECT)
            self.participant.send(SignalResponse(leave=leave))
        self.room.leave(self.participant, reason, self._clock())
        log.info("participant left", room=self.room.sid, participant=self.participant.sid, reason=reason_name(reason))
        self.on_end()
        self._ended(self)
