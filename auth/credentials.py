"""Our certificate for BankID: read from its files, and read again when they change, without a restart.

Certificates are renewed by whoever runs the service, often by a program, while people identify. The files are looked
at before a call, at most once a second. New files that cannot be used (half written, key and certificate of different
pairs) leave the old ones at work and are told: in the log, and in the figures (`usable`).
"""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509

log = structlog.get_logger()

LOOK_SECONDS = 1.0

_State = tuple[tuple[int, int, int], ...]


def tls_context(certificate: Path, key: Path, root: Path) -> ssl.SSLContext:
    """Our client certificate, and BankID's root as the only one trusted. Raises ssl.SSLError or OSError."""
    context = ssl.create_default_context(cafile=str(root))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    """An encrypted key is refused; without this OpenSSL would ask for its password on the terminal."""
    return ""


class Credentials:
    """The files in use. Made once at the start, where files that cannot be used raise ssl.SSLError or OSError.

    usable: whether the newest files could be read; expires: when the certificate in use ends, aware UTC.
    """

    def __init__(
        self, certificate: Path, key: Path, root: Path, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths = (certificate, key, root)
        self._monotonic = monotonic
        self._state = self._look()
        self._looked_at = monotonic()
        self._context = tls_context(certificate, key, root)
        self.expires = _expiry(certificate)
        self.usable = True

    def context(self) -> ssl.SSLContext:
        """For the next call. A new object when the files have changed, so that no old connection is used for it."""
        now = self._monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._refresh()
        return self._context

    def _refresh(self) -> None:
        certificate, key, root = self._paths
        try:
            state = self._look()
            if state == self._state:
                return
            context, expires = tls_context(certificate, key, root), _expiry(certificate)
        except (OSError, ValueError) as failure:  # SSLError is an OSError
            if self.usable:
                log.error("new BankID certificate cannot be used; the old one stays", failure=type(failure).__name__)
            self.usable = False
            return
        self._state, self._context, self.expires, self.usable = state, context, expires, True
        log.info("BankID certificate changed", expires=expires.isoformat())

    def _look(self) -> _State:
        found = [path.stat() for path in self._paths]
        return tuple((entry.st_mtime_ns, entry.st_size, entry.st_ino) for entry in found)


def _expiry(certificate: Path) -> datetime:
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc.astimezone(UTC)
