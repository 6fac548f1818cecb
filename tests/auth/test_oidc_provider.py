"""What is agreed with the providers, and the client's key file."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from auth.identity import AssuranceLevel, Method
from auth.oidc_provider import FREJA, PROFILES, SITHS, BadClientKey, Provider, load_client_key


def written(folder: Path, key: object, secret: bytes | None = None) -> Path:
    hidden = BestAvailableEncryption(secret) if secret else NoEncryption()
    path = folder / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))  # type: ignore[attr-defined]
    return path


def test_keys_that_can_sign_for_us(tmp_path: Path) -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):
        assert load_client_key(written(tmp_path, key)).key_size in (2048, 256)


def test_keys_that_cannot(tmp_path: Path) -> None:
    p256 = ec.generate_private_key(ec.SECP256R1())
    weak = (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1()))
    for key in (*weak, ed25519.Ed25519PrivateKey.generate()):
        with pytest.raises(BadClientKey):
            load_client_key(written(tmp_path, key))
    with pytest.raises(BadClientKey):
        load_client_key(written(tmp_path, p256, b"secret"))
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(BadClientKey):
        load_client_key(tmp_path / "none.pem")


def test_only_what_is_sure_enough_counts_as_high() -> None:
    assert set(PROFILES) == {Method.SITHS, Method.FREJA}
    high = [name for name, level in FREJA.levels.items() if level >= AssuranceLevel.HIGH_3]
    assert high == ["PLUS"]
    assert SITHS.levels["http://id.sambi.se/loa/loa2"] < AssuranceLevel.HIGH_3
    assert all(profile.algorithms == ("RS256",) for profile in PROFILES.values())


def test_a_secret_is_never_shown() -> None:
    provider = Provider(SITHS, "https://idp.example", "client", secret="hush-hush")
    assert "hush" not in repr(provider)
