"""Channels on a device: small places for those that tokens needed lately or will need soon.

Which are there, and which make room, is kept as for the cache over the disk (moe.offloading.places).
Channels come over in one of two ways, of which a machine may do either better. *Gather*: the host puts them
side by side into a pinned buffer, and the device copies that. *Read*: a kernel reads each from where it lies
in pinned memory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moe.gpu.device import Device, Mark
from moe.gpu.host import AllInMemory, Host, Staging
from moe.gpu.launch import copy_rows
from moe.offloading.cache import Counts
from moe.offloading.masks import GOAL, LEAST_SLACK, RATE, MaskGuesses
from moe.offloading.places import HotChannels
from moe.offloading.predict import Guesses
from moe.recipes.kernels import Mask
from moe.storing.store import Store

Numbers = NDArray[np.int64]
Wanted = Sequence[tuple[int, NDArray[np.int32]]]
"""Experts of a layer, each with channels; none for those that are no experts."""
TRIAL = 2000
"""Channels that tell which way is faster."""


class Way(StrEnum):
    """How channels come to the device."""

    gather = "gather"
    read = "read"


@dataclass(slots=True, eq=False)
class ChannelPool:
    """``slots`` places for channels of any layer of a floe store on ``device``."""

    store: Store
    device: Device
    host: Host
    staging: Staging
    slots: int
    counts: Counts
    experts: Guesses
    """Of which experts; :attr:`guesses` tells of their channels."""
    way: Way = Way.gather
    """``read`` is only for a host that has all experts pinned."""
    guesses: MaskGuesses = field(default_factory=MaskGuesses)
    slack: list[float] = field(init=False)
    """Of each layer: what thresholds are multiplied by for a guess."""
    rows: Tensor = field(init=False)
    """[slots, 3, hidden] int8: gate row, up row, down column."""
    scale: Tensor = field(init=False)
    """[slots, 3] float32."""
    hot: HotChannels = field(init=False)
    _first: list[int] = field(init=False)
    """By layer: its first expert, counted over layers."""
    _filled: list[Mark] = field(init=False)
    """By layer: the end of the last copies of its channels."""
    _computed: Mark = None
    _busy: list[int] = field(init=False, default_factory=list)
    """Experts that are computed with, counted over layers: their channels stay."""
    _expected: dict[int, Mask] = field(init=False, default_factory=dict)
    """Experts that were predicted, with their channels, which stay as well."""

    def __post_init__(self) -> None:
        experts = [stored.layer.experts for stored in self.store.layers]
        self._first = [0, *np.cumsum(experts).tolist()]
        self._filled = [None] * len(experts)
        self.slack = [1.0] * len(experts)
        shape = self.slots, *self.store.layers[0].layout.fields[0].shape[1:]
        self.rows = torch.empty(shape, dtype=torch.int8, device=self.device.name)
        self.scale = torch.empty((self.slots, 3), dtype=torch.float32, device=self.device.name)
        self._forget()

    def bring(self, layer: int, wanted: Wanted) -> list[NDArray[np.int32]] | None:
        """Slots of the channels ``wanted``, to be computed with once they are there; kept until :meth:`used`.

        None if there is no room for all of them.
        """
        masks = self._masks(layer, wanted)
        self._compare(layer, masks)
        self._busy += masks
        for number, mask in masks.items():
            missing = self.hot.missing(number, mask)
            self.hot.used(number, mask)
            lacks = int(missing.sum())
            self.counts.channels_asked += int(mask.sum())
            self.counts.channels_missing += lacks
            self.counts.hits += lacks == 0
            self.counts.misses += lacks > 0
            if lacks and not self._put(layer, number, missing):
                self._busy.clear()
                return None
        if self._filled[layer] is not None:
            self.device.hold(self._filled[layer])
        first = self._first[layer]
        return [self.hot.where[first + expert, ids] if len(ids) else ids for expert, ids in wanted]

    def used(self) -> None:
        """All that was brought was computed with, in work that is queued now."""
        self._computed = self.device.computed()
        self._busy.clear()
        self.hot.passed()

    def expect(self, layer: int, wanted: Wanted) -> None:
        """Begin to copy what will probably be needed, as far as there is room; between bring and used."""
        masks = self._masks(layer, wanted)
        self._expected = masks
        for number, mask in masks.items():
            missing = self.hot.missing(number, mask)
            lacks = int(missing.sum())
            if 0 < lacks <= self.slots // 4 and self._put(layer, number, missing):
                self.counts.prefetched += lacks

    def close(self) -> None:
        """Give the memory back, when all was computed."""
        self.device.wait(self.device.computed())
        self.rows, self.scale = torch.empty(0), torch.empty(0)

    def measured(self) -> dict[Way, float]:
        """Bytes a second of each way, of channels spread over one expert; what was there is lost."""
        count = min(TRIAL, self._channels(0), self.slots)
        ids = np.unique(np.linspace(0, self._channels(0) - 1, count).astype(np.int64))
        speeds, chosen = {}, self.way
        for self.way in Way:
            for _ in range(2):  # the first compiles, or touches memory for the first time
                began = time.perf_counter()
                self._fetch(0, 0, ids, np.arange(len(ids)))
                self.device.wait(self._filled[0])
                speeds[self.way] = len(ids) * self._row_bytes / (time.perf_counter() - began)
        self.way = chosen
        self._forget()
        return speeds

    def _forget(self) -> None:
        self.hot = HotChannels(len(self._filled), self._first[-1], self._channels(0), self.slots)

    @property
    def _row_bytes(self) -> int:
        return self.rows[0].nbytes + self.scale[0].nbytes

    def _channels(self, layer: int) -> int:
        return self.store.layers[layer].layout.fields[0].shape[0]

    def _masks(self, layer: int, wanted: Wanted) -> dict[int, Mask]:
        """Channels wanted of each expert, counted over layers, by any of those who want some."""
        masks: dict[int, Mask] = {}
        for expert, ids in wanted:
            if len(ids):
                none = np.zeros(self._channels(layer), dtype=np.bool_)
                masks.setdefault(self._first[layer] + expert, none)[ids] = True
        return masks

    def _compare(self, layer: int, masks: dict[int, Mask]) -> None:
        """Count what had been expected of what is now needed, and widen or narrow the next guess.

        From now on, nothing is expected any more.
        """
        if self._expected:
            self.experts.asked += len(masks)
            self.experts.right += len(masks.keys() & self._expected.keys())
        for number in masks.keys() & self._expected.keys():
            needed, predicted = masks[number], self._expected[number]
            asked, both = int(needed.sum()), int((needed & predicted).sum())
            self.guesses.needed += asked
            self.guesses.predicted += int(predicted.sum())
            self.guesses.both += both
            change = 1 + RATE * (both - GOAL * asked) / len(needed)
            self.slack[layer] = min(1.0, max(LEAST_SLACK, self.slack[layer] * change))
        self._expected = {}

    def _put(self, layer: int, number: int, missing: Mask) -> bool:
        """Give channels places and have them copied there; False if there is no room."""
        if not self.hot.put(number, missing, (*self._busy, *self._expected)):
            return False
        ids = np.flatnonzero(missing)
        self._fetch(layer, number - self._first[layer], ids, self.hot.where[number, ids].astype(np.int64))
        return True

    def _fetch(self, layer: int, expert: int, ids: Numbers, slots: Numbers) -> None:
        self.counts.bytes_read += len(ids) * self._row_bytes
        fetch = self._read if self.way is Way.read else self._gather
        fetch(layer, expert, ids, slots)

    def _read(self, layer: int, expert: int, ids: Numbers, slots: Numbers) -> None:
        assert isinstance(self.host, AllInMemory)
        source, record = self.host.bytes, self.host.begin(layer, expert)
        layout = self.store.layers[layer].layout
        begins = [
            record + offset + ids * (part.nbytes // part.shape[0])
            for part, offset in zip(layout.fields, layout.offsets, strict=True)
        ]

        def work() -> None:
            places = self.device.upload(slots)
            for into, begin in zip((self.rows, self.scale), begins, strict=True):
                copy_rows(source, self.device.upload(begin), into, places)

        self._filled[layer] = self.device.copies(work, self._computed)

    def _gather(self, layer: int, expert: int, ids: Numbers, slots: Numbers) -> None:
        most = self.staging.size // self._row_bytes
        for record in self.host.visit(layer, [expert]):
            fields = self.store.layers[layer].layout.view(record)
            for begin in range(0, len(ids), most):
                part = slice(begin, begin + most)
                self._send(layer, fields["chunks"], fields["scale"], ids[part], slots[part])

    def _send(self, layer: int, chunks: Tensor, scale: Tensor, ids: Numbers, slots: Numbers) -> None:
        chosen, count = torch.from_numpy(ids), len(ids)
        piece = self.staging.take()
        middle, end = count * self.rows[0].nbytes, count * self._row_bytes
        rows = piece[:middle].view(torch.int8).view(count, *self.rows.shape[1:])
        scales = piece[middle:end].view(torch.float32).view(count, 3)
        torch.index_select(chunks, 0, chosen, out=rows)
        torch.index_select(scale, 0, chosen, out=scales)

        def work() -> None:
            places = self.device.upload(slots)
            sent = piece[:end].to(self.device.name, non_blocking=True)
            self.rows.index_copy_(0, places, sent[:middle].view(torch.int8).view(rows.shape))
            self.scale.index_copy_(0, places, sent[middle:].view(torch.float32).view(scales.shape))

        self._filled[layer] = self.device.copies(work, self._computed)
        self.staging.sent(self._filled[layer])
