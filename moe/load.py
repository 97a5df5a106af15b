"""A store as a transformers model that computes: dense weights in memory, experts through a cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedModel
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from moe.architecture import empty_model, expert_parameters, experts_modules, read_config
from moe.budget import Budget
from moe.cache import ExpertCache
from moe.compute import Compute, route
from moe.errors import MoeError
from moe.policies import policy_named
from moe.predict import Guesses, Lookahead
from moe.recipes import CALIBRATED, LayerCompute
from moe.store import Store, StoredLayer

NAME = "offloaded"
"""Of our function in transformers' registry."""


@dataclass(slots=True, eq=False)
class OffloadedModel:
    """A model ready to compute; ``close`` it when done."""

    model: PreTrainedModel
    store: Store
    budget: Budget
    cache: ExpertCache
    ahead: Lookahead | None

    @property
    def guesses(self) -> Guesses:
        """How often the prediction of experts was right."""
        return self.ahead.guesses if self.ahead is not None else Guesses()

    @property
    def layers(self) -> list[OffloadedLayer]:
        """The experts modules' stand-ins, in order."""
        modules = dict(experts_modules(self.model))
        return [modules[stored.layer.name]._offloaded for stored in self.store.layers]  # type: ignore[misc]

    def close(self) -> None:
        self.cache.close()


def load(
    folder: Path,
    memory: int | None = None,
    *,
    tokens: int = 2048,
    sequences: int = 1,
    policy: str = "anticipating",
    look_ahead: bool = True,
) -> OffloadedModel:
    """The store ``folder`` in at most ``memory`` bytes, for ``sequences`` of ``tokens`` tokens each.

    Raises ``MoeError`` if there is no store, or the memory does not do.
    """
    store = Store.at(folder)
    config = read_config(store.model_folder)
    longest = getattr(config.get_text_config(), "max_position_embeddings", None)
    if longest is not None and tokens > longest:
        raise MoeError("context_too_long", f"this model was made for {longest} tokens at most, not {tokens}")
    budget = Budget.plan(store, config, memory, tokens, sequences)
    model = empty_model(config, store.dtype)
    shape = len(store.layers), max(stored.layer.experts for stored in store.layers)
    cache = ExpertCache(store, budget.slots, policy_named(policy, shape))
    _fill(model, store)
    ahead = Lookahead(model, store, cache) if look_ahead else None
    _plug_in(model, store, cache, ahead)
    generation = store.model_folder / "generation_config.json"
    if generation.is_file():
        model.generation_config = GenerationConfig.from_pretrained(store.model_folder)
    return OffloadedModel(model, store, budget, cache, ahead)


def _fill(model: PreTrainedModel, store: Store) -> None:
    """Dense weights from the store; what is computed from the configuration alone is computed."""
    for _, module in experts_modules(model):
        for name in expert_parameters(module):
            delattr(module, name)
        module._is_hf_initialized = True  # type: ignore[assignment]
    for file in store.dense:
        state = load_file(store.folder / file)
        model.load_state_dict(state, strict=False, assign=True)
        del state
    for tensor in model.state_dict(keep_vars=True).values():
        tensor.requires_grad_(False)
        tensor._is_hf_initialized = True
    model._move_missing_keys_from_meta_to_device(set(), None, None, None)  # type: ignore[arg-type]
    model._initialize_missing_keys(False)
    model.tie_weights()


def _plug_in(model: PreTrainedModel, store: Store, cache: ExpertCache, ahead: Lookahead | None) -> None:
    modules = dict(experts_modules(model))
    found = load_file(store.folder / store.calibration) if store.calibration else {}
    for index, stored in enumerate(store.layers):
        module = modules[stored.layer.name]
        resident = load_file(store.folder / stored.resident) if stored.resident else {}
        resident |= {name: found[f"{index}.{name}"] for name in CALIBRATED if f"{index}.{name}" in found}
        compute = store.recipe.layer(module, resident, store.dtype)
        module._offloaded = OffloadedLayer(index, stored, compute, cache, ahead)  # type: ignore[assignment]
    model.set_experts_implementation(NAME)


@dataclass(frozen=True, slots=True, eq=False)
class OffloadedLayer:
    """Computes one experts module out of the cache."""

    index: int
    stored: StoredLayer
    compute: LayerCompute
    cache: ExpertCache
    ahead: Lookahead | None

    def __call__(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
        return route(hidden, choice, share, self.stored.layer.experts, partial(self._visit, hidden))

    def _visit(self, hidden: Tensor, experts: Sequence[int]) -> Iterator[tuple[int, Compute]]:
        for position, (expert, record) in enumerate(self.cache.visit(self.index, experts)):
            if position == 0 and self.ahead is not None:  # by now this layer's own reads stand in the queue
                self.ahead.after(self.index, hidden, experts)
            yield expert, self.compute(expert, self.stored.layout.view(record))


def _offloaded(module: nn.Module, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
    compute: OffloadedLayer = module._offloaded  # type: ignore[assignment]
    with torch.no_grad():
        return compute(hidden, choice, share)


ALL_EXPERTS_FUNCTIONS.register(NAME, _offloaded)
