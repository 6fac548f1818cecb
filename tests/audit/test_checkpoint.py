"""Signed notes: the published example, and every way of spoiling one."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import (
    LONGEST_NOTE,
    BadNote,
    Checkpoint,
    NotSigned,
    PublicKey,
    opened,
    read_checkpoint,
    read_keys,
    sign,
)

# The example in the documentation of golang.org/x/mod/sumdb/note, the form's first implementation.
EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
EXAMPLE = EXAMPLE_TEXT + (
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ORIGIN = "hemmaplan.example/log"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PublicKey(ORIGIN, KEY.public_key().public_bytes_raw())
NOTE = sign(Checkpoint(ORIGIN, 7, bytes(range(32))).text, ORIGIN, KEY)


def test_the_published_example_opens() -> None:
    key = PublicKey.read(EXAMPLE_KEY)
    assert str(key) == EXAMPLE_KEY
    assert opened(EXAMPLE, [key]) == EXAMPLE_TEXT


def test_a_checkpoint_is_signed_and_read() -> None:
    assert NOTE.startswith(f"{ORIGIN}\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— {ORIGIN} ")
    assert read_checkpoint(NOTE, [PUBLIC]) == Checkpoint(ORIGIN, 7, bytes(range(32)))


def test_signatures_of_others_and_extensions_are_passed_over() -> None:
    others = "— witness.example qqqqqqqq\n"
    assert read_checkpoint(NOTE + others, [PUBLIC]).size == 7
    longer = sign(Checkpoint(ORIGIN, 7, bytes(32)).text + "extension\n", ORIGIN, KEY)
    assert read_checkpoint(longer, [PUBLIC]).size == 7


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n7\n", "\n8\n"),
        NOTE.replace("\n7\n", "\n07\n"),
        NOTE.replace("AAEC", "AAED"),
        NOTE.replace("log\n7", "lag\n7"),
        NOTE[:-8] + NOTE[-4:],
        NOTE.rstrip("\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("\n\n", "\n"),
        NOTE + NOTE,
        "",
        "x" * (LONGEST_NOTE + 1),
        NOTE.replace(f"{ORIGIN} ", f"{ORIGIN} *"),
        sign(Checkpoint("other", 7, bytes(32)).text, ORIGIN, KEY),
        sign(Checkpoint(ORIGIN, 7, bytes(31)).text, ORIGIN, KEY),
        sign("nothing\n", ORIGIN, KEY),
    ],
)
def test_a_spoilt_note_is_refused(note: str) -> None:
    with pytest.raises((BadNote, NotSigned)):
        read_checkpoint(note, [PUBLIC])


def test_another_key_opens_nothing() -> None:
    other = PublicKey(ORIGIN, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    with pytest.raises(NotSigned):
        read_checkpoint(NOTE, [other])
    assert read_checkpoint(NOTE, [other, PUBLIC]).size == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name+00000000",
        EXAMPLE_KEY.replace("c74f20a3", "c74f20a4"),
        EXAMPLE_KEY[:-4],
        EXAMPLE_KEY.replace("ARpc", "AhpC"),
        "with space+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+not base64",
    ],
)
def test_a_spoilt_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        PublicKey.read(text)


def test_key_files_hold_a_key_a_line() -> None:
    assert read_keys(f"# the log's keys\n\n{EXAMPLE_KEY}\n{PUBLIC}\n") == [PublicKey.read(EXAMPLE_KEY), PUBLIC]
    with pytest.raises(BadNote):
        read_keys("# none\n")
