"""The installation's keys while it works: two nodes, a rotation, a person who stays logged in, and the log unbroken."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.checkpoint import read_keys
from audit.events import Event, EventType
from audit.log import Log, open_log
from audit.signer import load_signer, public_path
from audit.verify import verify_database
from auth.identity_number import IdentityNumber
from auth.key_file import ACTIVE_AFTER, SHORT_LIVED, KeyFile
from auth.keys import Keys
from auth.rekeying import Rekeying
from auth.store import People
from auth.store.sealed import people_rows
from auth.vault import Vault, VaultError
from auth.vouching_keys import VouchingKeys
from tests.conftest import FrozenClock

ROOT = "a root secret of at least 32 characters"
ORIGIN = "mote.example.se"
NUMBER = IdentityNumber.parse("199508172385")


class Node:
    """One process on the shared database and files."""

    def __init__(self, engine: AsyncEngine, folder: Path, log: Log, clock: Callable[[], object]) -> None:
        file = KeyFile(folder / "keys.json", ROOT)
        held = file.load(clock())  # type: ignore[arg-type]  # the frozen clock
        self.log = log
        self.vault = Vault(held.secrets, current=held.current)
        self.people = People(engine, self.vault, clock)  # type: ignore[arg-type]
        rekeying = Rekeying([people_rows(engine)], self.vault)
        self.keys = Keys(
            file,
            folder / "audit.key",
            ORIGIN,
            vault=self.vault,
            vouching=VouchingKeys(held.vouching),
            audit=log,
            rekeying=rekeying,
            clock=clock,  # type: ignore[arg-type]
        )


@pytest.fixture
async def nodes(engine: AsyncEngine, tmp_path: Path, clock: FrozenClock) -> AsyncIterator[list[Node]]:
    made = []
    for first in (True, False):
        signer = load_signer(tmp_path / "audit.key", ORIGIN, may_create=first)
        log = await open_log(engine, signer, clock)
        log.renew = lambda: load_signer(tmp_path / "audit.key", ORIGIN, may_create=False)
        made.append(Node(engine, tmp_path, log, clock))
    yield made
    for node in made:
        await node.log.close()


async def test_the_pepper_is_changed_and_nobody_becomes_a_stranger(nodes: list[Node], clock: FrozenClock) -> None:
    one, other = nodes
    karin = await one.people.save_named(NUMBER, given_name="Karin", surname="Edlund", name="Karin Edlund")
    nonce = one.vault.derive("return", "t")
    made = await one.keys.rotate_vault("tester")
    one.keys.refresh()
    assert one.vault.current == "1"  # the other node has not looked yet
    other.keys.refresh()
    clock.advance(seconds=ACTIVE_AFTER.total_seconds())
    one.keys.refresh()
    assert (one.vault.current, other.vault.current) == (made.id, "1")
    assert [(item.row.id, item.row.state, item.rows_using) for item in await one.keys.listed()] == [
        ("1", "old", 1),
        ("2", "current", 0),
    ]
    # Written under the new key by one node, found by the other, which still writes with the old.
    assert await one.keys.rekey() == 1
    found = await other.people.person_by_number(NUMBER)
    assert found == karin
    assert nonce in one.vault.derivations("return", "t")
    other.keys.refresh()
    assert other.vault.current == "2"

    with pytest.raises(VaultError, match="wait a day"):
        await one.keys.retire_vault("1", "tester")
    clock.advance(seconds=SHORT_LIVED.total_seconds())
    await one.keys.retire_vault("1", "tester")
    for node in nodes:
        node.keys.refresh()
        assert await node.people.person_by_number(NUMBER) == karin
        assert await node.people.number_of(karin.id) == NUMBER
    changes = [record.event.details["change"] for record in await one.log.search(limit=10) if record.event]
    assert {"rotated", "retired 1"} <= set(changes)


async def test_a_key_that_rows_use_is_kept(nodes: list[Node], clock: FrozenClock) -> None:
    one, _ = nodes
    await one.people.save_named(NUMBER, given_name="Karin", surname="Edlund", name="Karin Edlund")
    await one.keys.rotate_vault("tester")
    clock.advance(seconds=2 * SHORT_LIVED.total_seconds())
    one.keys.refresh()
    with pytest.raises(VaultError, match="1 rows"):
        await one.keys.retire_vault("1", "tester")


async def test_a_broken_file_leaves_the_keys_in_force(nodes: list[Node], tmp_path: Path) -> None:
    one, _ = nodes
    (tmp_path / "keys.json").write_text("{")
    (tmp_path / "keys.json").chmod(0o600)
    with pytest.raises(VaultError):
        one.keys.refresh()
    assert one.vault.current == "1"


async def test_the_signing_key_is_changed_and_both_nodes_write_on(
    nodes: list[Node], engine: AsyncEngine, tmp_path: Path
) -> None:
    one, other = nodes
    await other.log.append(Event(EventType.STAFF_ADDED, None))
    before = one.keys.jwks()["keys"]
    await one.keys.rotate_audit("tester")
    # The other node has not looked at the files: it meets the new signature, and reads them then.
    await other.log.append(Event(EventType.STAFF_ADDED, None))
    await one.log.append(Event(EventType.STAFF_ADDED, None))
    for node in nodes:
        published = node.keys.jwks()["keys"]
        assert [key["kid"].partition("-")[0] for key in published] == ["audit", "audit", "vouching"]
        assert published[1:] == before
        assert all(set(key) == {"kty", "crv", "use", "alg", "kid", "x"} for key in published)
    trusted = read_keys(public_path(tmp_path / "audit.key").read_text())
    assert len(trusted) == 2
    assert (await verify_database(engine, trusted, [])).whole
    assert len(one.keys.signing_keys()) == 2


async def test_a_foreign_signature_is_still_damage(nodes: list[Node], tmp_path: Path) -> None:
    one, other = nodes
    foreign = load_signer(tmp_path / "foreign.key", ORIGIN, may_create=True)
    one.log.resign(foreign)
    one.log.renew = lambda: foreign
    await one.log.append(Event(EventType.STAFF_ADDED, None))
    with pytest.raises(Exception, match=r"could not be written|not signed"):
        await other.log.append(Event(EventType.STAFF_ADDED, None))


async def test_a_vouching_key_is_changed_on_both_nodes_and_published(nodes: list[Node], clock: FrozenClock) -> None:
    one, other = nodes
    planned = clock()
    before = one.keys.vouching.at(planned).public_key()
    made = await one.keys.rotate_vouching("tester")
    for node in nodes:
        node.keys.refresh()
        assert node.keys.vouching.at(planned).public_key() == before
    clock.advance(seconds=ACTIVE_AFTER.total_seconds())
    assert other.keys.vouching.at(clock()).public_key() == one.keys.vouching.at(clock()).public_key() != before
    published = [key["kid"] for key in other.keys.jwks()["keys"] if key["kid"].startswith("vouching-")]
    assert published == [f"vouching-{made.id}", "vouching-1"]
    await one.keys.rotate_vault("tester")
    one.keys.refresh()
    assert one.keys.vouching.at(planned).public_key() == before, "the vault's rotation is another thing"
    await one.keys.retire_vouching("1", "tester")
    other.keys.refresh()
    assert other.keys.vouching.at(planned).public_key() != before
