"""Experts in memory of the host: all of them, pinned, or as many as fit, with the others on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

from torch import Tensor

from moe.gpu.device import Device, Mark
from moe.offloading.cache import ExpertCache
from moe.storing.disk import DirectFile, buffer
from moe.storing.store import Store

PIECES, PIECE = 4, 8 << 20
"""Buffers that copies go through, one filled while others are sent, and bytes of each."""

Report = Callable[[str, int, int], None]


class Host(Protocol):
    """Gives experts' records, whole."""

    @property
    def pinned(self) -> bool:
        """Whether a device copies from records themselves, and they stay where they are."""
        ...

    def visit(self, layer: int, experts: Sequence[int]) -> Iterator[Tensor]:
        """The bytes of each record; unless :attr:`pinned`, good until the next is asked for."""
        ...

    def prefetch(self, layer: int, experts: Sequence[int]) -> None:
        """``layer`` will probably need these."""
        ...

    def close(self) -> None: ...


class AllInMemory:
    """Every expert in pinned memory; ``close`` it when done."""

    pinned = True

    def __init__(
        self, store: Store, device: Device, report: Report = lambda stage, done, total: None
    ) -> None:
        self._lay_out(store, device)
        for layer, stored in enumerate(store.layers):
            report("Reading experts", layer, len(store.layers))
            with closing(DirectFile(store.folder / stored.file)) as file:
                file.read(0, self.bytes[self._begins[layer] : self._begins[layer + 1]])
        device.pin(self.bytes)  # once they are filled: pages that are pinned come in slowly

    def _lay_out(self, store: Store, device: Device) -> None:
        self._device = device
        self._sizes = [stored.layout.nbytes for stored in store.layers]
        layers = [stored.layout.nbytes * stored.layer.experts for stored in store.layers]
        self._begins = [0, *accumulate(layers)]
        self.bytes = buffer(self._begins[-1])
        """Of all records, in the order of layers and experts."""

    def begin(self, layer: int, expert: int) -> int:
        """Where in :attr:`bytes` a record begins."""
        return self._begins[layer] + expert * self._sizes[layer]

    def visit(self, layer: int, experts: Sequence[int]) -> Iterator[Tensor]:
        for expert in experts:
            begin = self.begin(layer, expert)
            yield self.bytes[begin : begin + self._sizes[layer]]

    def prefetch(self, layer: int, experts: Sequence[int]) -> None:
        pass

    def close(self) -> None:
        self._device.unpin(self.bytes)
        self.bytes = buffer(0)


@dataclass(frozen=True, slots=True)
class PartlyInMemory:
    """Experts out of a cache over the disk; they go to the device by way of a :class:`Staging`."""

    cache: ExpertCache
    pinned: bool = False

    def visit(self, layer: int, experts: Sequence[int]) -> Iterator[Tensor]:
        return (record for _, record in self.cache.visit(layer, experts))

    def prefetch(self, layer: int, experts: Sequence[int]) -> None:
        self.cache.prefetch(layer, experts)

    def close(self) -> None:
        self.cache.close()


@dataclass(slots=True, eq=False)
class Staging:
    """A few pinned buffers, used in turn: the host fills one while the device copies from the others."""

    device: Device
    size: int = PIECE
    _buffers: list[Tensor] = field(init=False)
    _sent: list[Mark] = field(init=False)
    _next: int = 0

    def __post_init__(self) -> None:
        self._buffers = [buffer(self.size) for _ in range(PIECES)]
        self._sent = [None] * PIECES
        for one in self._buffers:
            self.device.pin(one)

    def take(self) -> Tensor:
        """A buffer to fill; waits until what it held was sent."""
        if self._sent[self._next] is not None:
            self.device.wait(self._sent[self._next])
        return self._buffers[self._next]

    def sent(self, mark: Mark) -> None:
        """What was taken last is sent when the device reaches ``mark``."""
        self._sent[self._next] = mark
        self._next = (self._next + 1) % PIECES

    def copy(self, source: Tensor, into: Tensor, after: Mark | None) -> Mark:
        """Bytes of the host to the device, piece by piece; ``source`` may change at once."""
        mark = None
        for begin in range(0, len(source), self.size):
            part = source[begin : begin + self.size]
            piece = self.take()[: len(part)]
            piece.copy_(part)
            place = into[begin : begin + len(part)]
            mark = self.device.copies(_copy(place, piece), after)
            self.sent(mark)
        return mark

    def close(self) -> None:
        for one in self._buffers:
            self.device.unpin(one)
        self._buffers = []


def copy_whole(device: Device, source: Tensor, into: Tensor, after: Mark | None) -> Mark:
    """Pinned bytes of the host to the device; ``source`` must stay as it is until the mark."""
    return device.copies(_copy(into, source), after)


def _copy(into: Tensor, source: Tensor) -> Callable[[], None]:
    def work() -> None:
        into.copy_(source, non_blocking=True)

    return work
