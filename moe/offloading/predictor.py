"""A small trained correction to what a layer's router says of the state before that layer.

The next layer's router, asked a layer early, sees a state that is not yet its own; a two-layer network on
that state learns what the difference makes of the choice. It begins at zero, where the untrained guess is.
Source: FloE (arXiv 2505.05950) trains a matrix, and two layers where the state changes most; with the router
kept as it is and two layers for all, the same few seconds of training predict better (docs/benchmarks.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import silu

from moe.storing.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What is added to the router's logits of one layer."""

    inner: Tensor
    """[width, hidden]."""
    outer: Tensor
    """[experts, width]."""

    def __call__(self, hidden: Tensor) -> Tensor:
        """Logits [tokens, experts] for ``hidden`` [tokens, hidden]."""
        return silu(hidden.to(self.inner.dtype) @ self.inner.T) @ self.outer.T


def read_corrections(store: Store) -> dict[int, Correction]:
    """Those that were trained for a store, by layer."""
    found = load_file(store.folder / store.predictor) if store.predictor else {}
    layers = [int(name.partition(".")[0]) for name in found if name.endswith(".inner")]
    return {layer: Correction(found[f"{layer}.inner"], found[f"{layer}.outer"]) for layer in layers}
