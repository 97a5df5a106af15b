"""How long the kernels take, beside what moving their bytes takes at least; and whether they are right."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.moe_gpu_parts.shape import Row, Scene, random_projection, random_rows
from moe.gpu import reference
from moe.gpu.launch import Projection, choose_channels, experts_output

PAIRS = 2
"""Experts of the one token that is written."""
TOLERANCE = 2e-3
"""Of single-precision sums over some thousand products, relative to the largest output."""


def measure(scene: Scene) -> list[Row]:
    """One token: choosing channels in 2 bits, and computing with them."""
    shape, device = scene.shape, scene.device.name
    up = random_projection(shape, device)
    x = torch.randn(1, shape.hidden, dtype=torch.bfloat16, device=device)
    share = torch.full((1, PAIRS), 0.5, device=device)
    choice = torch.tensor([[0, 1]], device=device)
    rows, scale = random_rows(2 * shape.channels, shape.hidden, device)
    most = int((1 - shape.sparsity) * shape.channels)
    slots = torch.randperm(len(rows), device=device)[: PAIRS * most].view(PAIRS, most).int()
    lengths = torch.full((PAIRS,), most, dtype=torch.int32, device=device)
    _check(up, x, choice, share, rows, scale, slots, lengths)
    choosing = scene.kernel_seconds(lambda: choose_channels(up, x, choice, share))
    computing = scene.kernel_seconds(lambda: experts_output(rows, scale, slots, lengths, x))
    bits = PAIRS / shape.experts * sum(part.nbytes for part in (up.packed, up.scale, up.offset, up.weight))
    chunks = PAIRS * most * (rows[0].nbytes + scale[0].nbytes)
    bandwidth = scene.bandwidth()
    return [
        Row("device memory, copy", bandwidth / 1e9, "GB/s"),
        Row("channels of 2 experts chosen, 2 bits", 1e6 * choosing, "µs", 1e6 * bits / bandwidth, "less"),
        Row(f"{most} channels of 2 experts", 1e6 * computing, "µs", 1e6 * chunks / bandwidth, "less"),
    ]


def _check(
    up: Projection,
    x: Tensor,
    choice: Tensor,
    share: Tensor,
    rows: Tensor,
    scale: Tensor,
    slots: Tensor,
    lengths: Tensor,
) -> None:
    """On this device, against the reference; raises ``ArithmeticError`` where they differ."""
    up.threshold.fill_(0.3)
    ids, totals = choose_channels(up, x, choice, share)
    for pair, expert in enumerate(choice[0].tolist()):
        wanted = reference.kept(up, expert, x, share[:, pair, None])[0]
        found = torch.zeros_like(wanted)
        found[ids[pair, : int(totals[pair])].long()] = True
        differing = int((wanted != found).sum())
        if differing > 1e-3 * len(wanted):  # scores that round to either side of the threshold
            raise ArithmeticError(f"{differing} of {len(wanted)} channels are chosen differently")
    up.threshold.fill_(-1.0)
    wanted = reference.experts_output(rows, scale, slots, lengths, x)
    error = float((experts_output(rows, scale, slots, lengths, x) - wanted).abs().max() / wanted.abs().max())
    if not error < TOLERANCE:
        raise ArithmeticError(f"the sparse expert is off by {error:.2g} of the largest output")
