"""How a memory budget is shared out: what must be in memory, and the rest for experts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transformers import PretrainedConfig

from moe.errors import MoeError
from moe.offloading.channels import bytes_beside
from moe.storing.store import Store

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
PREFILL = 256
"""Tokens of a prompt that are computed at once."""
SCRATCH = 8 << 20
"""Bytes for what is small and many: norms, rotations, masks, tables."""
LEAST_SLOTS = 2
"""One expert is computed while the next is read."""


def parse_bytes(text: str) -> int:
    """``11GiB``, ``500 MB`` or a plain number of bytes; raises ``MoeError`` for anything else."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([A-Za-z]*)\s*", text)
    if not found or found[2].upper() not in UNITS or found[1].count(".") > 1 or found[1] == ".":
        raise MoeError("bad_size", f"{text!r} is no size: write 11GiB or 500MB, say")
    return int(float(found[1]) * UNITS[found[2].upper()])


def show_bytes(size: float) -> str:
    """A size for people, rounded to three digits."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:.0f} bytes"


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes for each use; together never more than was given.

    They are counted over what Python and torch take themselves, some 400 MiB.
    """

    total: int
    dense: int
    context: int
    """Keys and values of all sequences at their longest."""
    working: int
    slots: int
    """Experts that fit in what is left."""

    @property
    def experts(self) -> int:
        """Bytes for experts."""
        return self.total - self.dense - self.context - self.working

    @classmethod
    def plan(
        cls, store: Store, config: PretrainedConfig, total: int | None, tokens: int, sequences: int
    ) -> Budget:
        """Share out ``total`` bytes, for ``sequences`` of ``tokens`` tokens each.

        A ``total`` of None is as much as the model takes. Raises ``MoeError``, saying what the least is, if
        it does not do.
        """
        everything = sum(stored.layer.experts for stored in store.layers)
        dense, context = store.dense_bytes, context_bytes(config, store, tokens) * sequences
        working = _working_bytes(config, store, sequences)
        fixed = dense + context + working
        if total is None:
            total = fixed + everything * store.largest_record
        least = fixed + LEAST_SLOTS * store.largest_record
        if total < least:
            raise MoeError(
                "budget_too_small",
                f"{show_bytes(total)} of memory do not do: this model needs at least {least:,} bytes "
                f"({show_bytes(least)}) for {sequences} sequences of {tokens} tokens",
            )
        slots = min(everything, (total - fixed) // store.largest_record)
        return cls(total, dense, context, working, slots)


def context_bytes(config: PretrainedConfig, store: Store, tokens: int) -> int:
    """Of one sequence's keys and values."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * size * tokens * store.dtype.itemsize)


def _working_bytes(config: PretrainedConfig, store: Store, sequences: int) -> int:
    text = config.get_text_config()
    logits = 3 * 4 * text.vocab_size * sequences
    states = 16 * 4 * PREFILL * text.hidden_size
    widest = max(stored.layer.numel * store.dtype.itemsize for stored in store.layers)
    inside = 4 * PREFILL * max(max(map(sum, stored.layer.shapes.values())) for stored in store.layers)
    if store.recipe.name == "floe":
        experts = bytes_beside(store)
    else:
        experts = 0 if store.recipe.name == "exact" else 3 * widest
    return int(SCRATCH + logits + states + inside + experts)
