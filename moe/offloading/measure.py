"""How fast a store writes in how much memory, and what it moves for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch
from transformers import Cache, PreTrainedModel

from moe.offloading.bound import best_hits, our_hits
from moe.offloading.budget import PREFILL, show_bytes
from moe.offloading.cache import Counts
from moe.offloading.channels import ChannelCache
from moe.offloading.load import OffloadedModel, load
from moe.offloading.places import HotChannels
from moe.offloading.policies import Belady, hits, policy_named
from moe.recipes.floe import FloeLayer

WARM = 8
"""Tokens written before the clock starts."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement of an engine."""

    recipe: str
    memory: int
    slots: int
    experts: int
    prefill: float
    """Tokens a second of the first prompt."""
    warm_prefill: float
    """The same of another, when what the first used is in memory."""
    decode: float
    """Tokens a second, by the median of the times that they took."""
    read_per_token: float
    """Bytes from disk."""
    touched_per_token: float
    """Bytes of experts that were computed with."""
    hit_rate: float
    """Of floe, channels that were in memory; else experts."""
    of_belady: float | None
    """Hits of the policy alone, without prefetching, as a share of the best possible for what was written.

    Both begin with nothing in memory.
    """
    own: float
    """Seconds a token of the computing thread's own: its CPU time, and its waiting for reads."""
    stalled: float
    """Share of the time that was spent waiting for a read."""
    predicted: float
    """Share of the experts used that had been predicted."""
    mask_recall: float | None = None
    """Share of the channels needed that had been predicted, where any had to be (floe)."""
    mask_precision: float | None = None
    """Share of the channels predicted that were needed."""


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


FIGURES: dict[str, Callable[[Speed], str]] = {
    "memory": lambda speed: show_bytes(speed.memory),
    "experts in it": lambda speed: f"{speed.slots} of {speed.experts}",
    "tokens read a second": lambda speed: f"{speed.prefill:.0f}, then {speed.warm_prefill:.0f}",
    "tokens written a second": lambda speed: f"{speed.decode:.1f}",
    "from disk, a token": lambda speed: show_bytes(speed.read_per_token),
    "computed with, a token": lambda speed: show_bytes(speed.touched_per_token),
    "found in memory": lambda speed: _share(speed.hit_rate),
    "hits, of the best possible": lambda speed: _share(speed.of_belady),
    "time spent waiting": lambda speed: _share(speed.stalled),
    "experts predicted": lambda speed: _share(speed.predicted),
    "channels predicted": lambda speed: _share(speed.mask_recall),
    "and of these needed": lambda speed: _share(speed.mask_precision),
}
"""What people read of a measurement."""


def measure(
    folder: Path,
    memory: int | None,
    tokens: Sequence[int],
    prompt: int,
    policy: str = "anticipating",
    *,
    copies: bool = False,
    stale_masks: bool = False,
    device: str = "cpu",
    host_memory: int | None = None,
) -> Speed:
    """Read the first ``prompt`` of ``tokens`` twice, then write the others, one by one.

    What is written is given, so that every engine computes the same text.
    """
    model = load(
        folder,
        memory,
        tokens=len(tokens),
        policy=policy,
        copies=copies,
        stale_masks=stale_masks,
        device=device,
        host_memory=host_memory,
    )
    with closing(model), torch.inference_mode():
        cold, _ = read(model.model, tokens[:prompt])
        warm, cache = read(model.model, tokens[:prompt])
        written = tokens[prompt:]
        write(model.model, cache, written[:WARM])
        _reset(model)
        busy = time.thread_time()
        times = write(model.model, cache, written[WARM:])
        busy = time.thread_time() - busy
    return _speed(model, policy, (prompt / cold, prompt / warm), times, busy)


def read(model: PreTrainedModel, prompt: Sequence[int]) -> tuple[float, Cache]:
    """Compute a prompt; returns seconds, and what the model remembers of it."""
    began = time.perf_counter()
    cache: Cache | None = None
    for start in range(0, len(prompt), PREFILL):
        piece = torch.tensor([prompt[start : start + PREFILL]])
        cache = model(piece, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values
    assert cache is not None  # a prompt has tokens
    return time.perf_counter() - began, cache


def write(model: PreTrainedModel, cache: Cache, tokens: Sequence[int]) -> list[float]:
    """Compute ``tokens`` one after the other, choosing each time as if it were written; returns seconds."""
    times = []
    for token in tokens:
        began = time.perf_counter()
        model(torch.tensor([[token]]), past_key_values=cache, use_cache=True).logits[:, -1].argmax(-1).item()
        times.append(time.perf_counter() - began)
    return times


def _reset(model: OffloadedModel) -> None:
    model.cache.counts, model.cache.trace = Counts(), []
    model.guesses.right = model.guesses.asked = 0
    if model.copies is not None:
        model.copies.cache.counts, model.copies.used = Counts(), 0
    if model.masks is not None:
        model.masks.guesses.needed = model.masks.guesses.predicted = model.masks.guesses.both = 0
    for layer in _floe_layers(model):
        layer.used = layer.asked = 0


def _speed(
    model: OffloadedModel, policy: str, prefill: tuple[float, float], times: list[float], busy: float
) -> Speed:
    counts, layers, written = model.cache.counts, model.store.layers, len(times)
    uses = counts.hits + counts.misses
    hit_rate, of_belady = _hits(model, policy)
    speed = Speed(
        model.store.recipe.name,
        model.budget.total,
        model.budget.slots,
        sum(stored.layer.experts for stored in layers),
        *prefill,
        1 / median(times),
        model.bytes_read / written,
        _touched(model, uses) / written,
        hit_rate,
        of_belady,
        (busy + model.stalled) / written,
        model.stalled / sum(times),
        model.guesses.right / max(1, model.guesses.asked),
    )
    if model.masks is None or not model.masks.guesses.needed:
        return speed
    guesses = model.masks.guesses
    return replace(speed, mask_recall=guesses.recall, mask_precision=guesses.precision)


def _hits(model: OffloadedModel, policy: str) -> tuple[float, float | None]:
    """Share of uses found in memory, and hits of the rule alone beside the best possible."""
    cache, layers, slots = model.cache, model.store.layers, model.budget.slots
    counts = cache.counts
    shape = len(layers), max(stored.layer.experts for stored in layers)
    if isinstance(cache, ChannelCache):
        trace, (experts, channels) = cache.trace or [], cache.hot.where.shape
        empty = HotChannels(len(layers), experts, channels, cache.hot.places)
        best = best_hits(trace, cache.hot.places, channels)
        ours = our_hits(trace, empty, shape[1])
        return 1 - counts.channels_missing / max(1, counts.channels_asked), ours / max(1, best)
    if counts.channels_asked:  # on a device; there is no record of channels there
        return 1 - counts.channels_missing / counts.channels_asked, None
    visits = cache.trace or []
    best = hits(visits, slots, Belady(visits, shape), shape)
    ours = hits(visits, slots, policy_named(policy, shape), shape)
    return counts.hits / max(1, counts.hits + counts.misses), ours / max(1, best)


def _touched(model: OffloadedModel, uses: int) -> float:
    floe = _floe_layers(model)
    used = sum(layer.used for layer in floe) if floe else model.cache.counts.channels_asked
    if used:
        chunk = model.store.layers[0].layout.fields[0]
        return float(used * chunk.nbytes / chunk.shape[0])
    return float(uses * model.store.largest_record)


def _floe_layers(model: OffloadedModel) -> list[FloeLayer]:
    computes = [getattr(layer, "compute", None) for layer in model.layers]
    return [compute for compute in computes if isinstance(compute, FloeLayer)]
