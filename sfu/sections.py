"""How many sections a single connection's client is asked to open.

It adds what each request says, so each says only what is missing beyond what was asked for and has yet to come.
"""

from sfu.sdp import Description


class Sections:
    """Requests and offers cross on the way: what an offer brings is counted, not assumed."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._coming = {"audio": 0, "video": 0}
        self._asked = False  # since the newest offer

    def offered(self, description: Description) -> None:
        """The client has opened these sections."""
        for section in description.sections:
            if section.mid not in self._known:
                self._known.add(section.mid)
                if section.direction == "recvonly" and self._coming.get(section.kind):
                    self._coming[section.kind] -= 1
        self._asked = False

    def to_ask(self, audios: int, videos: int) -> tuple[int, int] | None:
        """What to ask for now, of sections missing altogether; None where an offer is on its way that will do.

        (0, 0) asks for an offer alone.
        """
        more = max(0, audios - self._coming["audio"]), max(0, videos - self._coming["video"])
        if more == (0, 0) and (self._asked or any(self._coming.values())):
            return None
        self._coming["audio"] += more[0]
        self._coming["video"] += more[1]
        self._asked = True
        return more

    def forget_requests(self) -> None:
        """They may be lost: ask again."""
        self._coming = {"audio": 0, "video": 0}
        self._asked = False
