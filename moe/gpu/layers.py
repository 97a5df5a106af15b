"""A layer's experts, computed on a device out of what was brought there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import silu

from moe.gpu import reference
from moe.gpu.channels import ChannelPool
from moe.gpu.experts import ExpertPool
from moe.gpu.launch import Projection, choose_channels, experts_output
from moe.recipes.compute import Compute, expert_forward, route
from moe.recipes.quantize import QuantizedMatrix
from moe.recipes.recipe import Grouped, LayerCompute, Recipe
from moe.storing.store import StoredLayer

FEW = 8
"""Tokens up to which channels are brought one by one; more need nearly all of an expert's between them."""
WIDE = 1024
"""Channels of a whole expert that are unpacked at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Router:
    """What tells, a layer ahead, which experts the tokens will use."""

    weight: Tensor
    """[experts, hidden]."""
    count: int

    def guess(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Likely experts and their shares, [tokens, k] each."""
        chances = (hidden.to(self.weight.dtype) @ self.weight.T).softmax(-1, dtype=torch.float32)
        share, choice = chances.topk(min(self.count, chances.shape[1]))
        return choice, share / share.sum(-1, keepdim=True)


@dataclass(frozen=True, slots=True, eq=False)
class WholeLayer:
    """Experts that are brought whole."""

    index: int
    stored: StoredLayer
    compute: LayerCompute
    pool: ExpertPool
    following: Router | None
    """The next layer's."""

    def __call__(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
        likely: list[int] = []
        if self.following is not None and len(hidden) <= FEW:
            # Asked for now, while the device is up to date: later it will be waiting for copies.
            likely = list(dict.fromkeys(self.following.guess(hidden)[0].flatten().tolist()))
        return route(hidden, choice, share, self.stored.layer.experts, partial(self._visit, likely))

    def _visit(self, likely: Sequence[int], experts: Sequence[int]) -> Iterator[tuple[int, Compute]]:
        for position, (expert, record) in enumerate(self.pool.visit(self.index, experts)):
            if position == 0 and likely:  # by now this layer's own copies stand in the queue
                self.pool.prefetch(self.index + 1, likely)
            yield expert, self.compute(expert, self.stored.layout.view(record))


@dataclass(frozen=True, slots=True, eq=False)
class SparseLayer:
    """Experts of which only the channels are brought that tokens need; for many tokens, whole ones."""

    index: int
    stored: StoredLayer
    up: Projection
    whole: ExpertPool
    channels: ChannelPool
    following: tuple[Router, Projection] | None
    """The next layer's."""

    def __call__(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
        found = self._few(hidden, choice, share) if len(hidden) <= FEW else None
        return self._many(hidden, choice, share) if found is None else found

    def _few(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor | None:
        """None if the channels are more than there is room for."""
        ids, lengths = choose_channels(self.up, hidden, choice, share)
        wanted = [_listed(choice, ids, lengths)]
        if self.following is not None:
            router, up = self.following
            slack = self.channels.slack[self.index + 1]
            likely, shares = router.guess(hidden)
            wanted.append(_listed(likely, *choose_channels(up, hidden, likely, shares, slack)))
        now, *later = _on_host(wanted)
        slots = self.channels.bring(self.index, now)
        if slots is None:
            return None
        table = np.zeros((len(slots), max(map(len, slots))), dtype=np.int32)
        for row, own in zip(table, slots, strict=True):
            row[: len(own)] = own
        pool = self.channels
        out = experts_output(pool.rows, pool.scale, pool.device.upload(table), lengths, hidden)
        for guessed in later:  # while the device waits for its channels, and computes
            pool.expect(self.index + 1, guessed)
        pool.used()
        weighted = out.view(*choice.shape, -1) * share.float()[..., None]
        return weighted.sum(1).to(hidden.dtype)

    def _many(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
        return route(hidden, choice, share, self.stored.layer.experts, self._visit)

    def _visit(self, experts: Sequence[int]) -> Iterator[tuple[int, Compute]]:
        for expert, record in self.whole.visit(self.index, experts):
            yield expert, partial(self._wide, expert, self.stored.layout.view(record))

    def _wide(self, expert: int, fields: Mapping[str, Tensor], x: Tensor, share: Tensor) -> Tensor:
        """Many tokens: matrices in the model's own type, some channels at a time."""
        out = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
        for begin in range(0, len(fields["chunks"]), WIDE):
            piece = slice(begin, begin + WIDE)
            rows = fields["chunks"][piece].to(x.dtype) * fields["scale"][piece, :, None].to(x.dtype)
            gate, up, down = rows.unbind(1)
            inner = silu(x @ gate.T) * (x @ up.T) * reference.kept(self.up, expert, x, share, piece)
            out += (inner @ down).float()
        return out.to(x.dtype)


def whole_compute(recipe: Recipe, module: nn.Module, dtype: torch.dtype) -> LayerCompute:
    """Computes with experts' fields on a device, by torch alone."""

    def expert(_: int, fields: Mapping[str, Tensor]) -> Compute:
        weights = _unpacked(fields, recipe.bits, dtype) if isinstance(recipe, Grouped) else fields
        return lambda x, share: expert_forward(module, weights, x)

    return expert


def _unpacked(fields: Mapping[str, Tensor], bits: int, dtype: torch.dtype) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for name, field in fields.items():
        stem, _, part = name.rpartition(".")
        if part == "packed":
            matrix = QuantizedMatrix(field, fields[f"{stem}.scale"], fields[f"{stem}.offset"], bits)
            weights[stem] = matrix.dequantize(dtype)
        elif part not in ("scale", "offset"):
            weights[name] = field
    return weights


def _listed(choice: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
    """Pairs in one tensor of the device: [pairs, 2 + channels]."""
    return torch.cat((choice.reshape(-1, 1).int(), lengths[:, None], ids), dim=1)


def _on_host(lists: Sequence[Tensor]) -> list[list[tuple[int, NDArray[np.int32]]]]:
    """The pairs' experts and channels, brought over at once: the one time that the host waits in a layer."""
    numbers = torch.cat([one.flatten() for one in lists]).cpu().numpy()
    parts = np.split(numbers, np.cumsum([one.numel() for one in lists])[:-1])
    return [
        [(int(pair[0]), pair[2 : 2 + pair[1]]) for pair in part.reshape(one.shape)]
        for part, one in zip(parts, lists, strict=True)
    ]
