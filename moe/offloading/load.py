"""A store as a transformers model that computes: dense weights in memory, experts through a cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import GenerationConfig, PretrainedConfig, PreTrainedModel
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from moe.architecture import empty_model, expert_parameters, experts_modules, read_config
from moe.errors import MoeError
from moe.offloading.budget import Budget
from moe.offloading.cache import ExpertCache
from moe.offloading.channels import ChannelCache
from moe.offloading.low import Copies, copies_of, shared_out
from moe.offloading.masks import MaskLookahead
from moe.offloading.policies import policy_named
from moe.offloading.predict import Guesses, Lookahead, WholeExperts, experts_per_token
from moe.offloading.sparse import SparseLayer
from moe.recipes.compute import Compute, route
from moe.recipes.floe import FloeLayer
from moe.recipes.recipe import CALIBRATED, LayerCompute
from moe.storing.store import Store, StoredLayer
from moe.writing.rope import RopeScaling, longest_context

if TYPE_CHECKING:
    from moe.gpu.channels import ChannelPool
    from moe.gpu.tier import DeviceTier

NAME = "offloaded"
"""Of our function in transformers' registry."""


@dataclass(slots=True, eq=False)
class OffloadedModel:
    """A model ready to compute; ``close`` it when done."""

    model: PreTrainedModel
    store: Store
    budget: Budget
    cache: ExpertCache | ChannelCache | DeviceTier
    ahead: Lookahead | None
    copies: Copies | None = None
    masks: MaskLookahead | ChannelPool | None = None
    """Of floe: which channels the next layer will need."""
    tier: DeviceTier | None = None
    """On a GPU: what brings experts there, and is the cache."""

    @property
    def guesses(self) -> Guesses:
        """How often the prediction of experts was right."""
        told = self.ahead if self.tier is None else self.tier
        return told.guesses if told is not None else Guesses()

    @property
    def bytes_read(self) -> int:
        """From disk, of experts and copies."""
        if self.tier is not None:
            return self.tier.bytes_from_disk
        return sum(cache.counts.bytes_read for cache in self._caches)

    @property
    def bytes_copied(self) -> int:
        """From the host to a GPU, of experts."""
        return 0 if self.tier is None else self.tier.counts.bytes_read

    @property
    def stalled(self) -> float:
        """Seconds that were spent waiting for a read."""
        return sum(cache.counts.stalled for cache in self._caches)

    @property
    def layers(self) -> list[OffloadedLayer | SparseLayer]:
        """The experts modules' stand-ins, in order."""
        modules = dict(experts_modules(self.model))
        return [modules[stored.layer.name]._offloaded for stored in self.store.layers]  # type: ignore[misc]

    def close(self) -> None:
        for cache in self._caches:
            cache.close()

    @property
    def _caches(self) -> list[ExpertCache | ChannelCache | DeviceTier]:
        return [self.cache] if self.copies is None else [self.cache, self.copies.cache]


def load(
    folder: Path,
    memory: int | None = None,
    *,
    tokens: int = 2048,
    sequences: int = 1,
    policy: str = "anticipating",
    look_ahead: bool = True,
    rope: RopeScaling | None = None,
    copies: bool = False,
    stale_masks: bool = False,
    device: str = "cpu",
    host_memory: int | None = None,
) -> OffloadedModel:
    """The store ``folder`` in at most ``memory`` bytes, for ``sequences`` of ``tokens`` tokens each.

    On a GPU (``device`` cuda), ``memory`` is the GPU's, and ``host_memory`` what the host may give beside it.
    With ``copies``, an expert that is missing is replaced by its low-precision copy where it matters little.
    With ``stale_masks`` (floe), channels are computed as they were predicted where there is a prediction.
    Raises ``MoeError`` if there is no store, the memory does not do, or the model takes no so many tokens.
    """
    store = Store.at(folder)
    config = read_config(store.model_folder)
    if rope is not None:
        rope.apply(config)
    longest = longest_context(config)
    if longest is not None and tokens > longest:
        raise MoeError(
            "context_too_long",
            f"this model takes {longest} tokens at most, not {tokens}: choose fewer, or scale its positions",
        )
    if device != "cpu":
        if copies or stale_masks:
            raise MoeError("not_on_gpu", "low-precision copies and stale masks are for the processor alone")
        return _on_device(store, config, device, memory, host_memory, tokens, sequences, policy)
    if stale_masks and store.recipe.name != "floe":
        raise MoeError("not_floe", f"{folder} is {store.recipe.name}: only the floe recipe predicts channels")
    budget = Budget.plan(store, config, memory, tokens, sequences)
    model = empty_model(config, store.dtype)
    shape = len(store.layers), max(stored.layer.experts for stored in store.layers)
    low: Copies | None = None
    if copies:
        lesser = copies_of(store)
        slots, places = shared_out(budget.slots, store, lesser)
        budget = replace(budget, slots=slots)
        modules = [module for _, module in experts_modules(model)]
        low = Copies.of(ExpertCache(lesser, places, policy_named(policy, shape)), modules)
    fill(model, store)
    if store.recipe.name == "floe":
        offloaded = _by_channels(model, store, budget, look_ahead, stale_masks)
    else:
        cache = ExpertCache(store, budget.slots, policy_named(policy, shape))
        fetch = WholeExperts(cache, low, experts_per_token(config))
        ahead = Lookahead(model, store, fetch) if look_ahead else None
        for module, index, stored, compute in _plugged(model, store):
            module._offloaded = OffloadedLayer(index, stored, compute, cache, ahead, low)
        offloaded = OffloadedModel(model, store, budget, cache, ahead, low)
    model.set_experts_implementation(NAME)
    _configure(model, store)
    return offloaded


