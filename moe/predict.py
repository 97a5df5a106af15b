"""Which experts the next layer will use, told from what enters this one's.

Neighbouring layers see nearly the same hidden state, so the next layer's router, given this layer's, mostly
chooses what it will choose. A prediction decides what is read early, never what is computed.
Source: FloE (arXiv 2505.05950) and Fate (arXiv 2502.12224).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import PreTrainedModel

from moe.architecture import router_weight
from moe.cache import ExpertCache
from moe.store import Store

SPARE = 0
"""Experts fetched beyond those that a token uses: one more was mostly in vain (docs/benchmarks.md)."""
TOO_MANY = 8
"""Tokens from which on nearly every expert is used and a guess is no use."""


@dataclass(slots=True)
class Guesses:
    """How many of the experts that were used had been predicted."""

    right: int = 0
    asked: int = 0


@dataclass(slots=True, eq=False)
class Lookahead:
    """Predicts and prefetches a layer ahead."""

    model: PreTrainedModel
    store: Store
    cache: ExpertCache
    guesses: Guesses = field(default_factory=Guesses)
    _routers: list[Tensor | None] = field(init=False)
    _count: int = field(init=False)
    _guess: tuple[int, frozenset[int]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._routers = [router_weight(self.model, stored.layer) for stored in self.store.layers]
        config = self.model.config.get_text_config()
        names = ("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts", "num_experts_per_token")
        self._count = next(
            (value for name in names if isinstance(value := getattr(config, name, None), int)), 2
        )

    def after(self, layer: int, hidden: Tensor, used: Sequence[int]) -> None:
        """While ``layer``'s experts are computed on ``hidden`` [tokens, hidden]: fetch the next layer's.

        ``used`` are the experts that ``layer`` itself turned out to use.
        """
        if self._guess is not None and self._guess[0] == layer:
            self.guesses.asked += len(used)
            self.guesses.right += len(self._guess[1].intersection(used))
        self._guess = None
        following = layer + 1
        if following < len(self._routers) and len(hidden) < TOO_MANY:
            experts = self.predict(following, hidden)
            if experts:
                self._guess = following, frozenset(experts)
                self.cache.prefetch(following, experts)

    def predict(self, layer: int, hidden: Tensor) -> list[int]:
        """The experts that ``layer`` will probably use on any of the tokens, likely first."""
        chances = self.chances(layer, hidden)
        if chances is None:
            return []
        likely = chances.amax(0)
        chosen: list[int] = likely.topk(min(len(likely), self._count * len(hidden) + SPARE)).indices.tolist()
        return chosen

    def chances(self, layer: int, hidden: Tensor) -> Tensor | None:
        """What ``layer``'s router makes of ``hidden``, [tokens, experts], where it can be asked."""
        router = self._routers[layer]
        if router is None or router.shape[1] != hidden.shape[1]:
            return None
        with torch.no_grad():
            return (hidden.to(router.dtype) @ router.T).softmax(-1)


def recall(ahead: Lookahead | None, layer: int, before: Tensor, choice: Tensor) -> float | None:
    """Share of ``choice`` [tokens, k] that is among the k + 1 likeliest, told from the layer ``before``."""
    chances = ahead.chances(layer, before) if ahead is not None else None
    if chances is None:
        return None
    likely = chances.topk(min(chances.shape[1], choice.shape[1] + 1)).indices
    return float((choice[:, :, None] == likely[:, None, :]).any(-1).float().mean())
