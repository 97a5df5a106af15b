"""The channels that are in memory: a place for each of the hot ones, whichever expert they are of.

What a token needs of an expert is known before anything of it is read (moe.recipes.floe). What is missing is
read in runs, over gaps where that is sooner done than another read, so it never takes longer than the whole
expert would. One thread computes and keeps the books; others only read.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from moe.offloading.cache import LOOK_AHEAD, Counts
from moe.offloading.places import HotChannels, runs_of
from moe.recipes.floe import Channels
from moe.recipes.kernels import Mask, Places, any_token, scatter
from moe.storing.disk import BLOCK, PIECE, DirectFile, ReadCost, aligned, buffer, measure_cost
from moe.storing.store import Store

READERS, FORERUNNERS = 8, 4
"""Reads at once, for what is needed now and for what will be: a disk answers many short ones together."""
BOOKS = 4 + 4 + 12
"""Bytes kept of every channel, in memory or not: its place, how hot it is, its three scales."""
BOOKS_A_PLACE = 4 + 4
"""And of every place: whose it is, or that it is free."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A read: blocks of a layer's file, and which channels to take from them."""

    offset: int
    size: int
    skip: int
    """Bytes before the first channel."""
    channels: Places
    """To take, counted from that one."""
    places: Places


@dataclass(slots=True)
class _Reading:
    """Pieces that a thread reads, or will."""

    layer: int
    pieces: list[_Piece]
    future: Future[None]


