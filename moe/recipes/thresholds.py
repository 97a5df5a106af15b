"""Calibration: what a text tells about which channels may be left out.

A channel's part in the output is ``share * |SiLU(gate)| * |up| * |down column|``. Of these the router's
share and the column's norm are known before the gate is, and the 2-bit up projection nearly. What is left out
should be small beside what a layer passes on, so one threshold on that ratio serves all layers: each gives up
as much as it can spare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import silu

from moe.errors import MoeError
from moe.offloading.load import OffloadedModel, load
from moe.recipes.compute import Compute
from moe.recipes.floe import FloeLayer, dense_parts
from moe.storing.amend import with_tensors
from moe.storing.store import Store

PIECE = 256
"""Tokens computed at once; each piece is a text of its own."""
LEAST_TOKENS = 512
SAMPLES = 2_000_000
"""Scores kept of each layer to find quantiles in."""
SUPER = 20.0
"""An expert whose largest output is so many times its layer's median stays whole."""

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Criterion:
    """By what channels are chosen; the default is the best that was measured (docs/benchmarks.md)."""

    weight: str = "down"
    """``up``: |W_up x| alone, as in FloE; ``down``: times the router's share and the column's norm."""
    scope: str = "model"
    """Of one threshold: each ``expert`` (as in FloE), each ``layer``, or the whole ``model``."""


def calibrate(
    folder: Path,
    tokens: Sequence[int],
    sparsity: float,
    criterion: Criterion = Criterion(),
    memory: int | None = None,
    report: Report = lambda stage, done, total: None,
) -> Store:
    """Find the thresholds that leave out ``sparsity`` of channels on a text, and keep them in a floe store.

    Raises ``MoeError`` for another recipe, too short a text, or a sparsity outside [0, 1).
    """
    store = Store.at(folder)
    if store.recipe.name != "floe":
        raise MoeError(
            "not_floe", f"{folder} is {store.recipe.name}: only the floe recipe leaves channels out"
        )
    if not 0 <= sparsity < 1:
        raise MoeError("bad_sparsity", f"sparsity is a share from 0 up to below 1, not {sparsity}")
    if len(tokens) < LEAST_TOKENS:
        raise MoeError("short_text", f"the text has {len(tokens)} tokens: {LEAST_TOKENS} are needed")
    pieces = torch.tensor(tokens[: len(tokens) // PIECE * PIECE]).view(-1, PIECE)
    room = None if memory is None else memory - _unpacked(store)
    with closing(load(folder, room, tokens=PIECE)) as model:
        observers = [
            _Scores(_floe(layer.compute).norms, criterion.weight == "down") for layer in model.layers
        ]
        passed_on = _run(model, pieces, observers, lambda done: report("Calibrating", done, len(pieces)))
    limits = _limits(observers, passed_on, sparsity, criterion)
    content: dict[str, Tensor] = {}
    for index, (seen, limit) in enumerate(zip(observers, limits, strict=True)):
        whole = torch.tensor(sorted(seen.outliers()), dtype=torch.long)
        content[f"{index}.weight"] = seen.weight.clone()
        content[f"{index}.threshold"] = limit.index_fill(0, whole, -1.0)
        content[f"{index}.shared"] = torch.full((len(limit),), float(seen.shared))
    return with_tensors(store, "calibration", content)


def _unpacked(store: Store) -> int:
    """Bytes of the expert that is computed whole, in single precision and as a copy in 8 bits."""
    return max(5 * stored.layer.numel for stored in store.layers)


class _Scores:
    """Computes experts whole; notes what the criterion says of their channels, and their largest outputs."""

    def __init__(self, norms: Tensor, shared: bool) -> None:
        self.weight, self.shared = norms if shared else torch.ones_like(norms), shared
        self.samples: dict[int, list[Tensor]] = {}
        self.largest: dict[int, float] = {}

    def expert(self, expert: int, up: Tensor, fields: Mapping[str, Tensor]) -> Compute:
        gate, fine, down = dense_parts(fields)

        def compute(x: Tensor, share: Tensor) -> Tensor:
            tokens = x.float()
            score = (tokens @ up.T).abs() * self.weight[expert]
            self.samples.setdefault(expert, []).append((score * share if self.shared else score).flatten())
            out = (silu(tokens @ gate.T) * (tokens @ fine.T)) @ down
            self.largest[expert] = max(self.largest.get(expert, 0.0), float(out.abs().max()))
            return out.to(x.dtype)

        return compute

    def all(self) -> Tensor:
        return torch.cat([score for scores in self.samples.values() for score in scores])

    def outliers(self) -> set[int]:
        """Super experts: a few whose outputs are far out, and which a model cannot do without."""
        median = float(torch.tensor(list(self.largest.values())).median())
        return {expert for expert, largest in self.largest.items() if largest > SUPER * median}


def _run(
    model: OffloadedModel, pieces: Tensor, observers: Sequence[Any], progress: Callable[[int], None]
) -> list[float]:
    """Compute ``pieces`` with each layer observed; returns how large each layer's output is (mean norm)."""
    norms: list[list[float]] = [[] for _ in observers]
    with _watched(model, norms), torch.inference_mode():
        for layer, observer in zip(model.layers, observers, strict=True):
            _floe(layer.compute).observer = observer
        for done, piece in enumerate(pieces):
            progress(done)
            model.model(piece[None], use_cache=False)
        progress(len(pieces))
    return [sum(seen) / len(seen) for seen in norms]


@contextmanager
def _watched(model: OffloadedModel, norms: list[list[float]]) -> Iterator[None]:
    """The mean norm of what leaves each decoder layer goes into ``norms``."""
    handles = []
    for stored, seen in zip(model.store.layers, norms, strict=True):

        def saw(_: object, __: object, out: Any, seen: list[float] = seen) -> None:
            hidden = out[0] if isinstance(out, tuple) else out
            seen.append(float(hidden.float().norm(dim=-1).mean()))

        block = model.model.get_submodule(stored.layer.name.rpartition(".")[0].rpartition(".")[0])
        handles.append(block.register_forward_hook(saw))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _limits(
    scores: Sequence[_Scores], passed_on: Sequence[float], sparsity: float, criterion: Criterion
) -> list[Tensor]:
    """A threshold for every expert of every layer."""
    if criterion.scope == "model":
        samples = [_thinned(seen.all(), len(scores)) for seen in scores]
        ratios = [sample / norm for sample, norm in zip(samples, passed_on, strict=True)]
        common = _quantile(torch.cat(ratios), sparsity)
        return [
            torch.full((len(s.weight),), common * norm) for s, norm in zip(scores, passed_on, strict=True)
        ]
    limits = []
    for seen in scores:
        limit = torch.full((len(seen.weight),), _quantile(seen.all(), sparsity))
        if criterion.scope == "expert":
            for expert, own in seen.samples.items():
                limit[expert] = _quantile(torch.cat(own), sparsity)
        limits.append(limit)
    return limits


def _thinned(values: Tensor, layers: int) -> Tensor:
    """Evenly, so that all layers together stay within memory."""
    return values[:: max(1, len(values) * layers // SAMPLES)]


def _quantile(values: Tensor, share: float) -> float:
    count = round(share * len(values))
    return float(values.kthvalue(count).values) if count else -1.0


def _floe(compute: Any) -> FloeLayer:
    assert isinstance(compute, FloeLayer)
    return compute
