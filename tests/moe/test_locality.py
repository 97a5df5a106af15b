"""What a text tells about a store: how local its routing is, and how well it can be foretold."""

from __future__ import annotations

import torch

from moe.offloading.locality import SEGMENT, look
from moe.storing.store import Store


def test_shares_are_those_of_a_routing_that_can_be_counted_by_hand(store: Store) -> None:
    """One token over and over without a sense of place would use the same experts; two experts serve it."""
    first, second = look(store.folder, [7] * (4 * SEGMENT))
    assert first.predicted is None
    for layer in (first, second):
        assert 0.5 < layer.segment <= 1
        assert layer.segment <= 1
        assert 0.5 < layer.cache < 1  # the first use of each is a miss
        assert layer.left_out == 0
    assert second.predicted is not None


def test_a_repeated_text_is_more_local_than_a_random_one(store: Store) -> None:
    random = torch.randint(3, 512, (8 * SEGMENT,), generator=torch.Generator().manual_seed(1)).tolist()
    for repeated, varied in zip(
        look(store.folder, [7] * len(random)), look(store.folder, random), strict=True
    ):
        assert repeated.segment > varied.segment
        assert repeated.cache > varied.cache
