"""Which channels the next layer will need, told from this layer's state, and how often that was right.

The next layer's 2-bit up projection, given this layer's hidden state, chooses nearly the channels that it
will choose. Lower thresholds make the guess wider; each layer's are lowered just so far that the goal is met.
Source: FloE (arXiv 2505.05950); the width that adapts is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from moe.offloading.channels import ChannelCache
from moe.recipes.floe import FloeLayer
from moe.recipes.kernels import Mask, any_token

GOAL = 0.95
"""Share of the channels needed that a guess should hold."""
RATE = 2.0
"""How fast thresholds follow."""
LEAST_SLACK = 0.05
"""Where a layer cannot be foretold, the guess grows no wider than this."""
WORTH = 0.5
"""Nothing is read ahead where less of it than this would be needed (docs/benchmarks.md)."""
PROBE = 8
"""Then only one guess in so many is made, to see whether that has changed."""
LOOKED_AT = 128
"""Tokens that tell how well a layer is foretold."""
FORGET = 0.1
"""How fast what was needed of earlier guesses counts less."""


@dataclass(slots=True)
class MaskGuesses:
    """Channels of experts that were predicted and used."""

    needed: int = 0
    predicted: int = 0
    both: int = 0

    @property
    def recall(self) -> float:
        """Share of what was needed that had been predicted."""
        return self.both / max(1, self.needed)

    @property
    def precision(self) -> float:
        """Share of what was predicted that was needed."""
        return self.both / max(1, self.predicted)


def tokens_of(choice: Tensor, share: Tensor, expert: int) -> tuple[list[int], Tensor]:
    """The tokens that chose ``expert``, in the order of ``route``, and their shares [n, 1].

    ``choice`` and ``share`` are [tokens, k].
    """
    if len(choice) == 1:  # as in every step of writing: no search by tensors
        chosen = choice[0].tolist()
        return ([0], share[:, chosen.index(expert), None]) if expert in chosen else ([], share[:0])
    place, rows = choice.T.eq(expert).nonzero(as_tuple=True)
    return rows.tolist(), share[rows, place, None]


@dataclass(frozen=True, slots=True, eq=False)
class _Guess:
    """What an expert of the next layer will need."""

    tokens: list[int]
    mask: Mask
    """[tokens, channels]"""
    missing: Mask
    """[channels]: what of it has to be read."""


@dataclass(slots=True, eq=False)
class MaskLookahead:
    """Predicts channels, has them fetched, and tells how right that was."""

    layers: Sequence[FloeLayer]
    cache: ChannelCache
    per_token: int
    """Experts."""
    stale: bool = False
    """Whether what was predicted is computed, where there is a prediction."""
    guesses: MaskGuesses = field(default_factory=MaskGuesses)
    slack: list[float] = field(init=False)
    """Of each layer: what thresholds are multiplied by for a guess."""
    useful: list[float] = field(init=False)
    """Of each layer: which share of what its guesses would read, or read, is needed lately."""
    _guesses: dict[int, dict[int, _Guess]] = field(init=False, default_factory=dict)
    """By layer and expert; a layer's are gone when it was computed."""
    _turns: list[int] = field(init=False)
    _needed: list[int] = field(init=False)
    """Of each layer: channels that its guess would read and that were needed."""

    def __post_init__(self) -> None:
        self.slack = [1.0] * len(self.layers)
        self.useful = [1.0] * len(self.layers)
        self._turns = [0] * len(self.layers)
        self._needed = [0] * len(self.layers)

    def fetch(self, layer: int, experts: Sequence[int], hidden: Tensor, chances: Tensor) -> None:
        """Guess, and read ahead where that pays (see :class:`moe.offloading.predict.Fetch`)."""
        guesses = self._guesses[layer] = {}
        self._needed[layer] = 0
        self._turns[layer] += 1
        if self.useful[layer] <= WORTH and self._turns[layer] % PROBE and not self.stale:
            return
        top = chances.topk(min(self.per_token, chances.shape[1]))
        shares = top.values / top.values.sum(-1, keepdim=True)
        for expert in experts:
            rows, share = tokens_of(top.indices, shares, expert)
            if rows and (self.stale or not self.cache.is_whole(layer, expert)):
                x = hidden if len(hidden) == 1 else hidden[rows]
                mask = self.layers[layer].choose(expert, x, share, self.slack[layer])
                missing = self.cache.missing(layer, expert, any_token(mask))
                guesses[expert] = _Guess(rows, mask, missing)
        if self.useful[layer] > WORTH:
            self.cache.expect(layer, {expert: guess.missing for expert, guess in guesses.items()})

    def mask(self, layer: int, expert: int, rows: Sequence[int], x: Tensor, share: Tensor) -> Mask:
        """The channels [tokens, channels] to compute for ``x``, the tokens ``rows``."""
        guess = self._guesses.get(layer, {}).get(expert)
        if self.stale and guess is not None and set(rows) <= set(guess.tokens):
            self._needed[layer] += int(guess.missing.sum())
            return guess.mask[[guess.tokens.index(row) for row in rows]]
        mask = self.layers[layer].choose(expert, x, share)
        if guess is not None:
            self._compare(layer, guess, any_token(mask))
        return mask

    def computed(self, layer: int) -> None:
        """All of ``layer``'s masks were asked for: count what its guess was good for, and forget it."""
        asked = sum(int(guess.missing.sum()) for guess in self._guesses.pop(layer, {}).values())
        if asked:
            self.useful[layer] += FORGET * (self._needed[layer] / asked - self.useful[layer])

    def _compare(self, layer: int, guess: _Guess, needed: Mask) -> None:
        predicted = any_token(guess.mask)
        asked, both = int(needed.sum()), int((predicted & needed).sum())
        self.guesses.needed += asked
        self.guesses.predicted += int(predicted.sum())
        self.guesses.both += both
        self._needed[layer] += int((guess.missing & needed).sum())
        change = 1 + RATE * (both - GOAL * asked) / len(needed)
        self.slack[layer] = min(1.0, max(LEAST_SLACK, self.slack[layer] * change))


@dataclass(frozen=True, slots=True)
class Foretold:
    """How well a layer's channels are told from the state before it."""

    recall: float
    """Share of the channels needed that the layer's own thresholds predict."""
    width: float
    """Times as many channels as are needed must be predicted to reach the goal."""


def foretold(
    layer: FloeLayer, before: Tensor, hidden: Tensor, choice: Tensor, share: Tensor
) -> Foretold | None:
    """Of ``layer``, for the experts that tokens chose; None where thresholds leave nothing out.

    ``before`` and ``hidden`` [tokens, hidden] are what the layer before and this one were given, ``choice``
    and ``share`` [tokens, k] which experts this one used; the first few tokens are looked at.
    """
    needed, guessed = [], []
    for expert in sorted({*choice[:LOOKED_AT].flatten().tolist()}):
        rows, mine = tokens_of(choice[:LOOKED_AT], share[:LOOKED_AT], expert)
        if layer.leaves_out(expert):
            needed.append(layer.scores(expert, hidden[rows], mine).flatten())
            guessed.append(layer.scores(expert, before[rows], mine).flatten())
    above = torch.cat([scores > 1 for scores in needed]) if needed else torch.zeros(0, dtype=torch.bool)
    if not above.any():
        return None
    guess = torch.cat(guessed)
    right = guess[above].sort().values
    limit = right[int((1 - GOAL) * len(right))]
    return Foretold(float((right > 1).float().mean()), float((guess >= limit).sum() / above.sum()))
