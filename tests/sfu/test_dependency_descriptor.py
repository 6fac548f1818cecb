"""Dependency descriptors of Chromium, hand-made ones, and torn ones."""

import random

import pytest

from sfu.dependency_descriptor import (
    DISCARDABLE,
    NOT_PRESENT,
    REQUIRED,
    SWITCH,
    MalformedDescriptor,
    narrowed,
    parse,
)
from tests.sfu.layered import AV1_FULL, VP9_KEY

TARGETS = tuple((spatial, temporal) for spatial in range(3) for temporal in range(3))


def test_the_structure_of_chromiums_vp9_with_key_frame_dependencies_only() -> None:
    descriptor = parse(VP9_KEY[0].dependencies, None)
    structure = descriptor.attached
    assert structure is not None
    assert (descriptor.first, descriptor.last, descriptor.number) == (True, True, 1)
    assert (structure.targets, structure.spatial_layers, structure.chains) == (TARGETS, 3, 3)
    assert descriptor.active == structure.all_targets
    template = descriptor.template
    assert (template.spatial, template.temporal, template.differences) == (0, 0, ())
    assert set(template.indications) == {SWITCH}


def test_frames_that_follow_are_read_by_their_template() -> None:
    structure = parse(VP9_KEY[0].dependencies, None).attached
    above = parse(VP9_KEY[1].dependencies, structure)
    assert (above.number, above.template.spatial, above.template.differences) == (2, 1, (1,))
    assert above.template.indications[:3] == (NOT_PRESENT,) * 3
    last = parse(VP9_KEY[6].dependencies, structure)
    assert (last.number, last.template.temporal, last.template.spatial) == (4, 2, 0)
    assert last.template.indications[2] == DISCARDABLE
    assert last.template.indications[3:] == (NOT_PRESENT,) * 6, "nobody above needs it"
    full = parse(AV1_FULL[0].dependencies, None).attached
    lowest = parse(AV1_FULL[4].dependencies, full)
    assert lowest.template.indications[2::3] == (DISCARDABLE, REQUIRED, REQUIRED), "layers above are predicted from it"


@pytest.mark.parametrize("index", [0, 1])
def test_fewer_decode_targets_are_told_and_the_rest_stays(index: int) -> None:
    data = VP9_KEY[index].dependencies
    first = parse(VP9_KEY[0].dependencies, None).attached
    assert first is not None
    before = parse(data, first)
    changed = narrowed(data, before, first, 0b111)
    after = parse(changed, first)
    assert after.active == 0b111
    assert (after.number, after.first, after.last) == (before.number, before.first, before.last)
    assert (after.template, after.attached) == (before.template, before.attached)
    assert parse(narrowed(changed, after, first, 0b1), first).active == 1, "a mask that stands is replaced"


def test_own_indications_differences_and_chains() -> None:
    structure = parse(VP9_KEY[0].dependencies, None).attached
    assert structure is not None
    # First and last, the third template's id, number 258; own indications, differences and chains; no mask.
    indications = "01" * 3 + "10" * 6
    differences = "01" + "0011" + "10" + "00000100" + "00"
    bits = "11" + f"{structure.first_id + 2:06b}" + f"{258:016b}" + "00111" + indications + differences + "0" * 24
    bits += "0" * (-len(bits) % 8)
    descriptor = parse(int(bits, 2).to_bytes(len(bits) // 8, "big"), structure)
    assert descriptor.number == 258
    assert descriptor.template.indications == (DISCARDABLE,) * 3 + (SWITCH,) * 6
    assert descriptor.template.differences == (4, 5)
    again = narrowed(int(bits, 2).to_bytes(len(bits) // 8, "big"), descriptor, structure, 0b101)
    read = parse(again, structure)
    assert (read.active, read.template) == (0b101, descriptor.template)


@pytest.mark.parametrize("data", [b"", b"\xc0\x00", VP9_KEY[0].dependencies[:20], VP9_KEY[1].dependencies])
def test_what_cannot_be_read(data: bytes) -> None:
    with pytest.raises(MalformedDescriptor):
        parse(data, None)


def test_an_unknown_template() -> None:
    structure = parse(VP9_KEY[0].dependencies, None).attached
    with pytest.raises(MalformedDescriptor, match="unknown template"):
        parse(b"\x3f\x00\x01", structure)


def test_any_bytes_are_read_or_refused() -> None:
    dice = random.Random(2)
    structure = parse(VP9_KEY[0].dependencies, None).attached
    assert structure is not None
    for _ in range(4000):
        data = bytearray(dice.choice((VP9_KEY[0], AV1_FULL[0])).dependencies)
        for _ in range(dice.randrange(6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        torn = bytes(data[: dice.randrange(1, len(data) + 1)])
        try:
            descriptor = parse(torn, structure)
        except MalformedDescriptor:
            continue
        known = descriptor.attached or structure
        assert parse(narrowed(torn, descriptor, known, 1), known).active == 1
