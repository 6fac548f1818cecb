"""What a room remembers of reliable data."""

from hypothesis import given
from hypothesis import strategies as st

from sfu.data import RELIABLE, Routed
from sfu.recent_data import MAX_BYTES, MAX_PACKETS, RecentData


def packet(sender: str, sequence: int, to: str = "", payload: bytes = b"x") -> Routed:
    return Routed(RELIABLE, payload, frozenset({to} - {""}), sequence, sender)


def test_each_gets_what_was_for_it_and_has_not_come() -> None:
    recent = RecentData()
    recent.keep(packet("PA_a", 1))
    first = recent.next  # bo joins
    recent.keep(packet("PA_a", 2))
    recent.keep(packet("PA_b", 1))
    recent.keep(packet("PA_c", 1, to="cleo"))
    recent.keep(packet("PA_c", 2, to="bo"))
    recent.keep(packet("PA_a", 3))
    missed = [(one.sender, one.sequence) for one in recent.missed("bo", "PA_b", first, {"PA_a": 2})]
    assert missed == [("PA_c", 2), ("PA_a", 3)]
    assert [one.sequence for one in recent.missed("bo", "PA_b", first, {})] == [2, 2, 3], "not from before it joined"


@given(st.lists(st.integers(0, MAX_BYTES * 2), max_size=30))
def test_its_size_is_bounded(sizes: list[int]) -> None:
    recent = RecentData()
    for number, size in enumerate(sizes, 1):
        recent.keep(packet("PA_a", number, payload=bytes(size)))
    kept = list(recent.missed("bo", "PA_b", 0, {}))
    assert sum(len(one.payload) for one in kept) <= MAX_BYTES
    assert [one.sequence for one in kept] == list(range(len(sizes) - len(kept) + 1, len(sizes) + 1))


def test_its_number_is_bounded() -> None:
    recent = RecentData()
    for number in range(1, MAX_PACKETS + 500):
        recent.keep(packet("PA_a", number))
    assert len(list(recent.missed("bo", "PA_b", 0, {}))) == MAX_PACKETS
