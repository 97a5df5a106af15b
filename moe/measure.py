"""How fast a store writes in how much memory, and what it moves for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from moe.budget import PREFILL, show_bytes
from moe.floe import FloeLayer
from moe.load import OffloadedModel, load
from moe.policies import Belady, hits, policy_named

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
    """Tokens a second."""
    decode: float
    """Tokens a second, by the median of the times that they took."""
    read_per_token: float
    """Bytes from disk."""
    touched_per_token: float
    """Bytes of experts that were computed with."""
    hit_rate: float
    of_belady: float
    """Hits of the policy alone, without prefetching, as a share of the best possible on the same trace."""
    own: float
    """Seconds a token of the computing thread's own: its CPU time, and its waiting for reads."""
    stalled: float
    """Share of the time that was spent waiting for a read."""
    predicted: float
    """Share of the experts used that had been predicted."""


FIGURES: dict[str, Callable[[Speed], str]] = {
    "memory": lambda speed: show_bytes(speed.memory),
    "experts in it": lambda speed: f"{speed.slots} of {speed.experts}",
    "tokens read a second": lambda speed: f"{speed.prefill:.0f}",
    "tokens written a second": lambda speed: f"{speed.decode:.1f}",
    "from disk, a token": lambda speed: show_bytes(speed.read_per_token),
    "computed with, a token": lambda speed: show_bytes(speed.touched_per_token),
    "found in memory": lambda speed: f"{speed.hit_rate:.0%}",
    "hits, of the best possible": lambda speed: f"{speed.of_belady:.0%}",
    "time spent waiting": lambda speed: f"{speed.stalled:.0%}",
    "experts predicted": lambda speed: f"{speed.predicted:.0%}",
}
"""What people read of a measurement."""


def measure(
    folder: Path, memory: int | None, prompt: Sequence[int], written: int, policy: str = "anticipating"
) -> Speed:
    """Read ``prompt``, then write ``written`` tokens, always the likeliest."""
    tokens = len(prompt) + written + WARM
    with closing(load(folder, memory, tokens=tokens, policy=policy)) as model, torch.inference_mode():
        model.cache.trace = []
        began = time.perf_counter()
        cache, token = None, torch.empty(0)
        for start in range(0, len(prompt), PREFILL):
            piece = torch.tensor([prompt[start : start + PREFILL]])
            out = model.model(piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache, token = out.past_key_values, out.logits[:, -1].argmax(-1, keepdim=True)
        prefill = len(prompt) / (time.perf_counter() - began)
        times: list[float] = []
        busy = 0.0
        for step in range(WARM + written):
            if step == WARM:
                _reset(model)
                times.clear()
                busy = time.thread_time()
            began = time.perf_counter()
            out = model.model(token, past_key_values=cache, use_cache=True)
            token = out.logits[:, -1].argmax(-1, keepdim=True)
            times.append(time.perf_counter() - began)
        return _speed(model, policy, prefill, times, time.thread_time() - busy)


def _reset(model: OffloadedModel) -> None:
    counts = model.cache.counts
    counts.hits = counts.misses = counts.bytes_read = 0
    counts.stalled = 0.0
    model.guesses.right = model.guesses.asked = 0
    for layer in _floe_layers(model):
        layer.used = layer.asked = 0


def _speed(model: OffloadedModel, policy: str, prefill: float, times: list[float], busy: float) -> Speed:
    counts, trace, layers = model.cache.counts, model.cache.trace or [], model.store.layers
    shape = len(layers), max(stored.layer.experts for stored in layers)
    uses, written = counts.hits + counts.misses, len(times)
    best = hits(trace, model.budget.slots, Belady(trace, shape), shape)
    ours = hits(trace, model.budget.slots, policy_named(policy, shape), shape)
    return Speed(
        model.store.recipe.name,
        model.budget.total,
        model.budget.slots,
        sum(stored.layer.experts for stored in layers),
        prefill,
        1 / median(times),
        counts.bytes_read / written,
        _touched(model, uses) / written,
        counts.hits / uses,
        ours / max(1, best),
        (busy + counts.stalled) / written,
        counts.stalled / sum(times),
        model.guesses.right / max(1, model.guesses.asked),
    )


def _touched(model: OffloadedModel, uses: int) -> float:
    floe = _floe_layers(model)
    if floe:
        chunk = model.store.layers[0].layout.fields[0]
        return float(sum(layer.used for layer in floe) * chunk.nbytes / chunk.shape[0])
    return float(uses * model.store.largest_record)


def _floe_layers(model: OffloadedModel) -> list[FloeLayer]:
    return [layer.compute for layer in model.layers if isinstance(layer.compute, FloeLayer)]
