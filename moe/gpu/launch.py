"""Calls of the kernels on tensors, with block sizes for each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from triton import cdiv, next_power_of_2

from moe.gpu import kernels

CHANNELS, GROUPS = 32, 16
"""Of the up projection, at once in a program: 1,024 weights each of 32 channels."""
ENTRIES, HIDDEN = 16, 256
"""Kept channels, and of each so much of a row, at once in a program."""
COLUMNS, SUMMED = 128, 32
"""Of the sum: outputs of a program, and channels that it adds at once."""
SPLITS = 8
"""Programs that share one output's channels, so that a single token fills the GPU."""
WORDS = 1024
"""Of a row, copied at once."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The 2-bit up projections of a layer's experts, and what says which channels they choose."""

    packed: Tensor
    """[experts, channels, hidden / 4] uint8."""
    scale: Tensor
    """[experts, channels, groups] float16, as ``offset``."""
    offset: Tensor
    weight: Tensor
    """[experts, channels] float32."""
    threshold: Tensor
    """[experts] float32."""
    shared: Tensor
    """[experts] float32: whether a router's share counts."""


def choose_channels(
    up: Projection, x: Tensor, choice: Tensor, share: Tensor, slack: float = 1.0
) -> tuple[Tensor, Tensor]:
    """The channels that each pair needs: ids [pairs, channels], ascending, and how many count [pairs].

    ``x`` [tokens, hidden]; ``choice`` and ``share`` [tokens, k]. With ``slack`` below 1, so much smaller
    scores do.
    """
    experts, channels, width = up.packed.shape
    groups, pairs, blocks = up.scale.shape[2], choice.numel(), cdiv(channels, CHANNELS)
    keep = torch.empty((pairs, channels), dtype=torch.int8, device=x.device)
    counts = torch.empty((pairs, blocks), dtype=torch.int32, device=x.device)
    threshold = up.threshold if slack == 1 else up.threshold * slack
    kernels.score_channels[(pairs, blocks)](
        up.packed,
        up.scale,
        up.offset,
        up.weight,
        threshold,
        up.shared,
        x.contiguous(),
        share.contiguous(),
        choice.contiguous(),
        keep,
        counts,
        choice.shape[1],
        experts,
        channels,
        groups,
        SIZE=width // groups,
        CHANNELS=CHANNELS,
        GROUPS=min(GROUPS, next_power_of_2(groups)),
    )
    ids = torch.empty((pairs, channels), dtype=torch.int32, device=x.device)
    totals = torch.empty(pairs, dtype=torch.int32, device=x.device)
    kernels.compact_channels[(pairs, blocks)](
        keep, counts, ids, totals, channels, blocks, CHANNELS=CHANNELS, BLOCKS=next_power_of_2(blocks)
    )
    return ids, totals


def experts_output(rows: Tensor, scale: Tensor, slots: Tensor, lengths: Tensor, x: Tensor) -> Tensor:
    """Every pair's output [pairs, hidden], float32.

    ``rows`` [all, 3, hidden] with ``scale`` [all, 3] hold channels; ``slots`` [pairs, most] int32 says which
    of them are a pair's, of which the first ``lengths`` [pairs] count; ``x`` [tokens, hidden].
    """
    (pairs, most), hidden = slots.shape, x.shape[1]
    if most == 0:
        return torch.zeros((pairs, hidden), dtype=torch.float32, device=x.device)
    inner = torch.empty((pairs, most), dtype=torch.float32, device=x.device)
    kernels.gate_channels[(pairs, cdiv(most, ENTRIES))](
        rows,
        scale,
        slots,
        lengths,
        x.contiguous(),
        inner,
        pairs // len(x),
        most,
        hidden,
        ENTRIES=ENTRIES,
        HIDDEN=HIDDEN,
    )
    splits = min(SPLITS, cdiv(most, SUMMED))
    parts = torch.empty((pairs, splits, hidden), dtype=torch.float32, device=x.device)
    kernels.sum_channels[(pairs, cdiv(hidden, COLUMNS), splits)](
        rows,
        slots,
        lengths,
        inner,
        parts,
        most,
        hidden,
        cdiv(most, splits),
        ENTRIES=SUMMED,
        HIDDEN=COLUMNS,
    )
    return parts.sum(1)


def copy_rows(source: Tensor, begins: Tensor, rows: Tensor, slots: Tensor) -> None:
    """Copy rows out of ``source``, bytes that a kernel can read, into ``rows`` [all, ...] at ``slots`` [n].

    ``begins`` [n] int64 are byte offsets; they and a row's length must be multiples of 4, and go faster as
    multiples of 16.
    """
    width = rows[0].nbytes // 4
    aligned = 4 if width % 4 == 0 else 1
    kernels.copy_rows[(len(slots),)](
        source.view(torch.int32),
        begins // 4,
        rows.view(len(rows), -1).view(torch.int32),
        slots,
        width,
        ALIGNED=aligned,
        WIDTH=min(WORDS, next_power_of_2(width)),
    )
