"""The tree against Certificate Transparency's known vectors, and against its own definition written the slow way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tree import (
    EMPTY_ROOT,
    BadRange,
    Coordinates,
    Edge,
    Plan,
    edge_nodes,
    leaf_hash,
    node_hash,
    plan_consistency,
    plan_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

CT_LEAVES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_PATH_OF_FIRST_IN_EIGHT = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]


def tree_of(count: int) -> tuple[list[bytes], dict[Coordinates, bytes]]:
    leaves = [leaf_hash(str(number).encode()) for number in range(count)]
    edge, nodes = Edge(), {}
    for leaf in leaves:
        edge, added = edge.add(leaf)
        nodes.update({(level, position): digest for level, position, digest in added})
    return leaves, nodes


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(slow_root(leaves[:split]), slow_root(leaves[split:]))


def built(plan: Plan, nodes: dict[Coordinates, bytes]) -> list[bytes]:
    return plan.build(nodes.__getitem__)


def test_known_roots() -> None:
    hashes = [leaf_hash(entry) for entry in CT_LEAVES]
    assert [root_of(hashes[:size]).hex() for size in range(1, 9)] == CT_ROOTS
    assert root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_known_path() -> None:
    edge, nodes = Edge(), {}
    for entry in CT_LEAVES:
        edge, added = edge.add(leaf_hash(entry))
        nodes.update({(level, position): digest for level, position, digest in added})
    assert [item.hex() for item in built(plan_inclusion(0, 8), nodes)] == CT_PATH_OF_FIRST_IN_EIGHT


def test_every_proof_of_every_small_tree() -> None:
    leaves, nodes = tree_of(40)
    for size in range(1, 41):
        root = slow_root(leaves[:size])
        for seq in range(size):
            assert verify_inclusion(leaves[seq], seq, size, built(plan_inclusion(seq, size), nodes), root)
        for old in range(1, size + 1):
            proof = built(plan_consistency(old, size), nodes)
            assert verify_consistency(old, size, slow_root(leaves[:old]), root, proof)


@given(st.integers(0, 300))
def test_the_edge_is_rebuilt_from_stored_nodes(size: int) -> None:
    leaves, nodes = tree_of(size)
    edge = Edge(size, tuple(nodes[at] for at in edge_nodes(size)))
    assert edge.root == slow_root(leaves)


@given(st.data())
def test_a_changed_proof_never_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 120))
    leaves, nodes = tree_of(size)
    seq, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    root, proof = slow_root(leaves), built(plan_inclusion(seq, size), nodes)
    assert not verify_inclusion(leaf_hash(b"other"), seq, size, proof, root)
    assert verify_inclusion(leaves[seq], other, size, proof, root) == (seq == other)
    assert not verify_inclusion(leaves[seq], seq, size, [*proof, root], root)
    assert not verify_inclusion(leaves[seq], seq, size, proof, leaf_hash(b"root"))
    if proof:
        assert not verify_inclusion(leaves[seq], seq, size, proof[:-1], root)
        spoilt = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_inclusion(leaves[seq], seq, size, [*proof[:spoilt], b"\x00" * 32, *proof[spoilt + 1 :]], root)


@given(st.data())
def test_a_forked_history_is_never_consistent(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 120))
    old = data.draw(st.integers(1, new - 1))
    leaves, nodes = tree_of(new)
    proof, root = built(plan_consistency(old, new), nodes), slow_root(leaves)
    changed = data.draw(st.integers(0, old - 1))
    forked = slow_root([*leaves[:changed], leaf_hash(b"forked"), *leaves[changed + 1 : old]])
    assert verify_consistency(old, new, slow_root(leaves[:old]), root, proof)
    assert not verify_consistency(old, new, forked, root, proof)
    assert not verify_consistency(old, new, slow_root(leaves[:old]), root, proof[:-1])
    assert not verify_consistency(old, new, slow_root(leaves[:old]), root, [*proof, root])
    assert not verify_consistency(new, old, root, slow_root(leaves[:old]), proof)


def test_proofs_that_cannot_exist_are_refused() -> None:
    for seq, size in ((0, 0), (5, 5), (-1, 3)):
        with pytest.raises(BadRange):
            plan_inclusion(seq, size)
        assert not verify_inclusion(EMPTY_ROOT, seq, size, [], EMPTY_ROOT)
    for old, new in ((0, 3), (4, 3), (-1, 3)):
        with pytest.raises(BadRange):
            plan_consistency(old, new)
    assert verify_consistency(0, 3, EMPTY_ROOT, b"any", [])
    assert not verify_consistency(-1, 3, EMPTY_ROOT, EMPTY_ROOT, [EMPTY_ROOT])
    assert not verify_inclusion(EMPTY_ROOT, 0, 2, [b"short"], EMPTY_ROOT)


def test_an_edge_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="edge"):
        Edge(3, (EMPTY_ROOT,))


def test_adding_writes_a_logarithmic_number_of_nodes() -> None:
    edge, most = Edge(), 0
    for number in range(1024):
        edge, nodes = edge.add(leaf_hash(str(number).encode()))
        most = max(most, len(nodes))
    assert most == 11
    assert len(edge.hashes) == 1
