"""The log's key file: made once, kept to oneself, never replaced unseen."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.checkpoint import PublicKey, read_keys
from audit.signer import Signer, SignerUnusable, load_signer, public_path
from tests.audit.support import ORIGIN


def test_a_first_start_makes_the_key_and_the_next_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.pem"
    first = load_signer(path, ORIGIN, may_create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(public_path(path).read_text()) == [first.public]
    again = load_signer(path, ORIGIN, may_create=False)
    assert again.public == first.public
    assert again.read(first.sign(3, bytes(32))).size == 3


def test_a_missing_key_beside_entries_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SignerUnusable, match="missing"):
        load_signer(tmp_path / "audit.pem", ORIGIN, may_create=False)
    assert list(tmp_path.iterdir()) == []


def test_retired_keys_still_open_old_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    load_signer(path, ORIGIN, may_create=True)
    old = Signer(ORIGIN, Ed25519PrivateKey.generate())
    public_path(path).write_text(public_path(path).read_text() + f"{old.public}\n")
    signer = load_signer(path, ORIGIN, may_create=False)
    assert len(signer.trusted) == 2
    assert signer.read(old.sign(9, bytes(32))).size == 9


@pytest.mark.parametrize("spoil", ["open to others", "not a key", "another kind", "encrypted", "public spoilt"])
def test_a_spoilt_key_file_is_told(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "audit.pem"
    load_signer(path, ORIGIN, may_create=True)
    match spoil:
        case "open to others":
            path.chmod(0o644)
        case "not a key":
            path.write_text("nonsense")
        case "another kind":
            key = ec.generate_private_key(ec.SECP256R1())
            path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        case "encrypted":
            path.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
        case "public spoilt":
            public_path(path).write_text("nonsense")
    with pytest.raises(SignerUnusable) as told:
        load_signer(path, ORIGIN, may_create=True)
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize("origin", ["", "with space", "with+plus"])
def test_an_origin_that_cannot_be_written_is_told(tmp_path: Path, origin: str) -> None:
    with pytest.raises(SignerUnusable, match="origin"):
        load_signer(tmp_path / "audit.pem", origin, may_create=True)


def test_the_private_key_is_not_shown() -> None:
    signer = Signer(ORIGIN, Ed25519PrivateKey.generate(), (PublicKey("a", bytes(32)),))
    assert "PrivateKey" not in repr(signer)
