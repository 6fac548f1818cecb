"""Every seed, everything a fuzzer kept, and everything it ever found, again: nothing breaks."""

import pytest

from tests.fuzz import media
from tests.fuzz.seeds import seeds
from tests.fuzz.surfaces import HERE, SURFACES, kept

SEEDS = seeds()


def test_every_surface_has_seeds_and_every_file_a_surface() -> None:
    assert SEEDS.keys() == SURFACES.keys()
    files = {path.stem for folder in ("corpus", "findings") for path in (HERE / folder).glob("*.hex")}
    assert files <= SURFACES.keys()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("surface", SURFACES)
def test_nothing_breaks(surface: str) -> None:
    inputs = [(f"seed {number}", data) for number, data in enumerate(SEEDS[surface])]
    for name, data in (*inputs, *kept(surface)):
        try:
            SURFACES[surface](data)
        except Exception as failure:
            raise AssertionError(f"{name} broke {surface}: {type(failure).__name__}") from failure


def test_a_piece_for_each_packet() -> None:
    packets = [b"abc", b"", b"d" * 255]
    assert media.pieces(media.joined(packets)) == packets
    assert media.pieces(b"\x05ab") == [b"ab"], "cut short"


def test_a_broken_surface_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        raise KeyError(len(data))

    monkeypatch.setitem(SURFACES, "tcp", broken)
    with pytest.raises(AssertionError, match="seed 0 broke tcp: KeyError"):
        test_nothing_breaks("tcp")
