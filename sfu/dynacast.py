"""Which layers of a video its publisher need send: those that anybody gets (LiveKit's dynacast). Pure."""

OFF_AFTER = 5.0  # seconds for which nobody has wanted a layer


class Dynacast:
    """One track's. told: the highest quality the publisher was asked to send, -1 for none; None before anything."""

    def __init__(self, told: int | None = None) -> None:
        self.told = told
        self._lower_since: float | None = None
        self._lower = -1

    def update(self, wanted: int | None, now: float, room_for: int = 2) -> int | None:
        """wanted: the highest quality anybody gets now, None for nobody. Returns what to tell, None for nothing new.

        Up at once, down only after OFF_AFTER: a layer costs its publisher a key frame to begin again. room_for: what
        the publisher's line carries at most; down to that at once.
        """
        level = min(-1 if wanted is None else wanted, room_for)
        if self.told is None:
            self.told = 2  # what a publisher does unasked
        if room_for < self.told:
            self._lower_since = None
            self.told = level
            return level
        if level >= self.told:
            self._lower_since = None
            if level == self.told:
                return None
            self.told = level
            return level
        if self._lower_since is None:
            self._lower_since, self._lower = now, level
        self._lower = max(self._lower, level)
        if now - self._lower_since < OFF_AFTER:
            return None
        self.told = self._lower
        self._lower_since = None
        return self.told
