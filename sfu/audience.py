"""Who may receive a participant's tracks, as the participant itself says; also of tracks it has yet to publish."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from livekit.protocol.rtc import SubscriptionPermission

MAX_RULES = 512


@dataclass(frozen=True, slots=True)
class Audience:
    """everyone: no limit. every_track: identities that may receive all; by_track: track sid -> identities besides."""

    everyone: bool = True
    every_track: frozenset[str] = frozenset()
    by_track: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, track_sid: str) -> frozenset[str] | None:
        """The identities a track may go to, None for all."""
        return None if self.everyone else self.every_track | self.by_track.get(track_sid, frozenset())


def read(message: SubscriptionPermission, identity_of: Mapping[str, str]) -> Audience:
    """identity_of: by participant sid, of those who are here. Older clients name others by sid."""
    if message.all_participants:
        return Audience()
    every_track: set[str] = set()
    by_track: dict[str, set[str]] = {}
    for permission in list(message.track_permissions)[:MAX_RULES]:
        identity = permission.participant_identity or identity_of.get(permission.participant_sid, "")
        if identity and permission.all_tracks:
            every_track.add(identity)
        elif identity:
            for sid in list(permission.track_sids)[:MAX_RULES]:
                by_track.setdefault(sid, set()).add(identity)
    return Audience(False, frozenset(every_track), {sid: frozenset(who) for sid, who in by_track.items()})
