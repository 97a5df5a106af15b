"""How a GPU's memory is shared out, and the host's beside it."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PretrainedConfig

from moe.errors import MoeError
from moe.gpu.host import PIECE, PIECES
from moe.gpu.layers import WIDE
from moe.offloading.budget import LEAST_SLOTS, PREFILL, SCRATCH, Budget, context_bytes, show_bytes
from moe.recipes.recipe import Grouped, group_for
from moe.storing.store import Store, StoredLayer

STAGING = PIECE * PIECES
LIBRARIES = 64 << 20
"""Bytes of the GPU that matrix products take to work in."""
LEAST_EXPERTS = 3
"""Experts' worth of places for channels, where channels are brought one by one."""


@dataclass(frozen=True, slots=True)
class DeviceBudget:
    """What fits where; together never more than was given.

    The GPU's bytes are those that torch asks it for; CUDA itself takes some hundred MiB more.
    """

    device: Budget
    """Of the GPU's memory; its slots are places for whole experts."""
    channels: int
    """Places for channels; 0 where experts are brought whole."""
    host: int
    """Bytes of the host's memory."""
    host_slots: int | None
    """Experts in the host's memory; None: all of them, where the device copies from."""

    @classmethod
    def plan(
        cls,
        store: Store,
        config: PretrainedConfig,
        memory: int,
        host: int | None,
        tokens: int,
        sequences: int,
    ) -> DeviceBudget:
        """Share out ``memory`` of the GPU and ``host`` (None: as much as it takes).

        Raises ``MoeError``, saying what the least is, if either does not do.
        """
        dense, context = device_bytes(store), context_bytes(config, store, tokens) * sequences
        working = _working_bytes(config, store, sequences)
        fixed, record = dense + context + working, store.largest_record
        row = row_bytes(store)
        rest = LEAST_EXPERTS * _most_channels(store) * row
        least = fixed + LEAST_SLOTS * record + rest
        if memory < least:
            raise MoeError(
                "budget_too_small",
                f"{show_bytes(memory)} of the GPU's memory do not do: this model needs at least {least:,} "
                f"bytes ({show_bytes(least)}) for {sequences} sequences of {tokens} tokens",
            )
        everything = sum(stored.layer.experts for stored in store.layers)
        slots = LEAST_SLOTS if row else min(everything, (memory - fixed) // record)
        channels = 0
        if row:
            all_channels = sum(stored.layer.experts * _channels(stored) for stored in store.layers)
            channels = min(all_channels, (memory - fixed - slots * record) // row)
        device = Budget(memory, dense, context, working, slots)
        return cls(device, channels, *_plan_host(store, host))


def device_bytes(store: Store) -> int:
    """Always on the device: dense weights, and what the recipe keeps there of experts."""
    dense = sum(kept.bytes for kept in store.files if kept.name in store.dense)
    return dense + sum(stored.layer.experts * _resident_bytes(store, stored) for stored in store.layers)


def row_bytes(store: Store) -> int:
    """Of a channel's place; 0 where experts are brought whole."""
    if store.recipe.name != "floe":
        return 0
    return sum(part.nbytes // part.shape[0] for part in store.layers[0].layout.fields)


def _plan_host(store: Store, host: int | None) -> tuple[int, int | None]:
    """Bytes, and places for experts; what is dense passes through, a file at a time, before there are any."""
    record = store.largest_record
    passing = max((kept.bytes for kept in store.files if kept.name in store.dense), default=0)
    whole = max(passing, STAGING + store.expert_bytes)
    if host is None or host >= whole:
        return whole, None
    least = max(passing, STAGING + LEAST_SLOTS * record)
    if host < least:
        raise MoeError(
            "budget_too_small",
            f"{show_bytes(host)} of the host's memory do not do: this model needs at least {least:,} bytes "
            f"({show_bytes(least)})",
        )
    return host, (host - STAGING) // record


def _channels(stored: StoredLayer) -> int:
    return stored.layout.fields[0].shape[0]


def _most_channels(store: Store) -> int:
    return max(_channels(stored) for stored in store.layers)


def _resident_bytes(store: Store, stored: StoredLayer) -> int:
    """Of one expert: codes of 2 bits, a scale and an offset in half precision a group, a weight a channel."""
    if store.recipe.name != "floe":
        return 0
    channels, _, hidden = stored.layout.fields[0].shape
    return channels * (hidden // 4 + 2 * 2 * (hidden // group_for(hidden)) + 4) + 2 * 4


def _working_bytes(config: PretrainedConfig, store: Store, sequences: int) -> int:
    text = config.get_text_config()
    logits = 3 * 4 * text.vocab_size * sequences
    states = 16 * 4 * PREFILL * text.hidden_size
    inside = 4 * PREFILL * max(max(map(sum, stored.layer.shapes.values())) for stored in store.layers)
    return int(LIBRARIES + SCRATCH + PIECE + logits + states + inside + _unpacked_bytes(store))


def _unpacked_bytes(store: Store) -> int:
    """Of what is unpacked at a time: matrices of an expert, or some of its channels and what they compute."""
    if store.recipe.name == "floe":
        hidden = store.layers[0].layout.fields[0].shape[2]
        return WIDE * (32 * hidden + 16 * PREFILL)
    weights = max(stored.layer.numel for stored in store.layers)
    return 14 * weights if isinstance(store.recipe, Grouped) else 0
