"""Which channels of which experts have a place in memory, and which of them make room for others.

The places are few and the channels many; those that tokens used often stay, where the past counts less and
less. Books only: nothing here reads or holds a weight.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from moe.offloading.policies import DECAY
from moe.recipes.compiled import Floats, compiled
from moe.recipes.kernels import Mask, Places

BATCH = 32
"""One in so many places is freed when there is none: making room costs a look at all."""
SAMPLE = 512
"""Places whose scores tell how cold that one in so many is."""
LARGEST = 1e30
"""From which on scores are scaled down, so that they stay numbers."""


class HotChannels:
    """``places`` places for channels of ``experts`` experts (of all layers), ``channels`` each."""

    def __init__(self, layers: int, experts: int, channels: int, places: int) -> None:
        self.where: Places = np.full((experts, channels), -1, dtype=np.int32)
        """[experts, channels]: the place of a channel, or -1."""
        self._busy: Mask = np.zeros(experts, dtype=np.bool_)
        self._score: Floats = np.zeros((experts, channels), dtype=np.float32)
        self._owner: Places = np.full(places, -1, dtype=np.int32)
        self._free: Places = np.arange(places, dtype=np.int32)[::-1].copy()
        self._free_count = places
        self._gain, self._growth = 1.0, DECAY ** (-1 / layers)
        self._hand = 0
        self._sample = np.random.default_rng(0)

    @property
    def places(self) -> int:
        """Channels that there is room for."""
        return len(self._owner)

    @property
    def free(self) -> int:
        """Places that hold nothing."""
        return self._free_count

    def missing(self, expert: int, needed: Mask) -> Mask:
        """Those of the channels ``needed`` [channels] that have no place."""
        absent: Mask = self.where[expert] < 0
        return absent & needed

    def used(self, expert: int, needed: Mask) -> None:
        """A token needed these channels [channels] of ``expert``."""
        self._score[expert] += needed * np.float32(self._gain)

    def passed(self) -> None:
        """A layer was computed: what was before counts less from now on."""
        self._gain *= self._growth
        if self._gain > LARGEST:
            self._score /= np.float32(self._gain)
            self._gain = 1.0

    def put(self, expert: int, wanted: Mask, kept: Iterable[int] = ()) -> bool:
        """Give each of the ``wanted`` channels [channels] a place; False, and none, where none can go.

        Channels of the experts ``kept`` stay.
        """
        count = int(wanted.sum())
        if count > self._free_count:
            self._busy[:] = False
            self._busy[[expert, *kept]] = True
            self._make_room(count)
        if count > self._free_count:
            return False
        self._free_count -= count
        places = self._free[self._free_count : self._free_count + count]
        channels = np.flatnonzero(wanted)
        self.where[expert, channels] = places
        self._owner[places] = expert * self.where.shape[1] + channels
        return True

    def drop(self, expert: int) -> None:
        """Take the places of all channels of ``expert`` back."""
        places = self.where[expert][self.where[expert] >= 0]
        self._free[self._free_count : self._free_count + len(places)] = places
        self._free_count += len(places)
        self._owner[places] = -1
        self.where[expert] = -1

    def _make_room(self, count: int) -> None:
        wanted = max(count - self._free_count, len(self._owner) // BATCH)
        for limit in (self._cold(wanted), np.inf):
            found, self._hand = _evict(
                self._owner,
                self.where.reshape(-1),
                self._score.reshape(-1),
                self._busy,
                limit,
                self._hand,
                wanted,
                self._free[self._free_count :],
            )
            self._free_count += found
            wanted -= found
            if self._free_count >= count:
                return

    def _cold(self, wanted: int) -> float:
        """A score that about ``wanted`` of the channels in memory do not reach."""
        owners = self._owner[self._sample.integers(len(self._owner), size=SAMPLE)]
        owners = owners[owners >= 0]
        idle = owners[~self._busy[owners // self.where.shape[1]]]
        if not len(idle):
            return float("inf")
        share = min(1.0, wanted / max(1, len(self._owner) - self._free_count))
        return float(np.quantile(self._score.reshape(-1)[idle], share))


@compiled
def _evict(
    owner: Places,
    where: Places,
    score: Floats,
    busy: Mask,
    limit: float,
    hand: int,
    wanted: int,
    freed: Places,
) -> tuple[int, int]:
    """Free up to ``wanted`` places of channels up to ``limit``, going round from ``hand`` on."""
    channels = len(where) // len(busy)
    found = 0
    for step in range(len(owner)):
        if found == wanted:
            return found, (hand + step) % len(owner)
        place = (hand + step) % len(owner)
        channel = owner[place]
        if channel >= 0 and score[channel] <= limit and not busy[channel // channels]:
            where[channel] = owner[place] = -1
            freed[found] = place
            found += 1
    return found, hand


def runs_of(missing: Mask, gap: int) -> list[tuple[int, int]]:
    """Where to read: ``missing`` channels in runs (from, to), over gaps of up to ``gap`` channels."""
    begins, ends = np.empty((2, len(missing)), dtype=np.int32)
    count = _runs(missing, gap, begins, ends)
    return list(zip(begins[:count].tolist(), ends[:count].tolist(), strict=True))


@compiled
def _runs(missing: Mask, gap: int, begins: Places, ends: Places) -> int:
    count, last = 0, -1
    for channel in range(len(missing)):
        if missing[channel]:
            if last >= 0 and channel - last - 1 <= gap:
                ends[count - 1] = channel + 1
            else:
                begins[count], ends[count] = channel, channel + 1
                count += 1
            last = channel
    return count
