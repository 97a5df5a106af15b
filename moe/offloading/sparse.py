"""A layer of floe experts, computed out of a cache of channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from moe.offloading.channels import ChannelCache
from moe.offloading.masks import MaskLookahead, tokens_of
from moe.offloading.predict import Lookahead
from moe.recipes.compute import Compute, route
from moe.recipes.floe import FloeLayer
from moe.recipes.kernels import Mask
from moe.storing.store import StoredLayer


@dataclass(frozen=True, slots=True, eq=False)
class SparseLayer:
    """Computes one experts module; what it needs of an expert is known before any of it is read."""

    index: int
    stored: StoredLayer
    compute: FloeLayer
    cache: ChannelCache
    ahead: Lookahead | None
    masks: MaskLookahead

    def __call__(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
        visit = partial(self._visit, hidden, choice, share)
        return route(hidden, choice, share, self.stored.layer.experts, visit)

    def _visit(
        self, hidden: Tensor, choice: Tensor, share: Tensor, experts: Sequence[int]
    ) -> Iterator[tuple[int, Compute]]:
        masks: dict[int, Mask] = {}

        def needs(expert: int) -> Mask:
            rows, mine = tokens_of(choice, share, expert)
            x = hidden if len(hidden) == 1 else hidden[rows]
            masks[expert] = self.masks.mask(self.index, expert, rows, x, mine)
            return masks[expert]

        def look_ahead() -> None:
            if self.ahead is not None:
                self.ahead.after(self.index, hidden, experts)

        try:
            for expert, channels in self.cache.visit(self.index, experts, needs, look_ahead):
                yield expert, self.compute.compute(expert, channels, masks.pop(expert))
        finally:
            self.masks.computed(self.index)