@dataclass(slots=True, eq=False)
class ChannelCache:
    """Channels of any expert in places of ``room`` bytes together; close it when done."""

    store: Store
    room: int
    counts: Counts = field(default_factory=Counts)
    trace: list[tuple[int, NDArray[np.int64]]] | None = None
    """Every visit, if a list is put here: an expert, counted over layers, and the channels needed of it."""
    hot: HotChannels = field(init=False)
    cost: ReadCost = field(init=False)
    _channels: int = field(init=False)
    _size: int = field(init=False)
    _first: list[int] = field(init=False)
    """Each layer's first expert, counted over layers."""
    _files: list[DirectFile] = field(init=False)
    _chunks: NDArray[np.int8] = field(init=False)
    _scale: NDArray[np.float32] = field(init=False)
    _pinned: set[int] = field(init=False, default_factory=set)
    _expected: dict[int, Mask] = field(init=False, default_factory=dict)
    """What was prefetched for the next layer, by expert."""
    _reading: dict[int, list[_Reading]] = field(init=False, default_factory=dict)
    _bounce: queue.SimpleQueue[Tensor] = field(init=False, default_factory=queue.SimpleQueue)
    _readers: ThreadPoolExecutor = field(init=False)
    _forerunners: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        layers = self.store.layers
        self._channels, self._size = _shape(self.store)
        self._first = np.cumsum([0, *(stored.layer.experts for stored in layers)]).tolist()
        experts = self._first[-1]
        places = min(experts * self._channels, self.room // (self._size + BOOKS_A_PLACE))
        self.hot = HotChannels(len(layers), experts, self._channels, places)
        self._chunks = buffer(places * self._size).numpy().view(np.int8).reshape(places, self._size)
        self._files = [DirectFile(self.store.folder / stored.file) for stored in layers]
        self._readers = ThreadPoolExecutor(READERS, "channel-read")
        self._forerunners = ThreadPoolExecutor(FORERUNNERS, "channel-prefetch")
        for _ in range(READERS + FORERUNNERS):
            self._bounce.put(buffer(_bounce_bytes(self._size)))
        size = layers[0].layout.nbytes * layers[0].layer.experts
        self.cost = measure_cost(self._files[0], size, self._readers, READERS)
        self._scale = self._read_scales()

    def visit(
        self,
        layer: int,
        experts: Sequence[int],
        needs: Callable[[int], Mask],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[int, Channels]]:
        """Each of ``experts``, with the channels there that it ``needs`` [tokens, channels].

        They are good until the next is asked for. ``meanwhile`` is called once, while the first are read.
        """
        self._pinned.clear()
        started = 0
        for position, expert in enumerate(experts):
            while started < len(experts) and (
                started <= position or self._may_look_ahead(started - position)
            ):
                self._start(layer, experts[started], needs(experts[started]))
                started += 1
            if position == 0:
                meanwhile()
            number = self._first[layer] + expert
            self._wait(number)
            yield expert, self._channels_of(number)
            self._pinned.discard(number)
        self.hot.passed()

    def missing(self, layer: int, expert: int, needed: Mask) -> Mask:
        """Those of the channels ``needed`` [channels] that are not there."""
        return self.hot.missing(self._first[layer] + expert, needed)

    def expect(self, layer: int, missing: Mapping[int, Mask]) -> None:
        """Read ahead, where there is room, channels [channels] of experts of ``layer``, which is next."""
        self._expected.clear()
        for expert, channels in missing.items():
            number = self._first[layer] + expert
            self._expected[number] = wanted = self._widened(number, channels)
            count = int(wanted.sum())
            if 0 < count <= self.hot.places // 4 and self._find_places(number, wanted):
                self.counts.prefetched += count
                self._read(self._forerunners, FORERUNNERS, layer, number, wanted)

    def is_whole(self, layer: int, expert: int) -> bool:
        """Whether every channel is there."""
        return bool((self.hot.where[self._first[layer] + expert] >= 0).all())

    def close(self) -> None:
        """Stop reading and give the memory back; channels handed out must not be used any more."""
        self._readers.shutdown(cancel_futures=True)
        self._forerunners.shutdown(cancel_futures=True)
        for file in self._files:
            file.close()
        self._chunks = np.empty((0, self._size), dtype=np.int8)

    def _channels_of(self, number: int) -> Channels:
        chunks = self._chunks.reshape(len(self._chunks), 3, self._size // 3)
        return Channels(chunks, self.hot.where[number], self._scale[number])

    def _may_look_ahead(self, distance: int) -> bool:
        return distance <= LOOK_AHEAD and (len(self._pinned) + 1) * self._channels <= self.hot.places

    def _start(self, layer: int, expert: int, mask: Mask) -> None:
        """Have read what is missing, and keep the expert's channels until it was used."""
        number = self._first[layer] + expert
        needed = any_token(mask)
        missing = self.hot.missing(number, needed)
        self._count(number, needed, missing)
        self.hot.used(number, needed)
        self._pinned.add(number)
        for reading in self._reading.get(number, ()):
            if reading.future.cancel():  # a prefetch that waits in its queue
                reading.future = self._readers.submit(self._read_pieces, reading.layer, reading.pieces)
        if missing.any():
            missing = self._widened(number, missing)
            if not self._find_places(number, missing):
                self._wait_for_all()
                self._expected.clear()
                self._find_places(number, missing)
            self._read(self._readers, READERS, layer, number, missing)

    def _count(self, number: int, needed: Mask, missing: Mask) -> None:
        lacks = int(missing.sum())
        ready = lacks == 0 and all(reading.future.done() for reading in self._reading.get(number, ()))
        self.counts.hits += ready
        self.counts.misses += not ready
        self.counts.channels_asked += int(needed.sum())
        self.counts.channels_missing += lacks
        ahead = self._expected.pop(number, None)
        if ahead is not None:
            self.counts.prefetched_used += int((ahead & needed).sum())
        if self.trace is not None:
            self.trace.append((number, np.flatnonzero(needed)))

    def _widened(self, number: int, missing: Mask) -> Mask:
        """While there is room enough, with the channels that are read over."""
        if self.hot.free < self._channels:
            return missing
        wide = np.zeros_like(missing)
        for begin, end in self._runs(missing):
            wide[begin:end] = True
        return self.hot.missing(number, wide)

    def _runs(self, missing: Mask) -> list[tuple[int, int]]:
        return runs_of(missing, self.cost.worth_bridging // self._size)

    def _find_places(self, number: int, missing: Mask) -> bool:
        for other in [*self._reading]:
            if all(reading.future.done() for reading in self._reading[other]):
                self._wait(other)
        return self.hot.put(number, missing, {*self._pinned, *self._expected, *self._reading})

    def _read(self, pool: ThreadPoolExecutor, threads: int, layer: int, number: int, missing: Mask) -> None:
        """Have ``missing`` channels, which have places by now, read by ``threads`` of ``pool``."""
        pieces = list(self._pieces(layer, number, missing))
        self.counts.bytes_read += sum(piece.size for piece in pieces)
        readings = self._reading.setdefault(number, [])
        for first in range(min(threads, len(pieces))):
            mine = pieces[first::threads]
            readings.append(_Reading(layer, mine, pool.submit(self._read_pieces, layer, mine)))

    def _pieces(self, layer: int, number: int, missing: Mask) -> Iterator[_Piece]:
        record = (number - self._first[layer]) * self.store.layers[layer].layout.nbytes
        most = max(1, PIECE // self._size)
        for begin, end in self._runs(missing):
            for first in range(begin, end, most):
                last = min(first + most, end)
                channels = np.flatnonzero(missing[first:last]).astype(np.int32)
                if len(channels):
                    start, stop = record + first * self._size, record + last * self._size
                    skip = start % BLOCK
                    places = self.hot.where[number, first + channels]
                    yield _Piece(start - skip, aligned(stop) - start + skip, skip, channels, places)

    def _read_pieces(self, layer: int, pieces: Sequence[_Piece]) -> None:
        raw = self._bounce.get()
        try:
            for piece in pieces:
                self._files[layer].read(piece.offset, raw[: piece.size])
                scatter(raw.numpy().view(np.int8), piece.skip, piece.channels, piece.places, self._chunks)
        finally:
            self._bounce.put(raw)

    def _wait(self, number: int) -> None:
        if number in self._reading:
            began = time.perf_counter()
            futures = [reading.future for reading in self._reading.pop(number)]
            wait(futures)
            self.counts.stalled += time.perf_counter() - began
            failed = [error for future in futures if (error := future.exception()) is not None]
            if failed:
                self.hot.drop(number)  # what was to be read is not there
                raise failed[0]

    def _wait_for_all(self) -> None:
        for number in [*self._reading]:
            self._wait(number)

    def _read_scales(self) -> NDArray[np.float32]:
        scales = np.zeros((self._first[-1], self._channels, 3), dtype=np.float32)
        for layer, stored in enumerate(self.store.layers):
            begin, field = stored.layout.offsets[1], stored.layout.fields[1]
            skip = begin % BLOCK
            raw = buffer(aligned(skip + field.nbytes))
            for expert in range(stored.layer.experts):
                self._files[layer].read(expert * stored.layout.nbytes + begin - skip, raw)
                own = raw[skip : skip + field.nbytes].numpy().view(np.float32).reshape(field.shape)
                scales[self._first[layer] + expert, : len(own)] = own
        return scales


def bytes_beside(store: Store) -> int:
    """What a cache of channels takes beside its places."""
    channels, size = _shape(store)
    experts = sum(stored.layer.experts for stored in store.layers)
    return experts * channels * BOOKS + (READERS + FORERUNNERS) * _bounce_bytes(size)


def _shape(store: Store) -> tuple[int, int]:
    """Channels of an expert, and bytes of a channel."""
    chunks = [stored.layout.fields[0] for stored in store.layers]
    return max(chunk.shape[0] for chunk in chunks), chunks[0].nbytes // chunks[0].shape[0]


def _bounce_bytes(size: int) -> int:
    return aligned(max(PIECE, size)) + BLOCK
