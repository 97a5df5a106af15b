"""How an expert is kept: exactly, in 8 or in 4 bits; a recipe turns its tensors into fields and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from moe.errors import MoeError
from moe.quantize import GROUP_SIZE, QuantizedMatrix, quantize


@dataclass(frozen=True, slots=True)
class Field:
    """A tensor inside an expert's record."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Recipe(Protocol):
    """What a store does to experts."""

    @property
    def name(self) -> str: ...

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The fields to keep of one expert's tensors, in order."""
        ...

    def decode(self, fields: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
        """The expert's tensors, as near as the recipe keeps them."""
        ...


@dataclass(frozen=True, slots=True)
class Exact:
    """Everything as it is."""

    name: str = "exact"

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(weights)

    def decode(self, fields: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
        return dict(fields)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Matrices in ``bits`` bits with a scale and an offset for every 64 neighbours; biases as they are."""

    bits: int

    @property
    def name(self) -> str:
        return f"int{self.bits}"

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        fields: dict[str, Tensor] = {}
        for name, weight in weights.items():
            if weight.ndim != 2:
                fields[name] = weight
                continue
            if weight.shape[1] % GROUP_SIZE:
                raise MoeError(
                    "bad_group_size",
                    f"{name} has rows of {weight.shape[1]}, which {GROUP_SIZE} does not divide: use the exact recipe",
                )
            matrix = quantize(weight, self.bits)
            fields |= {f"{name}.packed": matrix.packed, f"{name}.scale": matrix.scale, f"{name}.offset": matrix.offset}
        return fields

    def decode(self, fields: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
        weights: dict[str, Tensor] = {}
        for name, field in fields.items():
            stem, _, part = name.rpartition(".")
            if part == "packed":
                matrix = QuantizedMatrix(field, fields[f"{stem}.scale"], fields[f"{stem}.offset"], self.bits)
                weights[stem] = matrix.dequantize(dtype)
            elif part not in ("scale", "offset"):
                weights[name] = field
        return weights


RECIPES: dict[str, Recipe] = {"exact": Exact(), "int8": Grouped(8), "int4": Grouped(4)}


def recipe_named(name: str) -> Recipe:
    """Raises ``MoeError`` for a name that none has."""
    try:
        return RECIPES[name]
    except KeyError:
        raise MoeError("unknown_recipe", f"there is no recipe {name!r}: use one of {', '.join(RECIPES)}") from None
