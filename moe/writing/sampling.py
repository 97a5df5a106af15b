"""From logits to a token: temperature, nucleus, and how probable the choice was."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from moe.errors import MoeError


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; a temperature of 0 always takes the likeliest."""

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    logprobs: int | None = None
    """Alternatives to report for each token; 0: the token alone, None: nothing."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise MoeError("bad_temperature", f"temperature is from 0 to 2, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise MoeError("bad_top_p", f"top_p is above 0 and at most 1, not {self.top_p}")
        if self.logprobs is not None and not 0 <= self.logprobs <= 20:
            raise MoeError("bad_logprobs", f"logprobs are from 0 to 20, not {self.logprobs}")

    def generator(self, number: int) -> torch.Generator:
        """Of random numbers for the ``number``-th answer to a request."""
        generator = torch.Generator()
        if self.seed is None:
            generator.seed()
        else:
            generator.manual_seed((self.seed + number) % 2**63)
        return generator


@dataclass(frozen=True, slots=True)
class Drawn:
    """A token, its log probability before temperature and grammar, and the likeliest ones with theirs."""

    token: int
    logprob: float | None = None
    likeliest: tuple[tuple[int, float], ...] = ()


def draw(logits: Tensor, allowed: Tensor | None, sampling: Sampling, generator: torch.Generator) -> Drawn:
    """Draw one of the tokens of ``logits`` [vocabulary] that are ``allowed`` (a mask; None: all)."""
    logits = logits.float()
    chances = logits if allowed is None else logits.masked_fill(~allowed, -torch.inf)
    if sampling.temperature == 0:
        token = int(chances.argmax())
    else:
        token = _nucleus((chances / sampling.temperature).softmax(-1), sampling.top_p, generator)
    if sampling.logprobs is None:
        return Drawn(token)
    logprobs = logits.log_softmax(-1)
    top = logprobs.topk(min(sampling.logprobs, len(logprobs)))
    likeliest = tuple(zip(top.indices.tolist(), top.values.tolist(), strict=True))
    return Drawn(token, float(logprobs[token]), likeliest)


def _nucleus(chances: Tensor, top_p: float, generator: torch.Generator) -> int:
    """A draw from the likeliest tokens that together reach ``top_p``."""
    if top_p < 1:
        ordered, order = chances.sort(descending=True)
        beyond = ordered.cumsum(-1) - ordered >= top_p
        return int(order[torch.multinomial(ordered.masked_fill(beyond, 0), 1, generator=generator)])
    return int(torch.multinomial(chances, 1, generator=generator))
