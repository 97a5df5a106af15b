"""How many of the channels that a text needs are in memory by our rule, and by one that knows the text."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moe.places import HotChannels

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
    uses = np.concatenate([expert * channels + needed for expert, needed in trace]).tolist()
    again = [0] * len(uses)
    last: dict[int, int] = {}
    for time in range(len(uses) - 1, -1, -1):
        again[time] = last.get(uses[time], len(uses))
        last[uses[time]] = time
    found = 0
    resident: dict[int, int] = {}
    by_next: list[tuple[int, int]] = []
    for use, later in zip(uses, again, strict=True):
        if use in resident:
            found += 1
        elif len(resident) >= places:
            _give_up(resident, by_next)
        resident[use] = later
        heapq.heappush(by_next, (-later, use))
    return found


def _give_up(resident: dict[int, int], by_next: list[tuple[int, int]]) -> None:
    while True:  # what was used since it was pushed is in there again, nearer
        later, use = heapq.heappop(by_next)
        if resident.get(use) == -later:
            del resident[use]
            return
