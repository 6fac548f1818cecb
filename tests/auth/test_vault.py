"""The vault: found by a keyed hash, opened only where it was sealed, keys that can be changed."""

import pytest

from auth.identity_number import IdentityNumber
from auth.vault import Vault, VaultError

OLD = "an old secret of at least 32 characters"
NEW = "a new secret of at least 32 characters"
NUMBER = IdentityNumber.parse("189001019802")
OTHER = IdentityNumber.parse("189001029819")


@pytest.fixture
def vault() -> Vault:
    return Vault({"1": OLD}, current="1")


def test_a_number_is_found_by_its_keyed_hash_alone(vault: Vault) -> None:
    assert vault.lookup(NUMBER) == vault.lookup(NUMBER)
    assert vault.lookup(NUMBER) != vault.lookup(OTHER)
    assert vault.lookup(NUMBER) != Vault({"1": NEW}, current="1").lookup(NUMBER)
    assert vault.matches(NUMBER, vault.lookup(NUMBER))
    assert not vault.matches(OTHER, vault.lookup(NUMBER))
    assert "9802" not in vault.lookup(NUMBER)


def test_a_sealed_text_opens_for_its_own_record_alone(vault: Vault) -> None:
    sealed = vault.seal("hemligt", record="a")
    assert vault.open(sealed, record="a") == "hemligt"
    assert b"hemligt" not in sealed
    assert vault.seal("hemligt", record="a") != sealed
    with pytest.raises(VaultError):
        vault.open(sealed, record="b")


@pytest.mark.parametrize("place", [0, 2, 14, -1])
def test_an_altered_value_is_refused(vault: Vault, place: int) -> None:
    sealed = bytearray(vault.seal("hemligt", record="a"))
    sealed[place] ^= 1
    with pytest.raises(VaultError):
        vault.open(bytes(sealed), record="a")


def test_keys_rotate(vault: Vault) -> None:
    sealed, lookup = vault.seal("hemligt", record="a"), vault.lookup(NUMBER)
    rotated = Vault({"1": OLD, "2": NEW}, current="2")
    assert rotated.open(sealed, record="a") == "hemligt"
    assert rotated.matches(NUMBER, lookup)
    assert rotated.lookup(NUMBER).startswith("2:")
    assert rotated.lookups(NUMBER) == (rotated.lookup(NUMBER), lookup)
    with pytest.raises(VaultError):
        Vault({"2": NEW}, current="2").open(sealed, record="a")


def test_derived_values_depend_on_every_part(vault: Vault) -> None:
    assert vault.derive("ab", "c") == vault.derive("ab", "c")
    assert vault.derive("ab", "c") != vault.derive("a", "bc")
    assert len(vault.derive("a")) == 64


def test_weak_or_misnamed_keys_are_refused() -> None:
    for secrets, current in (({"1": "short"}, "1"), ({"1": OLD}, "2"), ({"a:b": OLD}, "a:b"), ({"": OLD}, "")):
        with pytest.raises(VaultError):
            Vault(secrets, current=current)
