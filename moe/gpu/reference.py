"""What the kernels compute, in plain PyTorch: for the tests, and wherever tokens are many."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu

from moe.gpu.launch import Projection
from moe.recipes.packing import unpack


def dequantized(up: Projection, expert: int, channels: slice = slice(None)) -> Tensor:
    """An expert's 2-bit up projection [channels, hidden] in single precision."""
    codes = unpack(up.packed[expert, channels], 2).float()
    scale, offset = up.scale[expert, channels].float(), up.offset[expert, channels].float()
    grouped = codes.view(*scale.shape, -1) * scale[..., None] + offset[..., None]
    return grouped.flatten(-2)


def kept(up: Projection, expert: int, x: Tensor, share: Tensor, channels: slice = slice(None)) -> Tensor:
    """Which channels [tokens, channels] the tokens ``x`` with ``share`` [tokens, 1] need."""
    counted = torch.where(up.shared[expert] != 0, share.float(), 1.0)
    score = (x.float() @ dequantized(up, expert, channels).T).abs() * up.weight[expert, channels]
    return counted * score > up.threshold[expert]


def sparse_expert(rows: Tensor, scale: Tensor, x: Tensor) -> Tensor:
    """Channels ``rows`` [n, 3, hidden] with ``scale`` [n, 3] on one token ``x`` [hidden]."""
    gate, up, down = (rows.float() * scale[..., None]).unbind(1)
    return (silu(gate @ x.float()) * (up @ x.float())) @ down


def experts_output(
    rows: Tensor,
    scale: Tensor,
    slots: Tensor,
    lengths: Tensor,
    x: Tensor,
) -> Tensor:
    """Every pair's output [pairs, hidden] out of the channels in its slots."""
    per_token = len(slots) // len(x)
    outputs = []
    for pair, (own, length) in enumerate(zip(slots, lengths.tolist(), strict=True)):
        mine = own[:length].long()
        outputs.append(sparse_expert(rows[mine], scale[mine], x[pair // per_token]))
    return torch.stack(outputs)
