"""coturn with `deploy/coturn.conf` in the server's namespace, and the drop-in a machine gives it."""

import base64
import hashlib
import ipaddress
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from bench.net.namespaces import Network

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "coturn.conf"
TLS_PORT = 443
PORT = 3478
PROGRAM = "turnserver"


def command(secret: str, addresses: Sequence[str], folder: Path, *, allowed: Sequence[str] = ()) -> list[str]:
    """How to start it. addresses: to relay from; the first is listened on. folder: for the file and what it writes.

    The file is made as compose.yaml makes it: the tested one, and after it what only this machine knows. Where the
    folder holds `cert.pem` and `key.pem`, TLS is spoken with them.
    """
    certificate = [f"cert={folder / 'cert.pem'}", f"pkey={folder / 'key.pem'}"]
    lines = [
        *("realm=turn.test", f"static-auth-secret={secret}", f"listening-ip={addresses[0]}"),
        *(f"relay-ip={address}" for address in addresses),
        *(f"allowed-peer-ip={peer}" for peer in allowed),
        *(certificate if (folder / "key.pem").exists() else ()),
        *(f"userdb={folder / 'turndb'}", f"pidfile={folder / 'turn.pid'}"),
    ]
    file = folder / "coturn.conf"
    file.touch(mode=0o600)
    file.write_text("\n".join([CONFIGURATION.read_text(encoding="utf-8"), *lines, ""]), encoding="utf-8")
    return [PROGRAM, "-c", str(file)]


def make_certificate(folder: Path, address: str) -> str:
    """`cert.pem` and `key.pem` for an address, of an authority that is thrown away. The key's SPKI hash."""
    now = datetime.now(UTC)
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("turn.test authority", "turn.test")
    ]
    made = (
        x509.CertificateBuilder()
        .issuer_name(names[0])
        .subject_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    private = folder / "key.pem"
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def start_coturn(network: Network, secret: str, way: str = "tcp") -> tuple[str, str]:
    """Start it in the server's namespace, where the media server's addresses are its only allowed peers.

    way: tcp, udp or tls. (its URL, the SPKI hash of its certificate).
    """
    folder = Path(tempfile.mkdtemp(prefix="hemmaplan-turn-"))
    addresses = tuple(network.server_address(number + 1) for number in range(len(network.clients)))
    trusted = make_certificate(folder, addresses[0])
    network.start(
        network.server,
        *command(secret, addresses[:1], folder, allowed=addresses),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    urls = {
        "tcp": f"turn:{addresses[0]}:{PORT}?transport=tcp",
        "udp": f"turn:{addresses[0]}:{PORT}?transport=udp",
        "tls": f"turns:{addresses[0]}:{TLS_PORT}?transport=tcp",
    }
    return urls[way], trusted
