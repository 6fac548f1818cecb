"""Which frames of a stream with spatial layers one subscriber gets: all it needs for its layer, and nothing else.

After the dependency descriptor's rules (RTP payload format for AV1, appendix A.4): a decode target is entered where all
it refers to has been sent, and kept to frame by frame.
"""

from collections import OrderedDict

from sfu.dependency_descriptor import DISCARDABLE, NOT_PRESENT, SWITCH
from sfu.rtp import forward_distance
from sfu.svc import Frame

MOST_FRAMES = 192  # decided about and remembered, for packets that come late


class SpatialChoice:
    """spatial: the layer that flows, None before the first key frame. active: mask of the targets forwarded.

    is_news: during the first picture after `active` has changed.
    """

    def __init__(self) -> None:
        self._decided: OrderedDict[int, bool] = OrderedDict()
        self.reset()

    def reset(self) -> None:
        """Nothing flows; it begins again at a key frame."""
        self.spatial: int | None = None
        self.active = 0
        self.is_news = False
        self._target: int | None = None
        self._targets: tuple[tuple[int, int], ...] = ()
        self._whole = 0  # mask of the targets of which nothing that later frames refer to was left out
        self._newest: int | None = None
        self._timestamp: int | None = None
        self._decided.clear()

    def reaches(self, spatial: int) -> bool:
        """Whether that layer can be gone over to without a key frame."""
        return any(self._whole >> index & 1 for index, (layer, _) in enumerate(self._targets) if layer == spatial)

    def takes(self, frame: Frame, timestamp: int, wanted: int) -> bool:
        """Whether to send this packet. wanted: the highest spatial layer to send from the next picture on."""
        if not frame.targets:
            return False
        decision = self._decided.get(frame.number)
        if decision is None:
            decision = self._decide(frame, timestamp, wanted)
            self._decided[frame.number] = decision
            if len(self._decided) > MOST_FRAMES:
                self._decided.popitem(last=False)
        return decision

    def _decide(self, frame: Frame, timestamp: int, wanted: int) -> bool:
        if frame.targets != self._targets:
            if frame.references:
                return False  # its key frame has not come
            self.reset()
            self._targets = frame.targets
        if self._newest is not None and forward_distance(self._newest, frame.number) < 0:
            return self._is_needed(frame)
        self._newest = frame.number
        if all(self._decided.get(number, False) for number in frame.references):
            for index, indication in enumerate(frame.indications):
                if indication == SWITCH:
                    self._whole |= 1 << index
        if timestamp != self._timestamp or self._target is None:
            self._timestamp = timestamp
            self._choose(frame, wanted)
        needed = self._is_needed(frame)
        if not needed:
            for index, indication in enumerate(frame.indications):
                if indication > DISCARDABLE:
                    self._whole &= ~(1 << index)
        return needed

    def _is_needed(self, frame: Frame) -> bool:
        return self._target is not None and frame.indications[self._target] != NOT_PRESENT

    def _choose(self, frame: Frame, wanted: int) -> None:
        """Go over to the best target that is wanted, sent and whole. Where there is none, only a key frame leads on."""
        within = [
            index
            for index, (spatial, _) in enumerate(self._targets)
            if spatial <= wanted and self._whole & frame.active & 1 << index
        ]
        self._target = max(within, key=lambda index: self._targets[index], default=self._target)
        if self._target is None:
            return
        self.spatial = highest = self._targets[self._target][0]
        sent = sum(1 << index for index, (spatial, _) in enumerate(self._targets) if spatial <= highest)
        self.is_news = sent & frame.active != self.active
        self.active = sent & frame.active
