"""A real simulator over real mutual TLS, and the service's own client against it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Event, EventType, Record
from audit.log import AuditUnavailable
from auth.bankid import BankIdClient
from auth.bankid_simulator import BankIdSimulator, DemoPerson
from auth.credentials import Credentials
from auth.demo import NORDVIK
from auth.demo_certificates import DemoCertificates, make
from auth.errors import InvitationExpired, InvitationUnknown, WrongPerson
from auth.flow import Browser, Status
from auth.identification import Identifications
from auth.identity import Identity
from auth.identity_number import IdentityNumber
from auth.people import Permission, Person, Staff
from auth.sessions import Sessions
from auth.store import IdentificationRows, People, SessionRows
from auth.vault import Vault
from tests.conftest import FrozenClock

KARIN = DemoPerson("199508162394", "Karin", "Edlund")
ANNA = DemoPerson("199603282386", "Anna", "Sjödin")
FLOW = "f" * 43
BROWSER = Browser(FLOW, "192.0.2.7", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "sv")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> DemoCertificates:
    return make(tmp_path_factory.mktemp("bankid"))


@pytest.fixture
async def simulator(certificates: DemoCertificates, clock: FrozenClock) -> AsyncIterator[BankIdSimulator]:
    async with BankIdSimulator([KARIN, ANNA], certificates, clock, signing=timedelta(0)) as simulator:
        yield simulator


@pytest.fixture
async def bankid(simulator: BankIdSimulator, certificates: DemoCertificates) -> AsyncIterator[BankIdClient]:
    credentials = Credentials(certificates.certificate, certificates.key, certificates.root)
    async with BankIdClient(simulator.url, credentials.context, timeout_seconds=30) as client:
        yield client


class MemoryLog:
    """A log that remembers, and can be made unwritable."""

    def __init__(self, clock: FrozenClock) -> None:
        self.events: list[Event] = []
        self.down = False
        self._clock = clock

    async def append(self, event: Event) -> Record:
        if self.down:
            raise AuditUnavailable
        self.events.append(event)
        return Record(len(self.events) - 1, self._clock(), event.type, event)

    def types(self) -> list[str]:
        return [event.type.value for event in self.events]

    def reasons(self) -> list[object]:
        return [event.details.get("reason") for event in self.events]


@dataclass(frozen=True)
class LinkGreeting:
    organisation: str
    starts_at: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class OpenedInvitation:
    invitation: str
    meeting: str

    @property
    def next(self) -> str:
        return f"/meetings/{self.meeting}"


@dataclass
class Links:
    """Personal links: token to the number of the invited person. As `rooms.invitations`, it records refusals."""

    log: MemoryLog
    numbers: dict[str, str] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)

    async def greeting(self, token: str) -> LinkGreeting:
        if token not in self.numbers:
            raise InvitationUnknown
        if token in self.expired:
            raise InvitationExpired
        return LinkGreeting("Nordviks kommun")

    async def identify(self, token: str, identity: Identity, person: Person) -> OpenedInvitation:  # noqa: ARG002
        if identity.number is None or self.numbers[token] != identity.number.reveal():
            await self.log.append(Event(EventType.INVITATION_REFUSED, details={"reason": WrongPerson.reason}))
            raise WrongPerson
        return OpenedInvitation("invitation-1", "meeting-1")


@dataclass
class House:
    """Everything identification stands on, with the parts a test looks at."""

    identifications: Identifications
    sessions: Sessions
    people: People
    rows: IdentificationRows
    links: Links
    log: MemoryLog
    vault: Vault
    simulator: BankIdSimulator
    clock: FrozenClock
    engine: AsyncEngine

    async def settled(self, transaction: str, flow: str = FLOW) -> Status:
        """The first status that is no longer pending."""
        for _ in range(3000):
            status = await self.identifications.status(transaction, flow, "sv")
            if status.status != "pending":
                return status
            await asyncio.sleep(0.01)
        raise AssertionError("still pending")


@pytest.fixture
def audit_log(clock: FrozenClock) -> MemoryLog:
    return MemoryLog(clock)


@pytest.fixture
def vault() -> Vault:
    return Vault({"1": "a secret of at least 32 characters"}, current="1")


@pytest.fixture
async def house(
    *,
    engine: AsyncEngine,
    clock: FrozenClock,
    simulator: BankIdSimulator,
    bankid: BankIdClient,
    audit_log: MemoryLog,
    vault: Vault,
) -> AsyncIterator[House]:
    people, rows = People(engine, vault, clock), IdentificationRows(engine, vault)
    sessions = Sessions(SessionRows(engine), audit_log, clock)
    links = Links(audit_log, {"karins-link": KARIN.number})
    await people.add_organisation(NORDVIK)
    anna = await people.save_named(
        IdentityNumber.parse(ANNA.number), given_name=ANNA.given_name, surname=ANNA.surname, name=ANNA.name
    )
    await people.add_staff(
        Staff("staff-1", anna, NORDVIK, "Distriktssköterska", "Hemsjukvården", frozenset({Permission.HOST}))
    )
    identifications = Identifications(
        bankid=bankid,
        rows=rows,
        people=people,
        sessions=sessions,
        invitations=links,
        audit=audit_log,
        vault=vault,
        clock=clock,
        origin="http://localhost:8080",
        collect_seconds=0.02,
    )
    yield House(identifications, sessions, people, rows, links, audit_log, vault, simulator, clock, engine)
    await identifications.close()