def _configure(model: PreTrainedModel, store: Store) -> None:
    """How it is to write, as its authors say."""
    if (store.model_folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(store.model_folder)


def _on_device(
    store: Store,
    config: PretrainedConfig,
    device: str,
    memory: int | None,
    host_memory: int | None,
    tokens: int,
    sequences: int,
    policy: str,
) -> OffloadedModel:
    from moe.gpu.device import device_named

    place = device_named(device)
    if find_spec("triton") is None:
        raise MoeError("no_triton", "a GPU needs Triton: pip install 'touchstone-chemistry[gpu]'")
    from moe.gpu.load import load_on

    made = load_on(
        place, store, config, memory, host_memory, tokens=tokens, sequences=sequences, policy=policy
    )
    _configure(made.model, store)
    tier = made.tier
    return OffloadedModel(made.model, store, tier.budget.device, tier, None, masks=tier.channels, tier=tier)


def _by_channels(
    model: PreTrainedModel, store: Store, budget: Budget, look_ahead: bool, stale_masks: bool
) -> OffloadedModel:
    """Floe, whose experts come a channel at a time."""
    cache, plugged = ChannelCache(store, budget.experts), list(_plugged(model, store))
    computes = [compute for _, _, _, compute in plugged if isinstance(compute, FloeLayer)]
    masks = MaskLookahead(computes, cache, experts_per_token(model.config), stale_masks)
    ahead = Lookahead(model, store, masks.fetch) if look_ahead else None
    for (module, index, stored, _), compute in zip(plugged, computes, strict=True):
        module._offloaded = SparseLayer(index, stored, compute, cache, ahead, masks)
    return OffloadedModel(model, store, budget, cache, ahead, masks=masks)


def fill(model: PreTrainedModel, store: Store, device: str = "cpu") -> None:
    """Dense weights from the store; what is computed from the configuration alone is computed."""
    for _, module in experts_modules(model):
        for name in expert_parameters(module):
            delattr(module, name)
        module._is_hf_initialized = True  # type: ignore[assignment]
    for file in store.dense:
        state = load_file(store.folder / file, device=device)
        model.load_state_dict(state, strict=False, assign=True)
        del state
    for tensor in model.state_dict(keep_vars=True).values():
        tensor.requires_grad_(False)
        tensor._is_hf_initialized = True
    model._move_missing_keys_from_meta_to_device(set(), None, None, None)  # type: ignore[arg-type]
    model._initialize_missing_keys(False)
    model.tie_weights()
    model.to(device)  # type: ignore[arg-type]


def _plugged(model: PreTrainedModel, store: Store) -> Iterator[tuple[Any, int, StoredLayer, LayerCompute]]:
    """Each experts module with its number, how it is stored, and what computes it."""
    modules = dict(experts_modules(model))
    found = load_file(store.folder / store.calibration) if store.calibration else {}
    for index, stored in enumerate(store.layers):
        module = modules[stored.layer.name]
        resident = load_file(store.folder / stored.resident) if stored.resident else {}
        resident |= {name: found[f"{index}.{name}"] for name in CALIBRATED if f"{index}.{name}" in found}
        yield module, index, stored, store.recipe.layer(module, resident, store.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class OffloadedLayer:
    """Computes one experts module out of the cache."""

    index: int
    stored: StoredLayer
    compute: LayerCompute
    cache: ExpertCache
    ahead: Lookahead | None
    copies: Copies | None = None

    def __call__(self, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
        spare = self.copies.dispensable(choice, share) if self.copies is not None else frozenset()
        return route(hidden, choice, share, self.stored.layer.experts, partial(self._visit, hidden, spare))

    def _visit(
        self, hidden: Tensor, spare: Set[int], experts: Sequence[int]
    ) -> Iterator[tuple[int, Compute]]:
        """``spare`` are those of ``experts`` whose copies do, where they themselves are not there."""
        copied = [
            expert for expert in experts if expert in spare and not self.cache.holds(self.index, expert)
        ]
        found = self._exact([expert for expert in experts if expert not in copied])
        if self.copies is not None and copied:
            self.copies.cache.prefetch(self.index, copied)  # read while the others are computed
            found = chain(found, self.copies.visit(self.index, copied))
        for position, one in enumerate(found):
            if position == 0 and self.ahead is not None:  # by now this layer's own reads stand in the queue
                self.ahead.after(self.index, hidden, experts)
            yield one

    def _exact(self, experts: Sequence[int]) -> Iterator[tuple[int, Compute]]:
        for expert, record in self.cache.visit(self.index, experts):
            yield expert, self.compute(expert, self.stored.layout.view(record))


def _offloaded(module: nn.Module, hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
    compute: OffloadedLayer | SparseLayer = module._offloaded  # type: ignore[assignment]
    with torch.no_grad():
        return compute(hidden, choice, share)


ALL_EXPERTS_FUNCTIONS.register(NAME, _offloaded)
