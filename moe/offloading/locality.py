"""How far neighbouring tokens use the same experts, and what that would spare a cache.

Source of the two figures: Liang et al., arXiv 2505.16056. Both are the best that anything could reach: with a
fixed set of experts for a segment of tokens, and with a cache that knows the future.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from moe.offloading.budget import PREFILL
from moe.offloading.load import OffloadedModel, load
from moe.offloading.masks import Foretold, foretold
from moe.offloading.policies import Belady, hits
from moe.offloading.predict import recall
from moe.recipes.floe import FloeLayer

SEGMENT = 16
"""Tokens of a segment."""


@dataclass(frozen=True, slots=True)
class LayerUse:
    """What a text says about one layer; shares from 0 to 1."""

    segment: float
    """Uses that the best fixed set, twice what a token uses, serves in a segment."""
    cache: float
    """Hits of the best cache of as many experts."""
    predicted: float | None
    """Uses that the layer before predicts, among one expert more than a token uses; None for the first."""
    left_out: float
    """Channels that were not needed (floe)."""
    foretold: Foretold | None
    """How well its channels are told from the layer before (floe)."""


def look(folder: Path, tokens: Sequence[int], memory: int | None = None) -> list[LayerUse]:
    """Compute a text with a store and see what it used; at least a segment of tokens."""
    with closing(load(folder, memory, tokens=PREFILL)) as model, torch.inference_mode():
        with watched(model) as seen:
            for start in range(0, len(tokens) // SEGMENT * SEGMENT, PREFILL):
                model.model(torch.tensor([tokens[start : start + PREFILL]]), use_cache=False)
        return [_use(model, index, seen) for index in range(len(seen))]


@contextmanager
def watched(model: OffloadedModel) -> Iterator[list[list[tuple[Tensor, ...]]]]:
    """The hidden states, choices and shares that each layer is given, piece by piece."""
    seen: list[list[tuple[Tensor, ...]]] = [[] for _ in model.store.layers]
    handles = []
    for stored, mine in zip(model.store.layers, seen, strict=True):

        def saw(_: object, given: tuple[Tensor, ...], mine: list[tuple[Tensor, ...]] = mine) -> None:
            mine.append(tuple(tensor.clone() for tensor in given[:3]))

        handles.append(model.model.get_submodule(stored.layer.name).register_forward_pre_hook(saw))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _use(model: OffloadedModel, index: int, seen: list[list[tuple[Tensor, ...]]]) -> LayerUse:
    stored, compute = model.store.layers[index], model.layers[index].compute
    hidden, choice, share = (torch.cat(parts) for parts in zip(*seen[index], strict=True))
    experts, room = stored.layer.experts, min(stored.layer.experts, 2 * choice.shape[1])
    used = torch.zeros(len(choice), experts).scatter_(1, choice, 1)
    segments = used[: len(used) // SEGMENT * SEGMENT].view(-1, SEGMENT, experts).sum(1)
    served = segments.topk(room, dim=1).values.sum() / segments.sum()
    trace = [(0, row) for row in choice.tolist()]
    best = hits(trace, room, Belady(trace, (1, experts)), (1, experts)) / choice.numel()
    before = torch.cat([part[0] for part in seen[index - 1]]) if index else None
    found = None if before is None else recall(model.ahead, index, before, choice)
    if not isinstance(compute, FloeLayer):
        return LayerUse(float(served), best, found, 0.0, None)
    channels = None if before is None else foretold(compute, before, hidden, choice, share)
    return LayerUse(float(served), best, found, 1 - compute.used / max(1, compute.asked), channels)
