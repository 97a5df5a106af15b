"""Which experts the next layer will use, told from what enters this one's.

Neighbouring layers see nearly the same hidden state, so the next layer's router, given this layer's, mostly
chooses what it will choose; a trained correction (moe.offloading.predictor) tells the rest. A prediction
decides what is read early, never what is computed.
Source: FloE (arXiv 2505.05950) and Fate (arXiv 2502.12224).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from moe.architecture import router_weight
from moe.offloading.cache import ExpertCache
from moe.offloading.low import Copies
from moe.offloading.predictor import Correction, read_corrections
from moe.storing.store import Store

SPARE = 0
"""Experts fetched beyond those that a token uses: one more was mostly in vain (docs/benchmarks.md)."""
TOO_MANY = 8
"""Tokens from which on nearly every expert is used and a guess is no use."""


@dataclass(slots=True)
class Guesses:
    """How many of the experts that were used had been predicted."""

    right: int = 0
    asked: int = 0


class Fetch(Protocol):
    """Begins to read what a layer will probably use."""

    def __call__(self, layer: int, experts: Sequence[int], hidden: Tensor, chances: Tensor) -> None:
        """``experts``, likely first; told from ``hidden`` [tokens, hidden], ``chances`` [tokens, experts]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class WholeExperts:
    """Fetches experts, or their copies where these will do."""

    cache: ExpertCache
    copies: Copies | None
    count: int
    """Experts a token."""

    def __call__(self, layer: int, experts: Sequence[int], hidden: Tensor, chances: Tensor) -> None:
        top = chances.topk(min(self.count, chances.shape[1]))
        spare = frozenset() if self.copies is None else self.copies.dispensable(top.indices, top.values)
        self.cache.prefetch(layer, [expert for expert in experts if expert not in spare])
        if self.copies is not None and spare:
            self.copies.cache.prefetch(layer, [expert for expert in experts if expert in spare])


def experts_per_token(config: PretrainedConfig) -> int:
    """By whichever name the architecture gives it."""
    text = config.get_text_config()
    names = ("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts", "num_experts_per_token")
    return next((value for name in names if isinstance(value := getattr(text, name, None), int)), 2)


@dataclass(slots=True, eq=False)
class Lookahead:
    """Predicts a layer ahead, and has fetched what it will use."""

    model: PreTrainedModel
    store: Store
    fetch: Fetch
    guesses: Guesses = field(default_factory=Guesses)
    _count: int = field(init=False)
    _routers: list[Tensor | None] = field(init=False)
    _corrections: dict[int, Correction] = field(init=False)
    _guess: tuple[int, frozenset[int]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._routers = [router_weight(self.model, stored.layer) for stored in self.store.layers]
        self._corrections = read_corrections(self.store)
        self._count = experts_per_token(self.model.config)

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
            chances = self.chances(following, hidden)
            if chances is not None:
                experts = self._likely(chances)
                self._guess = following, frozenset(experts)
                self.fetch(following, experts, hidden, chances)

    def predict(self, layer: int, hidden: Tensor) -> list[int]:
        """The experts that ``layer`` will probably use on any of the tokens, likely first."""
        chances = self.chances(layer, hidden)
        return [] if chances is None else self._likely(chances)

    def _likely(self, chances: Tensor) -> list[int]:
        likely = chances.amax(0)
        count = min(len(likely), self._count * len(chances) + SPARE)
        chosen: list[int] = likely.topk(count).indices.tolist()
        return chosen

    def chances(self, layer: int, hidden: Tensor) -> Tensor | None:
        """How probably ``layer`` will use which experts, [tokens, experts], where its router can be asked."""
        usual = self.logits(layer, hidden)
        if usual is None:
            return None
        correction = self._corrections.get(layer)
        with torch.no_grad():
            return (usual if correction is None else usual + correction(hidden)).softmax(-1)

    def logits(self, layer: int, hidden: Tensor) -> Tensor | None:
        """What ``layer``'s router alone makes of ``hidden``."""
        router = self._routers[layer]
        if router is None or router.shape[1] != hidden.shape[1]:
            return None
        with torch.no_grad():
            return hidden.to(router.dtype) @ router.T


def recall(ahead: Lookahead | None, layer: int, before: Tensor, choice: Tensor) -> float | None:
    """Share of ``choice`` [tokens, k] that is among the k + 1 likeliest, told from the layer ``before``."""
    chances = ahead.chances(layer, before) if ahead is not None else None
    return None if chances is None else among_likeliest(chances, choice)


def among_likeliest(chances: Tensor, choice: Tensor) -> float:
    """Share of ``choice`` [tokens, k] that is among the k + 1 likeliest of each token."""
    likely = chances.topk(min(chances.shape[1], choice.shape[1] + 1)).indices
    return float((choice[:, :, None] == likely[:, None, :]).any(-1).float().mean())
