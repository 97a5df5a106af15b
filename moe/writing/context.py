"""What sequences remember: keys and values, together for a step, apart for keeping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PretrainedConfig
from transformers.cache_utils import DynamicLayer

Layers = list[tuple[Tensor, Tensor]]
"""Keys and values [1, heads, tokens, size] of each layer."""


def is_plain(config: PretrainedConfig) -> bool:
    """Whether a model remembers keys and values alone, so that sequences can be computed together.

    Models with recurrent layers keep other states as well: their sequences are computed one by one.
    """
    kinds = DynamicCache(config=config).layers
    return all(isinstance(layer, DynamicLayer) for layer in kinds)


def empty(config: PretrainedConfig) -> Cache:
    """The memory of one new sequence."""
    return DynamicCache() if is_plain(config) else DynamicCache(config=config)


def taken_from(cache: Cache) -> Layers:
    """A sequence's keys and values."""
    return [(layer.keys, layer.values) for layer in _layers(cache)]


def made_of(layers: Layers, tokens: int) -> Cache:
    """A memory of the first ``tokens`` tokens of ``layers``."""
    cache = DynamicCache()
    for index, (keys, values) in enumerate(layers):
        cache.update(keys[:, :, :tokens], values[:, :, :tokens], index)
    return cache


def together(parts: Sequence[Layers]) -> Cache:
    """One memory for all, each sequence padded at its beginning; ``parts`` are emptied layer by layer."""
    cache = DynamicCache()
    longest = max(layers[0][0].shape[2] for layers in parts)
    for index in range(len(parts[0])):
        keys = torch.cat([_padded(layers[index][0], longest) for layers in parts])
        values = torch.cat([_padded(layers[index][1], longest) for layers in parts])
        cache.update(keys, values, index)
        for layers in parts:
            layers[index] = (keys[:0], values[:0])
    return cache


def apart(cache: Cache, lengths: Sequence[int]) -> list[Layers]:
    """Each sequence's own again; the memory for all is emptied layer by layer."""
    parts: list[Layers] = [[] for _ in lengths]
    for layer in _layers(cache):
        for row, length in enumerate(lengths):
            start = layer.keys.shape[2] - length
            own = layer.keys[row : row + 1, :, start:].clone(), layer.values[row : row + 1, :, start:].clone()
            parts[row].append(own)
        layer.keys, layer.values = layer.keys[:0], layer.values[:0]
    return parts


def _layers(cache: Cache) -> list[Any]:
    """Layers that hold keys and values, as those of plain models do."""
    return list(cache.layers)


def _padded(tensor: Tensor, length: int) -> Tensor:
    missing = length - tensor.shape[2]
    return torch.nn.functional.pad(tensor, (0, 0, missing, 0)) if missing else tensor


@dataclass(slots=True, eq=False)
class Prefixes:
    """Keys and values of what was computed lately, for prompts that begin alike; ``room`` tokens in all."""

    room: int
    _kept: list[tuple[tuple[int, ...], Layers]] = field(default_factory=list)

    def keep(self, tokens: Sequence[int], layers: Layers) -> None:
        """Remember ``layers`` of ``tokens``; the oldest make room."""
        if len(tokens) > self.room:
            return
        mine = tuple(tokens)
        self._kept = [(other, kept) for other, kept in self._kept if other != mine[: len(other)]]
        copies = [
            (keys[:, :, : len(mine)].clone(), values[:, :, : len(mine)].clone()) for keys, values in layers
        ]
        self._kept.append((mine, copies))
        while sum(len(other) for other, _ in self._kept) > self.room:
            self._kept.pop(0)

    def longest(self, tokens: Sequence[int]) -> tuple[int, Layers]:
        """How many of the first ``tokens`` are known, all but the last at most, and their layers."""
        best, found = 0, -1
        for place, (other, _) in enumerate(self._kept):
            common = 0
            for mine, theirs in zip(tokens[:-1], other, strict=False):
                if mine != theirs:
                    break
                common += 1
            if common > best:
                best, found = common, place
        if found < 0:
            return 0, []
        self._kept.append(self._kept.pop(found))
        return best, self._kept[-1][1]
