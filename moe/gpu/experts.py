"""Whole experts on a device: a fixed number of places, filled from the host ahead of their use.

The same books as those of the cache over the disk, but nothing waits: a place is overwritten after what was
computed with it, and computed with after it was filled, both in the device's own order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from moe.gpu.device import Device, Mark
from moe.gpu.host import Host, Staging, copy_whole
from moe.offloading.cache import Counts
from moe.offloading.policies import Key, Policy
from moe.offloading.predict import Guesses
from moe.storing.store import Store


@dataclass(slots=True)
class _Place:
    slot: int
    filled: Mark
    pinned: bool = False
    """Whether it waits to be computed with."""
    speculative: bool = False


@dataclass(slots=True, eq=False)
class ExpertPool:
    """``slots`` places for experts of any layer on ``device``."""

    store: Store
    device: Device
    host: Host
    staging: Staging
    slots: int
    policy: Policy
    counts: Counts = field(default_factory=Counts)
    """Its bytes are those that went to the device."""
    trace: list[tuple[int, tuple[int, ...]]] | None = None
    guesses: Guesses = field(default_factory=Guesses)
    _arena: Tensor = field(init=False)
    _free: list[int] = field(init=False)
    _places: dict[Key, _Place] = field(init=False, default_factory=dict)
    _used: list[Mark] = field(init=False)
    """By slot: the end of what was computed with it last."""
    _guess: tuple[int, frozenset[int]] = (-1, frozenset())

    def __post_init__(self) -> None:
        size = self.slots * self.store.largest_record
        self._arena = torch.empty(size, dtype=torch.uint8, device=self.device.name)
        self._free = list(range(self.slots))
        self._used = [None] * self.slots

    def visit(self, layer: int, experts: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
        """Each of ``experts`` with its record on the device, for what is queued until the next is asked for.

        While one is computed, the next is under way, as far as there is room.
        """
        if self.trace is not None:
            self.trace.append((layer, tuple(experts)))
        self._count(layer, experts)
        if self._guess[0] == layer:
            self.guesses.asked += len(experts)
            self.guesses.right += len(self._guess[1].intersection(experts))
        self._guess = (-1, frozenset())
        records = self.host.visit(layer, self._keep(layer, experts))
        waiting: list[_Place] = []
        begun = 0
        for expert in experts:
            while begun < len(experts) and len(waiting) < 2:
                waiting.append(self._begin((layer, experts[begun]), experts[begun:], records))
                begun += 1
            place = waiting.pop(0)
            self.device.hold(place.filled)
            yield expert, self._record(layer, place.slot)
            self._used[place.slot] = self.device.computed()
            place.pinned = False
        for _ in records:  # lets go of the last
            pass
        self.policy.visited(layer, experts)

    def prefetch(self, layer: int, experts: Sequence[int]) -> None:
        """Begin to copy those of ``experts``, likely first, that are not there.

        From memory that is not pinned nothing is copied ahead; there the host reads ahead from disk.
        """
        self.policy.predicted(layer, experts)
        self._guess = layer, frozenset(experts)
        absent = [expert for expert in experts if (layer, expert) not in self._places]
        if not self.host.pinned:
            self.host.prefetch(layer, absent)
            return
        for expert in absent[: max(1, self.slots // 4)]:
            slot = self._room(layer, experts, spare_all=True)
            if slot is None:
                return
            self._places[layer, expert] = self._fill(layer, slot, next(self.host.visit(layer, [expert])))
            self._places[layer, expert].speculative = True
            self.counts.prefetched += 1

    def close(self) -> None:
        """Give the memory back, when all was computed."""
        self.device.wait(self.device.computed())
        self._places.clear()
        self._arena = torch.empty(0, dtype=torch.uint8)

    def _count(self, layer: int, experts: Sequence[int]) -> None:
        for expert in experts:
            place = self._places.get((layer, expert))
            self.counts.hits += place is not None
            self.counts.misses += place is None
            if place is not None and place.speculative:
                place.speculative = False
                self.counts.prefetched_used += 1

    def _keep(self, layer: int, experts: Sequence[int]) -> list[int]:
        """Keep what is there of ``experts`` until it was used, but for two places; returns the others."""
        missing = []
        room = self.slots - 2
        for expert in experts:
            place = self._places.get((layer, expert))
            if place is not None and room > 0:
                place.pinned = True
                room -= 1
                continue
            if place is not None:
                self._free.append(self._places.pop((layer, expert)).slot)
            missing.append(expert)
        return missing

    def _begin(self, key: Key, spared: Sequence[int], records: Iterator[Tensor]) -> _Place:
        """Have an expert copied, unless it is there, and keep it until it was used."""
        if key not in self._places:
            slot = self._room(key[0], spared)
            assert slot is not None
            self._places[key] = self._fill(key[0], slot, next(records))
        self._places[key].pinned = True
        return self._places[key]

    def _fill(self, layer: int, slot: int, record: Tensor) -> _Place:
        place = self._record(layer, slot)
        self.counts.bytes_read += len(record)
        if self.host.pinned:
            return _Place(slot, copy_whole(self.device, record, place, self._used[slot]))
        return _Place(slot, self.staging.copy(record, place, self._used[slot]))

    def _room(self, layer: int, experts: Sequence[int], *, spare_all: bool = False) -> int | None:
        """A slot to fill; ``experts`` of ``layer`` are given up last, or not at all."""
        if self._free:
            return self._free.pop()
        shape = len(self.store.layers), max(stored.layer.experts for stored in self.store.layers)
        evictable = np.zeros(shape, dtype=bool)
        for key, place in self._places.items():
            evictable[key] = not place.pinned
        spared = evictable.copy()
        spared[layer, list(experts)] = False
        if not spared.any() and spare_all:
            return None
        return self._places.pop(self.policy.victim(spared if spared.any() else evictable)).slot

    def _record(self, layer: int, slot: int) -> Tensor:
        begin = slot * self.store.largest_record
        return self._arena[begin : begin + self.store.layers[layer].layout.nbytes]
