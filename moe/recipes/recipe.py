"""How experts are kept, and computed as they are kept: exactly, or in 8 or 4 bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from moe.architecture import expert_parameters
from moe.errors import MoeError
from moe.recipes.compute import Compute, expert_forward, projected_forward
from moe.recipes.grouped import FEW, compile_for, project, unpacked
from moe.recipes.quantize import GROUP_SIZE, QuantizedMatrix, quantize

LEAST_GROUP = 16
CALIBRATED = ("weight", "threshold", "shared")
"""What calibration puts in the place of what conversion wrote."""


@dataclass(frozen=True, slots=True)
class Field:
    """A tensor inside an expert's record."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


LayerCompute = Callable[[int, Mapping[str, Tensor]], Compute]
"""From an expert's number and its fields to what it does."""


class Recipe(Protocol):
    """What a store does to experts."""

    @property
    def name(self) -> str: ...

    def check(self, module: nn.Module) -> None:
        """Raises ``MoeError`` if experts like those of ``module`` cannot be kept so."""
        ...

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The fields to keep of one expert's tensors, in order."""
        ...

    def resident(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What of one expert stays in memory all the time; often nothing."""
        ...

    def layer(self, module: nn.Module, resident: Mapping[str, Tensor], dtype: torch.dtype) -> LayerCompute:
        """Computes with the fields of a layer's experts; ``resident`` is stacked by expert."""
        ...


def group_for(columns: int) -> int:
    """Weights that share a scale: as near 64 as ``columns`` allows; raises ``MoeError`` below 16."""
    group = math.gcd(columns, GROUP_SIZE)
    if group < LEAST_GROUP:
        raise MoeError(
            "bad_group_size", f"rows of {columns} weights cannot be quantised: use the exact recipe"
        )
    return group


@dataclass(frozen=True, slots=True)
class Exact:
    """Everything as it is."""

    name: str = "exact"

    def check(self, module: nn.Module) -> None:
        pass

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(weights)

    def resident(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {}

    def layer(self, module: nn.Module, resident: Mapping[str, Tensor], dtype: torch.dtype) -> LayerCompute:
        return lambda _, fields: lambda x, share: expert_forward(module, fields, x)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Matrices in ``bits`` bits with a scale and an offset for every 64 neighbours; biases as they are."""

    bits: int

    @property
    def name(self) -> str:
        return f"int{self.bits}"

    def check(self, module: nn.Module) -> None:
        for weight in expert_parameters(module).values():
            if weight.ndim == 3:
                group_for(weight.shape[2])

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        fields: dict[str, Tensor] = {}
        for name, weight in weights.items():
            if weight.ndim != 2:
                fields[name] = weight
                continue
            matrix = quantize(weight, self.bits, group_size=group_for(weight.shape[1]))
            fields |= {
                f"{name}.packed": matrix.packed,
                f"{name}.scale": matrix.scale,
                f"{name}.offset": matrix.offset,
            }
        return fields

    def resident(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {}

    def layer(self, module: nn.Module, resident: Mapping[str, Tensor], dtype: torch.dtype) -> LayerCompute:
        compile_for(self.bits)

        def expert(_: int, fields: Mapping[str, Tensor]) -> Compute:
            matrices, others = self._parted(fields)

            def projected(name: str, x: Tensor) -> Tensor:
                out, bias = project(matrices[name], x), others.get(f"{name}_bias")
                return out if bias is None else out + bias

            def compute(x: Tensor, share: Tensor) -> Tensor:
                if len(x) <= FEW and not module.is_transposed:
                    return projected_forward(module, projected, x)
                weights = {name: unpacked(matrix, dtype) for name, matrix in matrices.items()}
                return expert_forward(module, weights | others, x)

            return compute

        return expert

    def _parted(self, fields: Mapping[str, Tensor]) -> tuple[dict[str, QuantizedMatrix], dict[str, Tensor]]:
        """An expert's matrices, and what is not quantised."""
        matrices: dict[str, QuantizedMatrix] = {}
        others: dict[str, Tensor] = {}
        for name, field in fields.items():
            stem, _, part = name.rpartition(".")
            if part == "packed":
                matrices[stem] = QuantizedMatrix(
                    field, fields[f"{stem}.scale"], fields[f"{stem}.offset"], self.bits
                )
            elif part not in ("scale", "offset"):
                others[name] = field
        return matrices, others
