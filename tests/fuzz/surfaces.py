"""Every place where an outsider's bytes come in, by name. A finding is any exception, or a second without an end."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fuzz import calls, descriptors, media

HERE = Path(__file__).parent

SURFACES: dict[str, Callable[[bytes], None]] = {
    "bodies": calls.bodies,
    "checks": media.checks,
    "data": media.user_data,
    "datagrams": media.datagrams,
    "dependencies": descriptors.dependencies,
    "descriptions": calls.descriptions,
    "identity_numbers": calls.identity_numbers,
    "join_requests": calls.join_requests,
    "media": media.media,
    "page_messages": calls.page_messages,
    "redundancy": descriptors.redundancy,
    "reports": media.reports,
    "requests": calls.requests,
    "room_calls": calls.room_calls,
    "sctp": media.sctp,
    "tcp": media.tcp,
    "tokens": calls.tokens,
    "vp9": descriptors.vp9,
    "webhooks": calls.webhooks,
}


def kept(surface: str) -> Iterator[tuple[str, bytes]]:
    """Inputs kept as lines of hexadecimal, each after a comment that says what it is: (where it stands, the bytes).

    findings: what once broke the surface; corpus: what a run of the fuzzer found the way in with.
    """
    for folder in ("findings", "corpus"):
        path = HERE / folder / f"{surface}.hex"
        if path.exists():
            for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
                if line and not line.startswith("#"):
                    yield f"{folder}/{surface}.hex:{number}", bytes.fromhex(line)
