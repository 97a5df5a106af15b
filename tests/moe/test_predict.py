"""The next layer's experts, guessed from what enters this one's."""

from __future__ import annotations

from contextlib import closing

import torch

from moe.offloading.load import load
from moe.storing.store import Store


def test_a_guess_from_the_layers_own_input_is_its_choice(store: Store) -> None:
    """With the hidden state that the layer will really see, the guess cannot be wrong."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    with closing(load(store.folder)) as model, torch.no_grad():
        block = model.model.get_submodule(store.layers[1].layer.name)
        block.register_forward_pre_hook(lambda _, given: seen.append((given[0], given[1])))
        model.model(torch.tensor([[7]]))
        assert model.ahead is not None
        hidden, choice = seen[0]
        assert set(choice[0].tolist()) <= set(model.ahead.predict(1, hidden))


def test_guesses_are_counted_and_fetched_ahead(store: Store) -> None:
    with closing(load(store.folder)) as model, torch.no_grad():
        past = model.model(torch.arange(5, 30)[None], use_cache=True).past_key_values
        for token in range(5, 25):
            model.model(torch.tensor([[token]]), past_key_values=past)
        assert model.guesses.asked == 40  # two experts in the second layer, twenty times
        assert 0 < model.guesses.right <= 40
