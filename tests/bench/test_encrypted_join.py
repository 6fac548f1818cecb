"""How a publisher seals its frames, and what counts as having come in; the rest of a meeting the benchmark holds."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bench.encrypted_join import FrameSeal, read_entered
from bench.join import NotJoined
from bench.packets import Kind

KEY = bytes(range(32))


def opened(frame: bytes, clear: int, key: bytes) -> tuple[bytes, int]:
    """As a receiver does: the frame, and the index of the key that was used. Raises InvalidTag."""
    length, index = frame[-2:]
    iv = frame[-2 - length : -2]
    derived = HKDF(SHA256(), 16, b"LKFrameEncryptionKey", bytes(128)).derive(key)
    return frame[:clear] + AESGCM(derived).decrypt(iv, frame[clear : -2 - length], frame[:clear]), index


@pytest.mark.parametrize(
    ("kind", "frame", "clear"),
    [("video", b"\x10" + bytes(50), 10), ("video", b"\x11" + bytes(50), 3), ("audio", b"\xf8" + bytes(50), 1)],
)
def test_the_beginning_stays_readable_and_the_rest_opens_with_the_senders_key_alone(
    kind: Kind, frame: bytes, clear: int
) -> None:
    seal = FrameSeal()
    seal.use(KEY, 3)
    sealed = seal(kind, frame)
    assert sealed[:clear] == frame[:clear]
    assert bytes(20) not in sealed
    assert opened(sealed, clear, KEY) == (frame, 3)
    assert seal(kind, frame) != sealed
    with pytest.raises(InvalidTag):
        opened(sealed, clear, bytes(32))
    with pytest.raises(InvalidTag):
        opened(bytes((sealed[0] ^ 2,)) + sealed[1:], clear, KEY)
    seal.use(bytes(32), 4)
    assert opened(seal(kind, frame), clear, bytes(32)) == (frame, 4)


def test_who_lacks_a_picture_or_a_sound_has_not_come_in() -> None:
    whole = {"pressed": 300.0, "video": [700.0, 900.0], "audio": [650.0, 800.0]}
    entered = read_entered(whole, 2)
    assert (entered.first_video, entered.all_video, entered.first_audio, entered.all_audio) == (700, 900, 650, 800)
    for lacking in ("video", "audio"):
        with pytest.raises(NotJoined):
            read_entered({**whole, lacking: [700.0]}, 2)
