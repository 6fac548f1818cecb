"""What `make run` prints: where to go, who to be, and a link for everybody who is invited."""

import io
from datetime import UTC, datetime

from rich.console import Console

from auth.demo import DEMO_PEOPLE
from rooms.demo import DemoLinks
from rooms.invitations import Link
from signaling.demo import print_what_to_open
from signaling.settings import load


def test_everything_to_open_is_printed_on_lines_of_its_own() -> None:
    written = io.StringIO()
    link = Link("invitation", "Karin Edlund", "http://localhost:8080/i/token")
    starts_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    day = [DemoLinks("Gunnars planeringsmöte", "meeting", starts_at, (link,))]
    print_what_to_open(Console(file=written, width=40), load(demo=True), day)
    text = written.getvalue()
    for path in ("/kiosk", "/today", "/audit", "/simulator"):
        assert f"http://localhost:8080{path}\n" in text
    assert "Karin Edlund                http://localhost:8080/i/token\n" in text
    assert "kl. 10.00" in text
    for person in DEMO_PEOPLE:
        assert person.name in text
        assert person.number not in text
