"""Names of media rooms: random, and marked as this installation's, since others may use the same LiveKit cluster."""

import hashlib

from auth.randomness import new_id


class RoomNames:
    """origin: the public address, which no other installation on the cluster has."""

    def __init__(self, origin: str) -> None:
        self._mark = f"hp-{hashlib.sha256(origin.encode()).hexdigest()[:8]}-"

    def new(self) -> str:
        """34 characters; the column holds 40."""
        return self._mark + new_id()

    def is_ours(self, room: str) -> bool:
        """Whether we made it, so that a room no meeting knows is ours to end. Never true of somebody else's."""
        return room.startswith(self._mark)
