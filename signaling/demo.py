"""``hemmaplan demo``: the service with invented people and today's meetings, and what to open, printed."""

from datetime import datetime

from rich.console import Console

from auth.demo import DEMO_PEOPLE
from rooms.demo import DemoLinks
from signaling.i18n import ZONE
from signaling.settings import Settings

WIDTH = 26


def _at(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%H.%M")


def print_what_to_open(console: Console, settings: Settings, day: list[DemoLinks]) -> None:
    """Addresses, people and links. Everybody is made up, so their links may be printed."""
    origin = settings.origin

    def line(what: str, address: str) -> None:
        console.print(f"  {what:<{WIDTH}}  {address}", soft_wrap=True)

    console.print("\nHemmaplan, demo: the people are made up, nothing is sent anywhere.\n")
    line("Travel laptop (Anna)", f"{origin}/kiosk")
    line("Staff (Anna or Leila)", f"{origin}/today")
    line("Log (Rut)", f"{origin}/audit")
    line("BankID simulator", f"{origin}/simulator")
    console.print("\nIdentify anywhere, then approve as one of these in the simulator:")
    console.print("  " + ", ".join(person.name for person in DEMO_PEOPLE), soft_wrap=True)
    for meeting in day:
        console.print(f"\n{meeting.title}, kl. {_at(meeting.starts_at)}: personal links")
        for link in meeting.links:
            line(link.name, link.url)
    console.print("\nCheck the log from another terminal, also while this runs:")
    console.print("  .venv/bin/hemmaplan audit verify")
    console.print("\nStop with Ctrl+C.", style="bold")
