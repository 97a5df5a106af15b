"""Which expert makes room for another: rules that watch what was used, and the best that any could do."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moe.errors import MoeError

Key = tuple[int, int]
"""Layer and expert."""
Mask = NDArray[np.bool_]
"""[layers, experts]."""

DECAY = 0.98
"""How much less the past counts with every visit; 0.97 to 0.99 do equally well (docs/benchmarks.md)."""


class Policy(Protocol):
    """Told of every visit to a layer, in order; asked for a victim when there is no room."""

    def visited(self, layer: int, experts: Sequence[int]) -> None:
        """``layer`` was computed and used ``experts``."""
        ...

    def predicted(self, layer: int, experts: Sequence[int]) -> None:
        """``layer``, which comes soon, will probably use ``experts``."""
        ...

    def victim(self, evictable: Mask) -> Key:
        """The one to give up of those that are ``evictable`` (at least one is)."""
        ...


class LeastRecentlyUsed:
    """Gives up what was not used for longest; since layers come in turn, that is often what comes next."""

    def __init__(self, layers: int, experts: int) -> None:
        self._used = np.zeros((layers, experts), dtype=np.int64)
        self._clock = 0

    def visited(self, layer: int, experts: Sequence[int]) -> None:
        self._clock += 1
        self._used[layer, list(experts)] = self._clock

    def predicted(self, layer: int, experts: Sequence[int]) -> None:
        pass

    def victim(self, evictable: Mask) -> Key:
        return _where(np.where(evictable, -self._used.astype(np.float64), -np.inf))


class FrequencyWithDecay:
    """Gives up what was used least often, where the past counts less and less."""

    def __init__(self, layers: int, experts: int, decay: float = DECAY) -> None:
        self._score = np.zeros((layers, experts))
        self._decay = decay

    def visited(self, layer: int, experts: Sequence[int]) -> None:
        self._score[layer] *= self._decay
        self._score[layer, list(experts)] += 1 - self._decay

    def predicted(self, layer: int, experts: Sequence[int]) -> None:
        pass

    def victim(self, evictable: Mask) -> Key:
        return _where(np.where(evictable, -self._score, -np.inf))


class Anticipating:
    """Gives up what is expected to be used last.

    Layers come in turn, so an expert's next use is as far as its layer, plus whole rounds for as long as it
    is unlikely to be chosen; how likely is told by how often it was, and by a prediction for the next layer.
    It stands in for Belady's rule, which would know.
    """

    def __init__(self, layers: int, experts: int, decay: float = DECAY) -> None:
        self._often = np.full((layers, experts), 1 / experts)
        self._decay, self._here = decay, 0
        self._predicted = np.zeros((layers, experts), dtype=bool)

    def visited(self, layer: int, experts: Sequence[int]) -> None:
        self._here = layer
        self._predicted[layer] = False
        self._often[layer] *= self._decay
        self._often[layer, list(experts)] += 1 - self._decay

    def predicted(self, layer: int, experts: Sequence[int]) -> None:
        self._predicted[layer] = False
        self._predicted[layer, list(experts)] = True

    def victim(self, evictable: Mask) -> Key:
        layers = len(self._often)
        ahead = (np.arange(layers) - self._here - 1) % layers + 1
        rounds = np.where(self._predicted, 0, 1 / np.maximum(self._often, 1e-9) - 1)
        return _where(np.where(evictable, ahead[:, None] + layers * rounds, -np.inf))


POLICIES: dict[str, Callable[[int, int], Policy]] = {
    "lru": LeastRecentlyUsed,
    "frequency": FrequencyWithDecay,
    "anticipating": Anticipating,
}


def policy_named(name: str, shape: tuple[int, int]) -> Policy:
    """For ``shape`` layers and experts; raises ``MoeError`` for a name that none has."""
    if name not in POLICIES:
        raise MoeError("unknown_policy", f"there is no policy {name!r}: use one of {', '.join(POLICIES)}")
    return POLICIES[name](*shape)


def hits(
    trace: Sequence[tuple[int, Sequence[int]]], slots: int, policy: Policy, shape: tuple[int, int]
) -> int:
    """How many of the uses in ``trace`` (layer, experts) a cache of ``slots`` experts would have served."""
    resident = np.zeros(shape, dtype=bool)
    found = 0
    for layer, experts in trace:
        found += int(resident[layer, list(experts)].sum())
        for expert in experts:
            if not resident[layer, expert]:
                if resident.sum() >= slots:
                    evictable = resident.copy()
                    evictable[layer, list(experts)] = False
                    resident[policy.victim(evictable if evictable.any() else resident)] = False
                resident[layer, expert] = True
        policy.visited(layer, experts)
    return found


class Belady:
    """Gives up what is used again last: it knows ``trace``, and so is the bound for every other rule."""

    def __init__(self, trace: Sequence[tuple[int, Sequence[int]]], shape: tuple[int, int]) -> None:
        self._uses: dict[Key, list[int]] = defaultdict(list)
        for time, (layer, experts) in enumerate(trace):
            for expert in experts:
                self._uses[layer, expert].append(time)
        self._next = np.full(shape, np.inf)
        self._time = 0
        for (layer, expert), times in self._uses.items():
            self._next[layer, expert] = times[0]

    def visited(self, layer: int, experts: Sequence[int]) -> None:
        for expert in experts:
            times = self._uses[layer, expert]
            later = bisect_right(times, self._time)
            self._next[layer, expert] = times[later] if later < len(times) else np.inf
        self._time += 1

    def predicted(self, layer: int, experts: Sequence[int]) -> None:
        pass

    def victim(self, evictable: Mask) -> Key:
        return _where(np.where(evictable, np.minimum(self._next, 1e18), -np.inf))


def _where(scores: NDArray[np.float64]) -> Key:
    layer, expert = divmod(int(scores.argmax()), scores.shape[1])
    return layer, expert
