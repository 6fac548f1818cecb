"""What stands before a payload and is read here: VP9's descriptor, the dependency descriptor, redundant sound."""

import contextlib

from sfu import red
from sfu.dependency_descriptor import MalformedDescriptor, parse
from sfu.rtp import MalformedPacket
from sfu.svc import Layering
from sfu.up_layer import UpLayer
from sfu.vp9 import parse_vp9
from tests.fuzz.media import pieces

OPUS = 111


def vp9(data: bytes) -> None:
    """A stream of VP9 without dependency descriptors."""
    layering = Layering("video/vp9", UpLayer(1, 90000))
    for number, payload in enumerate(pieces(data)):
        descriptor = parse_vp9(payload)
        frame = layering.read(payload, None, len(payload), number * 0.02)
        assert descriptor is None or (0 <= descriptor.spatial < 8 and 0 <= descriptor.temporal < 8)
        assert frame is None or len(frame.indications) == len(frame.targets)
        assert len(layering.layers) <= 3


def dependencies(data: bytes) -> None:
    """A stream of AV1; each packet's descriptor is also written for fewer layers, and says then what it is to."""
    layering = Layering("video/av1", UpLayer(1, 90000))
    for number, descriptor in enumerate(pieces(data)):
        frame = layering.read(b"", descriptor, 100, number * 0.02)
        if frame is None or frame.narrow is None:
            continue
        for active in {1, (1 << len(frame.targets)) - 1}:
            written = frame.narrow.to(active)
            again = parse(written, frame.narrow.structure)
            assert (again.number, again.first, again.last) == (frame.number, frame.first, frame.last)
            assert again.active == active
            assert again.template.spatial == frame.spatial
            assert again.template.indications == frame.indications
    for descriptor in pieces(data):
        with contextlib.suppress(MalformedDescriptor):
            parse(descriptor, None)


def redundancy(data: bytes) -> None:
    """Sound with redundancy, taken apart and made again."""
    history = red.History()
    for number, payload in enumerate(pieces(data)):
        try:
            own, blocks = red.parse(payload, OPUS)
        except MalformedPacket:
            continue
        assert red.parse(red.build(own, blocks, OPUS), OPUS) == (own, blocks)
        history.put(number, number * 960, own)
        wrapped = history.wrap(number, number * 960, own, payload_type=OPUS, distance=2)
        assert red.parse(wrapped, OPUS)[0] == own
