"""The demo's certificates: written for this user alone, and no private key of the root or server stays on disk."""

import ssl
import stat
from pathlib import Path

from auth.demo_certificates import make


def test_files_are_private_and_few(tmp_path: Path) -> None:
    made = make(tmp_path / "bankid")
    assert {path.name for path in (tmp_path / "bankid").iterdir()} == {"client.pem", "client-key.pem", "root.pem"}
    for path in (made.certificate, made.key, made.root):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.server.verify_mode is ssl.CERT_REQUIRED
    assert b"PRIVATE" not in made.root.read_bytes() + made.certificate.read_bytes()


def test_made_anew_at_each_start(tmp_path: Path) -> None:
    first = make(tmp_path).root.read_bytes()
    assert make(tmp_path).root.read_bytes() != first
