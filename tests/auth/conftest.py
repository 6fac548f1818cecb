"""A real simulator over real mutual TLS, and the service's own client against it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from auth.bankid import BankIdClient, tls_context
from auth.bankid_simulator import BankIdSimulator, DemoPerson
from auth.demo_certificates import DemoCertificates, make
from tests.conftest import FrozenClock

KARIN = DemoPerson("199508162394", "Karin", "Edlund")
ANNA = DemoPerson("199603282386", "Anna", "Sjödin")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> DemoCertificates:
    return make(tmp_path_factory.mktemp("bankid"))


@pytest.fixture
async def simulator(certificates: DemoCertificates, clock: FrozenClock) -> AsyncIterator[BankIdSimulator]:
    async with BankIdSimulator([KARIN, ANNA], certificates, clock, signing=timedelta(0)) as simulator:
        yield simulator


@pytest.fixture
async def bankid(simulator: BankIdSimulator, certificates: DemoCertificates) -> AsyncIterator[BankIdClient]:
    context = tls_context(certificates.certificate, certificates.key, certificates.root)
    async with BankIdClient(simulator.url, context, timeout_seconds=5) as client:
        yield client
