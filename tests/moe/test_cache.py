"""What is in memory, what makes room, and how near that comes to the best that could be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
import torch

from moe.offloading.cache import ExpertCache
from moe.offloading.load import load
from moe.offloading.policies import Anticipating, Belady, FrequencyWithDecay, LeastRecentlyUsed, Policy, hits
from moe.storing.store import Store

SHAPE = (2, 8)
TOKENS = torch.arange(5, 45)[None]


@pytest.fixture
def small(store: Store) -> Iterator[ExpertCache]:
    """Room for 4 of 16 experts."""
    with closing(ExpertCache(store, 4, LeastRecentlyUsed(*SHAPE))) as cache:
        yield cache


def visit(cache: ExpertCache, layer: int, *experts: int) -> None:
    for expert, record in cache.visit(layer, experts):
        size = cache.store.layers[layer].layout.nbytes
        stored = (cache.store.folder / cache.store.layers[layer].file).read_bytes()
        assert record.numpy().tobytes() == stored[expert * size : (expert + 1) * size]


def test_an_expert_is_what_the_store_holds_wherever_it_comes_from(small: ExpertCache) -> None:
    generator = np.random.default_rng(1)
    for round_ in range(40):
        layer = round_ % 2
        chosen = sorted(generator.choice(8, size=3, replace=False).tolist())
        if round_ % 3:
            small.prefetch(layer, chosen[:2])
        visit(small, layer, *chosen)
    assert small.counts.hits
    assert small.counts.misses


def test_more_experts_than_there_is_room_for_pass_through(small: ExpertCache) -> None:
    visit(small, 0, *range(8))
    assert small.counts.misses == 8


def test_what_is_there_is_not_read_again(small: ExpertCache) -> None:
    visit(small, 0, 1, 2)
    read = small.counts.bytes_read
    visit(small, 0, 1, 2)
    assert small.counts.bytes_read == read
    assert (small.counts.hits, small.counts.misses) == (2, 2)


def test_least_recently_used_makes_room(small: ExpertCache) -> None:
    for expert in (0, 1, 2, 3, 0, 4):  # 4 takes the place of 1
        visit(small, 0, expert)
    small.counts.misses = 0
    visit(small, 0, 0)
    assert small.counts.misses == 0
    visit(small, 0, 1)
    assert small.counts.misses == 1


def test_a_right_guess_is_there_before_it_is_asked_for(small: ExpertCache) -> None:
    small.prefetch(1, [5])
    small._places[1, 5].reading.result()  # type: ignore[union-attr]
    visit(small, 1, 5)
    assert (small.counts.prefetched, small.counts.prefetched_used, small.counts.misses) == (1, 1, 0)


def trace_of(seed: int, tokens: int = 600) -> list[tuple[int, list[int]]]:
    """Layers in turn; tokens keep to a few favourites, which change every hundred tokens."""
    generator = np.random.default_rng(seed)
    trace = []
    for token in range(tokens):
        if token % 100 == 0:
            liking = 0.9 * generator.dirichlet(np.full(16, 0.3), size=8) + 0.1 / 16
        chosen = (generator.choice(16, size=2, replace=False, p=liking[layer]).tolist() for layer in range(8))
        trace += list(enumerate(chosen))
    return trace


def test_nobody_beats_the_rule_that_knows_the_future() -> None:
    trace, shape, slots = trace_of(1), (8, 16), 32
    best = hits(trace, slots, Belady(trace, shape), shape)
    rules: list[Policy] = [LeastRecentlyUsed(*shape), FrequencyWithDecay(*shape), Anticipating(*shape)]
    recent, frequent, anticipating = (hits(trace, slots, rule, shape) for rule in rules)
    assert recent < anticipating <= best
    assert frequent <= anticipating * 1.02
    assert anticipating > 0.75 * best


def test_belady_on_a_trace_worked_out_by_hand() -> None:
    trace = [(0, [expert]) for expert in (0, 1, 2, 0, 1, 3, 0, 3, 1, 2)]
    # Room for two: 2 takes the place of 1 (used later than 0), 1 that of 2, 3 that of 1; found: 0, 0, 3.
    assert hits(trace, 2, Belady(trace, (1, 4)), (1, 4)) == 3


def test_room_and_guesses_change_how_fast_it_is_but_not_what_comes_out(store: Store) -> None:
    least = 0
    outputs = []
    with closing(load(store.folder)) as everything:
        least = everything.budget.total - everything.store.expert_bytes + 2 * everything.store.largest_record
    for memory, look_ahead in ((None, True), (least, True), (least, False), (least + 400_000, True)):
        with closing(load(store.folder, memory, look_ahead=look_ahead)) as model, torch.no_grad():
            past = model.model(TOKENS, use_cache=True)
            steps = [past.logits[:, -1]]
            for token in range(5, 15):
                past = model.model(torch.tensor([[token]]), past_key_values=past.past_key_values)
                steps.append(past.logits[:, -1])
            outputs.append(torch.cat(steps))
    assert all(torch.equal(output, outputs[0]) for output in outputs)
