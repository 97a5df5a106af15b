"""Training the predictor of the next layer's experts on a text, in minutes on one core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from moe.errors import MoeError
from moe.offloading.budget import PREFILL
from moe.offloading.load import OffloadedModel, load
from moe.offloading.locality import watched
from moe.offloading.predict import Lookahead, among_likeliest
from moe.offloading.predictor import Correction
from moe.storing.amend import with_tensors
from moe.storing.store import Report, Store

MOST_TOKENS = 32_768
STATES = 1 << 30
"""Bytes of hidden states that are held, over the model's own memory; a large model sees fewer tokens."""
LEAST_PIECES = 8
HELD_OUT = 8
"""Of so many parts of the text the last is not trained on, but measured with."""
WIDTH, STEPS, BATCH, RATE = 128, 300, 2048, 3e-3


@dataclass(frozen=True, slots=True)
class Learnt:
    """How well a layer's experts are predicted on text that was not trained on.

    Shares of a token's experts that are among one more than it uses.
    """

    layer: int
    untrained: float
    trained: float

    @property
    def kept(self) -> bool:
        return self.trained > self.untrained


_Found = tuple[Learnt, Correction]


def train_predictor(
    folder: Path,
    tokens: Sequence[int],
    memory: int | None = None,
    report: Report = lambda stage, done, total: None,
) -> tuple[Store, list[Learnt]]:
    """Train on a text and keep in the store what predicts better than the routers alone do.

    Raises ``MoeError`` for too short a text, or a model whose routers cannot be asked a layer early.
    """
    with closing(load(folder, memory, tokens=PREFILL)) as model:
        assert model.ahead is not None
        pieces = _pieces(model, tokens)
        seen = _states(model, pieces, report)
        learnt: list[Learnt] = []
        content: dict[str, Tensor] = {}
        for layer in range(1, len(seen)):
            report("Training", layer - 1, len(seen) - 1)
            found = _layer(model.ahead, layer, seen[layer - 1][0], *seen[layer])
            if found is not None:
                learnt.append(found[0])
                if found[0].kept:
                    content |= {f"{layer}.inner": found[1].inner, f"{layer}.outer": found[1].outer}
        report("Training", len(seen) - 1, len(seen) - 1)
        store = model.store
    if not learnt:
        raise MoeError("no_routers", f"the routers of {folder} cannot be asked a layer early: train none")
    return with_tensors(store, "predictor", content), learnt


def _pieces(model: OffloadedModel, tokens: Sequence[int]) -> Tensor:
    """The text in pieces of so many tokens as are computed at once, as many as can be held."""
    size = model.model.config.get_text_config().hidden_size * len(model.store.layers) * 2
    most = max(LEAST_PIECES * PREFILL, min(MOST_TOKENS, STATES // size, len(tokens)) // PREFILL * PREFILL)
    if len(tokens) < LEAST_PIECES * PREFILL:
        raise MoeError(
            "short_text", f"the text has {len(tokens)} tokens: {LEAST_PIECES * PREFILL} are needed"
        )
    return torch.tensor(tokens[:most]).view(-1, PREFILL)


def _states(model: OffloadedModel, pieces: Tensor, report: Report) -> list[tuple[Tensor, Tensor]]:
    """What enters each layer's experts [pieces, tokens, hidden], and its choice [pieces, tokens, k]."""
    with watched(model) as seen, torch.inference_mode():
        for done, piece in enumerate(pieces):
            report("Reading", done, len(pieces))
            model.model(piece[None], use_cache=False)
            for layer in seen:
                layer[-1] = layer[-1][0].half(), layer[-1][1]
    report("Reading", len(pieces), len(pieces))
    return [
        (torch.stack([one for one, _ in layer]), torch.stack([one for _, one in layer])) for layer in seen
    ]


def _layer(ahead: Lookahead, layer: int, before: Tensor, own: Tensor, choice: Tensor) -> _Found | None:
    """Train on states ``before`` the layer and its ``own``; None where its router cannot be asked."""
    if ahead.logits(layer, before[0]) is None:
        return None

    def router(hidden: Tensor) -> Tensor:
        logits = ahead.logits(layer, hidden.float())
        assert logits is not None
        return logits.float()

    seen = len(before) - len(before) // HELD_OUT
    correction = _trained(router, before[:seen].flatten(0, 1), own[:seen].flatten(0, 1))
    unseen, truth = before[seen:].flatten(0, 1), choice[seen:].flatten(0, 1)
    usual = router(unseen)
    better = usual + correction(unseen)
    return Learnt(layer, among_likeliest(usual, truth), among_likeliest(better, truth)), correction


def _trained(router: Callable[[Tensor], Tensor], before: Tensor, own: Tensor) -> Correction:
    """Fit what the router says of the states before a layer to what it says of the layer's own.

    By cross-entropy with all that it says, not with the choice alone: so predicted shares are right as well.
    """
    source = torch.Generator().manual_seed(1)
    hidden, experts = before.shape[1], router(own[:1]).shape[1]
    inner = (torch.randn(WIDTH, hidden, generator=source) / hidden**0.5).requires_grad_()
    outer = torch.zeros(experts, WIDTH, requires_grad=True)
    correction = Correction(inner, outer)
    optimiser = torch.optim.Adam([inner, outer], lr=RATE)
    for _ in range(STEPS):
        rows = torch.randint(len(before), (BATCH,), generator=source)
        wanted = router(own[rows]).softmax(-1)
        loss = -((router(before[rows]) + correction(before[rows])).log_softmax(-1) * wanted).sum(-1).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return Correction(inner.detach(), outer.detach())
