"""Lengths and forms of random values."""

import re

from auth.randomness import fingerprint, looks_like_secret, new_id, new_secret


def test_ids_and_secrets() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", new_id())
    assert looks_like_secret(new_secret())
    assert len({new_secret() for _ in range(100)}) == 100


def test_what_is_no_secret() -> None:
    for text in ("", "a" * 42, "a" * 44, "a" * 42 + "\n", "å" * 43, "a" * 42 + " "):
        assert not looks_like_secret(text)


def test_a_fingerprint_is_sha256() -> None:
    assert fingerprint("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
