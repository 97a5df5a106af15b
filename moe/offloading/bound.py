"""How many of the channels that a text needs are in memory by our rule, and by one that knows the text."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moe.offloading.places import HotChannels
from moe.recipes.compiled import compiled

ChannelTrace = Sequence[tuple[int, NDArray[np.int64]]]
"""Visits, each an expert (counted over layers) and the channels that were needed of it."""


def our_hits(trace: ChannelTrace, hot: HotChannels, experts_a_layer: int) -> int:
    """Uses in ``trace`` that the places of ``hot``, empty at first, serve without reading ahead."""
    found, layer = 0, 0
    for expert, channels in trace:
        if expert // experts_a_layer != layer:
            hot.passed()
            layer = expert // experts_a_layer
        needed = np.zeros(hot.where.shape[1], dtype=np.bool_)
        needed[channels] = True
        missing = hot.missing(expert, needed)
        found += len(channels) - int(missing.sum())
        hot.used(expert, needed)
        hot.put(expert, missing)
    return found


def best_hits(trace: ChannelTrace, places: int, channels: int) -> int:
    """Uses that are served when what is used again last makes room (Belady's rule)."""
    uses = np.concatenate([expert * channels + needed for expert, needed in trace])
    return int(_best_hits(uses, places, int(uses.max()) + 1))


@compiled
def _best_hits(uses: NDArray[np.int64], places: int, different: int) -> int:
    again = np.empty(len(uses), dtype=np.int64)
    coming = np.full(different, len(uses))
    for time in range(len(uses) - 1, -1, -1):
        again[time] = coming[uses[time]]
        coming[uses[time]] = time
    found, resident = 0, 0
    coming[:] = -1  # from here on: of what is resident, when it is used again
    by_next = [np.int64(0) for _ in range(0)]  # the latest first: negative, with the channel in the rest
    for time in range(len(uses)):
        use = uses[time]
        if coming[use] >= 0:
            found += 1
        elif resident < places:
            resident += 1
        else:
            while True:  # what was used since it was pushed is in there again, nearer
                later, given_up = divmod(-heapq.heappop(by_next), different)
                if coming[given_up] == later:
                    coming[given_up] = -1
                    break
        coming[use] = again[time]
        heapq.heappush(by_next, -(again[time] * different + use))
    return found
