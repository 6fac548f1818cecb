"""One-time values for tests whose subject is elsewhere: a set, without time."""

from datetime import timedelta


class FreshOnce:
    def __init__(self) -> None:
        self._spent: set[str] = set()

    async def spend(self, key: str, lifetime: timedelta) -> bool:  # noqa: ARG002
        fresh = key not in self._spent
        self._spent.add(key)
        return fresh
