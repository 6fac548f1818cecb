"""The Merkle tree of RFC 6962 and RFC 9162 section 2.1, as pure functions and one immutable value.

A node is named (level, position): the hash over the leaves from ``position << level`` to ``(position + 1) <<
level``; level 0 is the leaf
hashes. Only full subtrees are nodes, so a stored node never changes and adding a leaf writes one node for every
subtree it completes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256().digest()

Coordinates = tuple[int, int]
Node = tuple[int, int, bytes]


class BadRange(ValueError):
    """A proof was asked for that cannot exist: a leaf beyond the tree, or a tree older than nothing."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry): the first byte keeps leaves from being taken for nodes (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: its full subtrees from the largest to the smallest. Enough to add leaves and to know
    the root."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count():
            raise ValueError("the edge does not fit the size of the tree")

    def add(self, leaf: bytes) -> tuple["Edge", list[Node]]:
        """The edge with one more leaf hash, and the nodes that became full, the leaf first. At most log2(size) + 1 of
        them."""
        hashes = list(self.hashes)
        nodes = [(0, self.size, leaf)]
        current, level, position = leaf, 0, self.size
        while position & 1:
            current = node_hash(hashes.pop(), current)
            level, position = level + 1, position >> 1
            nodes.append((level, position, current))
        return Edge(self.size + 1, (*hashes, current)), nodes

    @property
    def root(self) -> bytes:
        return _joined(self.hashes)


def edge_nodes(size: int) -> list[Coordinates]:
    """The nodes whose hashes make the `Edge` of a tree of `size` leaves."""
    return _cover(0, size)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    edge = Edge()
    for leaf in leaves:
        edge, _ = edge.add(leaf)
    return edge.root


@dataclass(frozen=True, slots=True)
class Plan:
    """A proof not yet made: for each of its hashes the nodes it is joined of. Fetch `nodes`, then call `build`."""

    parts: tuple[tuple[Coordinates, ...], ...]

    @property
    def nodes(self) -> list[Coordinates]:
        return [node for part in self.parts for node in part]

    def build(self, get: Callable[[Coordinates], bytes]) -> list[bytes]:
        return [_joined([get(node) for node in part]) for part in self.parts]


def plan_inclusion(seq: int, size: int) -> Plan:
    """The audit path of leaf `seq` in the tree of `size` leaves (RFC 9162 section 2.1.3.1). Raises BadRange."""
    if not 0 <= seq < size:
        raise BadRange("no such leaf in a tree of that size")
    parts: list[tuple[Coordinates, ...]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if seq < middle:
            parts.append(tuple(_cover(middle, end)))
            end = middle
        else:
            parts.append(tuple(_cover(start, middle)))
            start = middle
    return Plan(tuple(reversed(parts)))


def plan_consistency(old: int, new: int) -> Plan:
    """That the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162 section 2.1.4.1). Raises
    BadRange.
    """
    if not 0 < old <= new:
        raise BadRange("a proof of consistency needs two trees, the older not empty")
    parts: list[tuple[Coordinates, ...]] = []
    start, end, whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append(tuple(_cover(middle, end)))
            end = middle
        else:
            parts.append(tuple(_cover(start, middle)))
            start, whole = middle, False
    if not whole:
        parts.append(tuple(_cover(start, end)))
    return Plan(tuple(reversed(parts)))


def verify_inclusion(leaf: bytes, seq: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= seq < size or not _hashes(proof):
        return False
    position, last, current = seq, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and current == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2; an empty older tree is the beginning of every tree and needs no proof."""
    if old == 0:
        return not proof and old_root == EMPTY_ROOT and new >= 0
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new or not proof or not _hashes(proof):
        return False
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _cover(start: int, end: int) -> list[Coordinates]:
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _joined(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    current = hashes[-1]
    for left in reversed(hashes[:-1]):
        current = node_hash(left, current)
    return current


def _hashes(proof: Sequence[bytes]) -> bool:
    return all(len(item) == HASH_SIZE for item in proof)
