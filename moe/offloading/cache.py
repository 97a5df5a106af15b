"""The experts that are in memory: a fixed number of places, filled from disk ahead of their use.

One thread computes and keeps the books; others only read. A place never moves, so what is computed with stays
where it is, and the memory that all places take is known from the start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from moe.offloading.policies import Key, Policy
from moe.storing.disk import DirectFile, buffer
from moe.storing.store import Store

READERS = 3
"""Reads at once: enough to fill a disk's queue with pieces of a megabyte."""
LOOK_AHEAD = 4
"""Experts of the same layer that are fetched while one is computed."""


@dataclass(slots=True)
class Counts:
    """What the cache did since it was made."""

    hits: int = 0
    misses: int = 0
    bytes_read: int = 0
    stalled: float = 0.0
    """Seconds that the computing thread waited for a read."""
    prefetched: int = 0
    """Experts read before they were asked for; of floe, channels."""
    prefetched_used: int = 0
    channels_asked: int = 0
    """Of floe: channels that visits needed."""
    channels_missing: int = 0
    """And those of them that were not in memory."""


@dataclass(slots=True)
class _Place:
    slot: int
    reading: Future[None] | None
    pins: int = 0
    speculative: bool = False


@dataclass(slots=True, eq=False)
class ExpertCache:
    """``slots`` places for experts of any layer; close it when done."""

    store: Store
    slots: int
    policy: Policy
    counts: Counts = field(default_factory=Counts)
    trace: list[tuple[int, tuple[int, ...]]] | None = None
    """Every visit, if a list is put here."""
    _files: list[DirectFile] = field(init=False)
    _places: dict[Key, _Place] = field(init=False, default_factory=dict)
    _free: list[int] = field(init=False)
    _pinned: int = 0
    _ahead: list[Future[None]] = field(default_factory=list)
    """Prefetches that may still be under way."""
    _arena: Tensor = field(init=False)
    _readers: ThreadPoolExecutor = field(init=False)
    _forerunner: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._files = [DirectFile(self.store.folder / stored.file) for stored in self.store.layers]
        self._free = list(range(self.slots))
        self._arena = buffer(self.slots * self.store.largest_record)
        self._readers = ThreadPoolExecutor(READERS, "expert-read")
        self._forerunner = ThreadPoolExecutor(1, "expert-prefetch")

    def visit(self, layer: int, experts: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
        """Each of ``experts`` with its record's bytes, which are good until the next is asked for."""
        if self.trace is not None:
            self.trace.append((layer, tuple(experts)))
        self._count(layer, experts)
        started = 0
        for position, expert in enumerate(experts):
            while started < len(experts) and (
                started <= position or self._may_look_ahead(started - position)
            ):
                self._start(layer, experts, started)
                started += 1
            place = self._places[layer, expert]
            self._wait(place)
            yield expert, self._record(layer, place.slot)
            place.pins -= 1
            self._pinned -= 1
        self.policy.visited(layer, experts)

    def holds(self, layer: int, expert: int) -> bool:
        """Whether it could be computed with at once."""
        place = self._places.get((layer, expert))
        return place is not None and (place.reading is None or place.reading.done())

    def prefetch(self, layer: int, experts: Sequence[int]) -> None:
        """Begin to read those of ``experts``, likely first, that are not there, where there is room."""
        self.policy.predicted(layer, experts)
        for expert in experts:
            if (layer, expert) in self._places:
                continue
            self._ahead = [reading for reading in self._ahead if not reading.done()]
            if len(self._ahead) >= max(1, self.slots // 4):
                return
            slot = self._room(layer, experts, wait=False)
            if slot is None:
                return
            reading = self._submit(self._forerunner, layer, expert, slot)
            self._places[layer, expert] = _Place(slot, reading, speculative=True)
            self._ahead.append(reading)
            self.counts.prefetched += 1

    def close(self) -> None:
        """Stop reading and give the memory back; records handed out must not be used any more."""
        self._readers.shutdown(cancel_futures=True)
        self._forerunner.shutdown(cancel_futures=True)
        for file in self._files:
            file.close()
        self._places.clear()
        self._arena = buffer(0)

    def _count(self, layer: int, experts: Sequence[int]) -> None:
        for expert in experts:
            place = self._places.get((layer, expert))
            ready = place is not None and (place.reading is None or place.reading.done())
            self.counts.hits += ready
            self.counts.misses += not ready
            if place is not None and place.speculative:
                place.speculative = False
                self.counts.prefetched_used += 1

    def _may_look_ahead(self, distance: int) -> bool:
        return distance <= LOOK_AHEAD and self._pinned + 1 < self.slots

    def _start(self, layer: int, experts: Sequence[int], position: int) -> None:
        """Have the expert read, unless it is there, and keep it until it was used."""
        key = layer, experts[position]
        place = self._places.get(key)
        if place is None:
            slot = self._room(layer, experts[position:], wait=True)
            assert slot is not None
            place = self._places[key] = _Place(slot, self._submit(self._readers, *key, slot))
        elif place.reading is not None and place.reading.cancel():  # a prefetch that waits in its queue
            place.reading = self._submit(self._readers, *key, place.slot)
        place.pins += 1
        self._pinned += 1

    def _room(self, layer: int, experts: Sequence[int], *, wait: bool) -> int | None:
        if self._free:
            return self._free.pop()
        evictable = np.zeros(
            (len(self.store.layers), max(s.layer.experts for s in self.store.layers)), dtype=bool
        )
        for key, place in self._places.items():
            evictable[key] = place.pins == 0 and (place.reading is None or place.reading.done())
        spared = evictable.copy()
        spared[layer, list(experts)] = False
        if spared.any():
            return self._evict(self.policy.victim(spared))
        if not wait:
            return None
        if not evictable.any():
            self._finish_a_prefetch()
            return self._room(layer, experts, wait=True)
        return self._evict(self.policy.victim(evictable))

    def _evict(self, key: Key) -> int:
        place = self._places.pop(key)
        self._wait(place)
        return place.slot

    def _finish_a_prefetch(self) -> None:
        self._wait(next(place for place in self._places.values() if place.pins == 0))

    def _submit(self, pool: ThreadPoolExecutor, layer: int, expert: int, slot: int) -> Future[None]:
        size = self.store.layers[layer].layout.nbytes
        self.counts.bytes_read += size
        return pool.submit(self._files[layer].read, expert * size, self._record(layer, slot))

    def _wait(self, place: _Place) -> None:
        if place.reading is not None:
            began = time.perf_counter()
            place.reading.result()
            self.counts.stalled += time.perf_counter() - began
            place.reading = None

    def _record(self, layer: int, slot: int) -> Tensor:
        begin = slot * self.store.largest_record
        return self._arena[begin : begin + self.store.layers[layer].layout.nbytes]
