"""FloE's recipe: a 2-bit up projection stays in memory and tells which channels of an expert a token needs.

E(x) = W_down (SiLU(W_gate x) * (W_up x)). W_up stands 2 bits well enough to tell which channels matter; the
others are neither read nor computed. What is kept of a channel is its gate row, up row and down column, side
by side in 8 bits: with the finer up row the product is better than with the 2-bit one, for half as many bytes
more.
Source: Zhou et al., ICML 2025 (arXiv 2505.05950); the finer row, and the weights in the criterion, are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import silu

from moe.errors import MoeError
from moe.recipes.compute import Compute
from moe.recipes.kernels import Mask, choose, compile_kernels, sparse_expert
from moe.recipes.quantize import QuantizedMatrix, quantize
from moe.recipes.recipe import group_for

BITS = 2


@dataclass(frozen=True, slots=True)
class Floe:
    """2-bit up projections in memory, 8-bit channels to be fetched."""

    name: str = "floe"

    def check(self, module: nn.Module) -> None:
        plain = (
            module.has_gate and module.is_concatenated and not module.is_transposed and not module.has_bias
        )
        probe = torch.linspace(-3, 3, 8)
        if not plain or not torch.allclose(module._apply_gate(probe), silu(probe[:4]) * probe[4:]):  # type: ignore[operator]
            raise MoeError(
                "not_swiglu", "the floe recipe is for SwiGLU experts without biases: use int8 or int4"
            )
        group_for(int(module.gate_up_proj.shape[2]))  # type: ignore[index]

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        gate, up = weights["gate_up_proj"].float().chunk(2)
        rows = torch.stack((gate, up, weights["down_proj"].float().T), dim=1)  # [channels, 3, hidden]
        scale = rows.abs().amax(-1, keepdim=True) / 127
        codes = (rows / scale.clamp_min(1e-30)).round().to(torch.int8)
        return {"chunks": codes, "scale": scale.squeeze(-1)}

    def resident(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        up = weights["gate_up_proj"].float().chunk(2)[1]
        matrix = quantize(up, BITS, group_size=group_for(up.shape[1]))
        return {
            "packed": matrix.packed,
            "scale": matrix.scale.float(),
            "offset": matrix.offset.float(),
            "norm": weights["down_proj"].float().norm(dim=0),
            "weight": weights["down_proj"].float().norm(dim=0),
            "threshold": torch.full((), -1.0),
            "shared": torch.ones(()),
        }

    def layer(self, module: nn.Module, resident: Mapping[str, Tensor], dtype: torch.dtype) -> FloeLayer:
        return FloeLayer(dict(resident))


@dataclass(frozen=True, slots=True)
class Channels:
    """An expert's channels that are in memory, each where it happens to be."""

    chunks: NDArray[np.int8]
    """[places, 3, hidden]: gate rows, up rows and down columns, of many experts."""
    places: NDArray[np.int32]
    """[channels]: where each of this expert's is among them; below 0 where it is not."""
    scale: NDArray[np.float32]
    """[channels, 3]"""

    @classmethod
    def of(cls, fields: Mapping[str, Tensor]) -> Channels:
        """All of them, from an expert's fields."""
        chunks = fields["chunks"].numpy()
        return cls(chunks, np.arange(len(chunks), dtype=np.int32), fields["scale"].numpy())

    @property
    def fields(self) -> dict[str, Tensor]:
        """A copy as an expert's fields; all channels must be there."""
        return {
            "chunks": torch.from_numpy(self.chunks[self.places]),
            "scale": torch.from_numpy(self.scale),
        }


@dataclass(slots=True, eq=False)
class FloeLayer:
    """One layer's experts: what stays in memory of them, and what was used."""

    resident: dict[str, Tensor]
    used: int = 0
    """Channels that tokens used, all in all."""
    asked: int = 0
    """Channels that they would have used without thresholds."""
    observer: Observer | None = None
    _arrays: list[tuple[Any, Any, Any, Any]] = field(init=False)

    def __post_init__(self) -> None:
        side_by_side = [self.resident[name].mT.contiguous() for name in ("packed", "scale", "offset")]
        stacked = [tensor.numpy() for tensor in (*side_by_side, self.resident["weight"])]
        self._arrays = list(zip(*stacked, strict=True))
        for name, tensor in zip(("packed", "scale", "offset"), side_by_side, strict=True):
            self.resident[name] = tensor.mT
        compile_kernels()

    def __call__(self, expert: int, fields: Mapping[str, Tensor]) -> Compute:
        channels = Channels.of(fields)
        return lambda x, share: self.compute(expert, channels, self.choose(expert, x, share))(x, share)

    def choose(self, expert: int, x: Tensor, share: Tensor, slack: float = 1.0) -> Mask:
        """The channels [tokens, channels] that ``expert`` needs for ``x``: those above its threshold.

        With less ``slack`` than 1, those above a lower one as well.
        """
        weight = self._arrays[expert][3]
        mask = np.empty((len(x), len(weight)), dtype=np.bool_)
        if self.observer is not None:
            mask[:] = True
            return mask
        shares = share.float().contiguous() if self.resident["shared"][expert] else torch.ones(len(x))
        choose(
            *self._arrays[expert],
            float(self.resident["threshold"][expert]) * slack,
            x.float().contiguous().numpy(),
            shares.numpy().ravel(),
            mask,
        )
        return mask

    def leaves_out(self, expert: int) -> bool:
        """Whether ``expert`` has a threshold at all."""
        return float(self.resident["threshold"][expert]) > 0

    def scores(self, expert: int, x: Tensor, share: Tensor) -> Tensor:
        """What :meth:`choose` compares with 1: [tokens, channels], as a multiple of the threshold."""
        scores = (x.float() @ self.up(expert).T).abs() * self.resident["weight"][expert]
        shares = share.float() if self.resident["shared"][expert] else torch.ones_like(share).float()
        return scores * shares / self.resident["threshold"][expert]

    def compute(self, expert: int, channels: Channels, mask: Mask) -> Compute:
        """``expert`` with the channels of ``mask`` [tokens, channels] alone; they must be there."""
        if self.observer is not None:
            return self.observer.expert(expert, self.up(expert), channels.fields)

        def compute(x: Tensor, share: Tensor) -> Tensor:
            out = torch.empty(x.shape, dtype=torch.float32)
            tokens = x.float().contiguous().numpy()
            sparse_expert(mask, channels.chunks, channels.places, channels.scale, tokens, out.numpy())
            self.used += int(np.count_nonzero(mask))
            self.asked += mask.size
            return out.to(x.dtype)

        return compute

    @property
    def norms(self) -> Tensor:
        """Of the down columns, [experts, channels]."""
        return self.resident["norm"]

    def up(self, expert: int) -> Tensor:
        """The 2-bit up projection [channels, hidden], as it is computed with."""
        packed, scale, offset = (self.resident[name][expert] for name in ("packed", "scale", "offset"))
        return QuantizedMatrix(packed, scale, offset, BITS).dequantize()


class Observer(Protocol):
    """Computes experts with all their channels, and notes what it sees."""

    def expert(self, expert: int, up: Tensor, fields: Mapping[str, Tensor]) -> Compute:
        """``up`` is the 2-bit projection [channels, hidden]."""
        ...


def dense_parts(fields: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Gate rows, up rows and down columns, each [channels, hidden], out of an expert's fields."""
    gate, up, down = (fields["chunks"].float() * fields["scale"][..., None]).unbind(1)
    return gate, up, down
