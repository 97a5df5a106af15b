"""Low-precision copies of experts, to be taken when an expert is not in memory and matters little to a token.

A copy in 4 bits is read in a fraction of the time that the expert itself takes. An expert matters little when
those that the router weighs more hold most of a token's weight already.
Source: HOBBIT (Tang et al., arXiv 2411.01433), whose rule and threshold for two precisions this is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, nn

from moe.architecture import empty_model, experts_modules, read_config
from moe.errors import MoeError
from moe.offloading.budget import LEAST_SLOTS
from moe.offloading.cache import ExpertCache
from moe.recipes.compute import Compute
from moe.recipes.grouped import FEW
from moe.recipes.recipe import Grouped, LayerCompute
from moe.storing.amend import kept_file, with_files
from moe.storing.atomic import Part
from moe.storing.disk import DirectFile, buffer
from moe.storing.store import RecordLayout, Report, Store, StoredLayer

COPY = Grouped(4)
ENOUGH = 0.6
"""An expert is dispensable where those before it hold this share of a token's weight."""
PLACES = 0.1
"""Of the memory for experts, the share that goes to copies; more costs more misses than it spares."""


def add_copies(folder: Path, report: Report = lambda stage, done, total: None) -> Store:
    """Put a copy of every expert into the store ``folder``; stopped, it leaves the store as it was.

    Raises ``MoeError`` for a store whose experts are not kept exactly, or cannot be kept in 4 bits.
    """
    store = Store.at(folder)
    if store.recipe.name != "exact":
        raise MoeError("not_exact", f"{folder} is {store.recipe.name}: copies are made of exact experts")
    if store.low:
        return store
    for _, module in experts_modules(empty_model(read_config(store.model_folder), store.dtype)):
        COPY.check(module)
    layers: list[StoredLayer] = []
    for done, stored in enumerate(store.layers):
        report("Copying", done, len(store.layers))
        layers.append(_copied(store, stored, f"low/{done:03}.bin"))
    report("Copying", len(store.layers), len(store.layers))
    return with_files(store, [kept_file(store, layer.file) for layer in layers], low=tuple(layers))


def _copied(store: Store, stored: StoredLayer, name: str) -> StoredLayer:
    record, size = buffer(stored.layout.nbytes), stored.layout.nbytes
    layout: RecordLayout | None = None
    with (
        closing(DirectFile(store.folder / stored.file)) as source,
        Part(store.folder / name) as part,
        part.open("wb") as file,
    ):
        for expert in range(stored.layer.experts):
            source.read(expert * size, record)
            fields = COPY.encode(stored.layout.view(record))
            layout = layout or RecordLayout.of(fields)
            file.write(layout.record(fields).numpy().tobytes())
    assert layout is not None  # a layer has experts
    return StoredLayer(stored.layer, name, layout)


def copies_of(store: Store) -> Store:
    """The copies alone, as a store; raises ``MoeError`` if it has none."""
    if not store.low:
        raise MoeError(
            "no_copies",
            f"{store.folder} has no low-precision copies: make them with touchstone moe add-copies",
        )
    return replace(store, recipe=COPY, layers=store.low, low=())


def shared_out(slots: int, store: Store, copies: Store) -> tuple[int, int]:
    """Places for experts and for copies, in the memory of ``slots`` experts."""
    most = sum(stored.layer.experts for stored in store.layers)
    wanted = max(LEAST_SLOTS * copies.largest_record, int(PLACES * slots * store.largest_record))
    places = min(most, wanted // copies.largest_record)
    given_up = -(-places * copies.largest_record // store.largest_record)
    if slots - given_up < LEAST_SLOTS:
        raise MoeError("budget_too_small", "the memory does not do for low-precision copies beside experts")
    return slots - given_up, places


@dataclass(slots=True, eq=False)
class Copies:
    """The copies of a model's experts, in a cache of their own."""

    cache: ExpertCache
    layers: list[LayerCompute]
    used: int = 0
    """Times that a copy was taken."""

    @classmethod
    def of(cls, cache: ExpertCache, modules: Sequence[nn.Module]) -> Copies:
        dtype = cache.store.dtype
        return cls(cache, [COPY.layer(module, {}, dtype) for module in modules])

    def dispensable(self, choice: Tensor, share: Tensor) -> frozenset[int]:
        """The experts of ``choice`` [tokens, k] that no token needs exactly, by its ``share`` [tokens, k].

        While a prompt is read, none: an expert then serves many tokens and is worth its reading.
        """
        if len(choice) > FEW:
            return frozenset()
        ordered, order = share.float().sort(dim=-1, descending=True)
        little = ordered.cumsum(-1) - ordered > ENOUGH * ordered.sum(-1, keepdim=True)
        ranked = choice.gather(-1, order)
        return frozenset(ranked[little].tolist()).difference(ranked[~little].tolist())

    def visit(self, layer: int, experts: Sequence[int]) -> Iterator[tuple[int, Compute]]:
        """Each of ``experts`` as a function on its tokens."""
        layout = self.cache.store.layers[layer].layout
        for expert, record in self.cache.visit(layer, experts):
            self.used += 1
            yield expert, self.layers[layer](expert, layout.view(record))
