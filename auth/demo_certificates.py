"""Certificates for the demo's BankID: a root made at the start, kept in memory, that signs one server and one client.

Only the demo and the tests use it; in production BankID issues the client certificate.
"""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=30)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class DemoCertificates:
    """Paths that stand where the operator's own stand in production, and the simulator's own TLS context."""

    certificate: Path
    key: Path
    root: Path
    server: ssl.SSLContext


def make(directory: Path) -> DemoCertificates:
    """Write client.pem, client-key.pem and root.pem to the directory, readable by this user alone."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Hemmaplan demo BankID root", root_key, None, root_key)
    server_key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    server = _certificate("localhost", server_key, root, root_key, ExtendedKeyUsageOID.SERVER_AUTH)
    client = _certificate("Hemmaplan demo", client_key, root, root_key, ExtendedKeyUsageOID.CLIENT_AUTH)

    root_path = _write(directory / "root.pem", root.public_bytes(_PEM))
    # The standard library reads a server's key from a file alone.
    server_path = _write(directory / "server.pem", _key_bytes(server_key) + server.public_bytes(_PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_path)
    context.load_verify_locations(root_path)
    context.verify_mode = ssl.CERT_REQUIRED
    server_path.unlink()
    return DemoCertificates(
        _write(directory / "client.pem", client.public_bytes(_PEM)),
        _write(directory / "client-key.pem", _key_bytes(client_key)),
        root_path,
        context,
    )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))  # clocks differ
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .add_extension(_key_usage(root=issuer is None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if usage == ExtendedKeyUsageOID.SERVER_AUTH:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(*, root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not root,
        key_cert_sign=root,
        crl_sign=root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> Path:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
