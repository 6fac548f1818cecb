"""What a room keeps of an identity after its stay, so that an older token neither lets it in nor undoes a change."""

from dataclasses import dataclass
from datetime import datetime

from livekit.protocol.rtc import CandidateProtocol

from sfu.access_token import Permission
from sfu.participant import Participant

MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class _Described:
    """What was said of a participant from outside, and when."""

    at: datetime
    name: str
    metadata: str
    attributes: dict[str, str]
    permission: Permission


class Reentry:
    """Remembers at most MAX_KEPT identities of each sort; the oldest make room."""

    def __init__(self) -> None:
        self._revoked: dict[str, datetime] = {}
        self._described: dict[str, _Described] = {}
        self._preferred: dict[str, CandidateProtocol] = {}

    def revoke(self, identity: str, now: datetime) -> None:
        """From now on no token of this identity made up to `now` opens the room."""
        _make_room(self._revoked)
        self._revoked[identity] = now

    def revoked(self, identity: str, made_at: datetime) -> bool:
        at = self._revoked.get(identity)
        return at is not None and made_at <= at

    def remember(self, participant: Participant, now: datetime) -> None:
        """It was changed from outside: an older token of this identity must not bring back what it said."""
        self._described.pop(participant.identity, None)
        _make_room(self._described)
        self._described[participant.identity] = _Described(
            now, participant.name, participant.metadata, dict(participant.attributes), participant.permission
        )

    def recall(self, participant: Participant, made_at: datetime) -> None:
        """Give one that comes again, by a token made at this time, what was changed from outside since."""
        before = self._described.get(participant.identity)
        if before is not None and made_at <= before.at:
            participant.name, participant.metadata = before.name, before.metadata
            participant.attributes, participant.permission = dict(before.attributes), before.permission

    def prefer(self, identity: str, protocol: CandidateProtocol) -> None:
        """This identity's media shall go this way, also when it comes again."""
        _make_room(self._preferred)
        self._preferred[identity] = protocol

    def preferred(self, identity: str) -> CandidateProtocol:
        return self._preferred.get(identity, CandidateProtocol.UDP)


def _make_room(kept: dict[str, datetime] | dict[str, _Described] | dict[str, CandidateProtocol]) -> None:
    while len(kept) >= MAX_KEPT:
        del kept[next(iter(kept))]
