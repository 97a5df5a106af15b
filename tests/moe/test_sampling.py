"""Tokens are drawn as often as they are likely, and only where they are allowed."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from moe.errors import MoeError
from moe.writing.sampling import Sampling, draw

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, -20.0])


def frequencies(sampling: Sampling, allowed: torch.Tensor | None = None, count: int = 2000) -> Counter[int]:
    generator = torch.Generator().manual_seed(1)
    return Counter(draw(LOGITS, allowed, sampling, generator).token for _ in range(count))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_each_token_comes_as_often_as_it_is_likely(temperature: float) -> None:
    found = frequencies(Sampling(temperature))
    for token, chance in enumerate((LOGITS / temperature).softmax(-1).tolist()):
        assert found[token] / 2000 == pytest.approx(chance, abs=0.04)


def test_at_no_temperature_the_likeliest_always_comes() -> None:
    assert frequencies(Sampling(0.0), count=20) == {0: 20}


def test_a_nucleus_is_the_fewest_tokens_that_reach_the_share() -> None:
    first, second, *_ = LOGITS.softmax(-1).tolist()  # 0.64 and 0.24
    assert set(frequencies(Sampling(1.0, top_p=first - 0.01))) == {0}
    assert set(frequencies(Sampling(1.0, top_p=first + 0.01))) == {0, 1}
    assert set(frequencies(Sampling(1.0, top_p=first + second + 0.01))) == {0, 1, 2}


def test_what_is_not_allowed_never_comes() -> None:
    allowed = torch.tensor([False, False, True, True, False])
    assert set(frequencies(Sampling(1.0), allowed)) == {2, 3}
    assert set(frequencies(Sampling(0.0), allowed, 5)) == {2}


def test_log_probabilities_are_those_before_temperature_and_grammar() -> None:
    allowed = torch.tensor([False, True, True, True, True])
    drawn = draw(LOGITS, allowed, Sampling(0.0, logprobs=2), torch.Generator())
    assert drawn.token == 1
    assert drawn.logprob == pytest.approx(float(LOGITS.log_softmax(-1)[1]))
    assert [token for token, _ in drawn.likeliest] == [0, 1]


@pytest.mark.parametrize(
    "options", [{"temperature": -0.1}, {"temperature": 2.1}, {"top_p": 0.0}, {"logprobs": 21}]
)
def test_what_cannot_be_drawn_so_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(MoeError):
        Sampling(**options)  # type: ignore[arg-type]
