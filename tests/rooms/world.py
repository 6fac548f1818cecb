"""The people of the tests and the house around them: real log, real rows, a fake media server."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import EventType, Record
from audit.log import AuditUnavailable, Log
from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber
from auth.people import Organisation, Permission, Person, Staff
from auth.sessions import Session
from auth.store import People
from auth.vault import Vault
from auth.vouching_keys import VouchingKey, VouchingKeys
from rooms.admission import Seat, Waiting
from rooms.drafts import InvitationDraft, MeetingDraft
from rooms.meeting import Attendance, Gathering, Participant
from rooms.meetings import Meetings
from rooms.planning import Planned
from rooms.store import Store
from tests.conftest import FrozenClock
from tests.rooms.fakes import FakeMedia

# The base point of P-256: the public key that belongs to the private key 1.
KEY = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
ORIGIN = "https://mote.example"
REGION = Organisation("region", "Region Höga Kusten", "region", "0980-31 92 00")
NORDVIK = Organisation("nordvik", "Nordviks kommun", "kommun", "0980-31 92 10")


def number(birth: str, serial: str = "238") -> str:
    """A test number of Skatteverket's form: YYYYMMDD, three digits and the check digit."""
    digits = birth[2:] + serial
    total = sum(sum(map(int, str(int(sign) * (2 - place % 2)))) for place, sign in enumerate(digits))
    return f"{birth}{serial}{-total % 10}"


GUNNAR = number("19410503")
ANNA = number("19840612")
LEILA = number("19790214")
KARIN = number("19690821")
PER = number("19720130")
ELIN = number("19880917")


def invitation(name: str, text: str, **values: Any) -> InvitationDraft:
    return InvitationDraft(name=name, identity_number=text, **values)


USUAL = (
    invitation("Leila Haddad", LEILA, kind="called", role="Fast vårdkontakt", organisation=REGION.name, party="region",
               co_host=True),
    invitation("Karin Edlund", KARIN, role="", party="home", relation="Dotter"),
    invitation("Per Wiklund", PER, kind="called", role="Biståndshandläggare", organisation=NORDVIK.name,
               party="kommun"),
)  # fmt: skip


@dataclass
class World:
    engine: AsyncEngine
    clock: FrozenClock
    log: Log
    media: FakeMedia
    people: People
    vault: Vault
    vouching: VouchingKeys = field(default_factory=lambda: VouchingKeys([VouchingKey("1", bytes(32))]))
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meetings = self.open_house()

    def open_house(self) -> Meetings:
        """What a start of the server makes; a second call is a restart on the same database."""
        return Meetings(
            store=Store(self.engine),
            audit=self.log,
            media=self.media,
            people=self.people,
            vault=self.vault,
            vouching=self.vouching,
            publish=self.hear,
            clock=self.clock,
            origin=ORIGIN,
        )

    async def hear(self, meeting: str, event: dict[str, Any]) -> None:
        self.events.append({"meeting": meeting, **event})

    def heard(self) -> list[str]:
        return [event["event"] for event in self.events]

    def identity(self, name: str, text: str) -> Identity:
        given_name, surname = name.split(" ", 1)
        return Identity(
            IdentityNumber.parse(text),
            given_name,
            surname,
            name,
            Method.BANKID,
            AssuranceLevel.HIGH_3,
            self.clock(),
        )

    async def person(self, name: str, text: str) -> Person:
        return await self.people.save_person(self.identity(name, text))

    def login(self, person: Person, *, staff: Staff | None = None, device: str = "1") -> Session:
        return Session(
            id=f"session-{person.id}-{device}",
            secret_hash="",
            person=person,
            method=Method.BANKID,
            assurance_level=AssuranceLevel.HIGH_3,
            authenticated_at=self.clock(),
            staff=staff,
            invitation=None,
            language="sv",
        )

    async def staff(
        self,
        name: str,
        text: str,
        organisation: Organisation = NORDVIK,
        *permissions: Permission,
        title: str = "Distriktssköterska",
    ) -> Session:
        person = await self.person(name, text)
        held = frozenset(permissions or (Permission.HOST, Permission.PLANNER))
        return self.login(person, staff=Staff(f"post-{person.id}", person, organisation, title, "Hemsjukvård", held))

    async def anna(self) -> Session:
        return await self.staff("Anna Sjödin", ANNA)

    async def plan(self, host: Session, **values: Any) -> Planned:
        """Gunnar's meeting, in ten minutes, with Leila (co-host), Karin and Per invited."""
        return await self.meetings.planning.plan(host, self.draft(**values))

    def draft(self, **values: Any) -> MeetingDraft:
        starts_at = self.clock() + timedelta(minutes=10)
        usual: dict[str, Any] = {
            "type": "planning",
            "given_name": "Gunnar",
            "surname": "Edlund",
            "identity_number": GUNNAR,
            "place": "Norrfällsviken",
            "purpose": "Hur det ska fungera hemma efter sjukhuset, och vem som gör vad.",
            "consent": "oral",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=45),
            "invitations": USUAL,
        }
        return MeetingDraft(**{**usual, **values})

    async def by_link(self, planned: Planned, name: str, text: str, *, device: str = "1") -> Session:
        """The invited person opens the link and identifies."""
        link = next(item for item in planned.links if item.name == name)
        identity = self.identity(name, text)
        person = await self.people.save_person(identity)
        await self.meetings.invitations.identify(token_of(link.url), identity, person)
        return self.login(person, device=device)

    async def started(self, **values: Any) -> tuple[Session, str, Planned]:
        """Anna has started Gunnar's meeting from the home and sits in the room."""
        anna = await self.anna()
        planned = await self.plan(anna, **values)
        meeting = planned.gathering.meeting.id
        await self.meetings.hosting.start(anna, meeting)
        await self.sit(anna, meeting, home=True)
        return anna, meeting, planned

    async def sit(self, viewer: Session, meeting: str, *, home: bool = False) -> Seat:
        """Join as one who is let in, connect to the media server, and have it heard."""
        seat = await self.meetings.admission.join(viewer, meeting, home=home, binding=None, key=KEY)
        assert isinstance(seat, Seat)
        await self.media.join(seat.token)
        await self.meetings.presence.drain()
        return seat

    async def wait(self, viewer: Session, meeting: str) -> str:
        waiting = await self.meetings.admission.join(viewer, meeting, home=False, binding=None, key=KEY)
        assert isinstance(waiting, Waiting)
        return waiting.participant

    async def gathering(self, meeting: str) -> Gathering:
        found = await Store(self.engine).gathering(meeting)
        assert found is not None
        return found

    async def participant(self, viewer: Session, meeting: str) -> Participant:
        found = (await self.gathering(meeting)).participant_of(viewer.person.id)
        assert found is not None
        return found

    async def stays(self, meeting: str) -> list[Attendance]:
        return await Store(self.engine).attendance(meeting)

    async def records(self, meeting: str | None = None, *kinds: EventType) -> list[Record]:
        found = await self.log.search(meeting=meeting, limit=500)
        return [record for record in found if not kinds or record.type in kinds]


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


class BrokenLog:
    """Stands in for `Log.append` where the disk is full."""

    async def __call__(self, event: object) -> Record:
        del event
        raise AuditUnavailable("the disk is full")
