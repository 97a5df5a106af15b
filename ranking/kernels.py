"""How alike two candidates are: by traits, by text, by settings; in blocks, only those that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ranking.candidates import Candidate
from ranking.numbers import scatter

Array = NDArray[np.float64]
Places = NDArray[np.intp]

SAMPLE = 400
"""Candidates from which typical distances are read off."""

SHARPNESS = 2
"""Power of the cosine of two traits' vectors: 0.8 counts 0.64, 0.5 a quarter.

A whole power of a kernel is a kernel (Schur's product theorem), and an even one is never negative; cutting
negative cosines off would not be one. On nine pools powers from 1.5 to 4 found the best equally soon.
"""

SLICE = 1000
"""Candidates whose traits are compared at once."""

SAME = 1e-12
"""Of two vectors' squares: what their squared distance may be by rounding alone."""


@dataclass(frozen=True)
class Traits:
    """Soft overlap: the sum over pairs of traits of how near their names are, scaled to 1 for itself.

    A candidate without traits is like itself alone.
    """

    membership: csr_array
    """[candidates, traits], rows scaled so that a candidate's kernel with itself is 1."""
    vectors: Array
    """[traits, dimension], unit length; zeros for a name without a vector."""
    names: tuple[str, ...]

    def block(self, rows: Places, columns: Places) -> Array:
        right = self.membership[columns]
        used = np.unique(right.indices)
        weights = right[:, used].T.toarray()
        shared = np.zeros((len(rows), len(columns)))
        # A slice at a time: ten thousand candidates may have as many traits each their own.
        for start in range(0, len(rows), SLICE):
            left = self.membership[rows[start : start + SLICE]]
            own = np.unique(left.indices)
            shared[start : start + SLICE] = left[:, own] @ (self.nearness(own, used) @ weights)
        bare = np.diff(self.membership.indptr)[rows] == 0
        return np.asarray(shared + (bare[:, None] & (rows[:, None] == columns)), dtype=np.float64)

    def nearness(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Array:
        """Of trait names, [left, right], in [0, 1]; a name without a vector matches only itself."""
        cosine = self.vectors[left] @ self.vectors[right].T
        same = left[:, None] == right[None, :]
        return np.asarray(np.where(same, 1.0, np.minimum(cosine**SHARPNESS, 1.0)), dtype=np.float64)


@dataclass(frozen=True)
class Points:
    """Matern-5/2 on vectors, its length in units of the pool's median distance."""

    vectors: Array
    """[candidates, dimension]."""
    scale: float

    def block(self, rows: Places, columns: Places, length: float) -> Array:
        left, right = self.vectors[rows], self.vectors[columns]
        squares = (left**2).sum(1)[:, None] + (right**2).sum(1)[None, :] - 2 * left @ right.T
        ratio = np.sqrt(5.0 * np.maximum(squares, 0.0)) / (length * self.scale)
        return np.asarray((1 + ratio + ratio**2 / 3) * np.exp(-ratio), dtype=np.float64)


def trait_kernel(candidates: Sequence[Candidate], named: Mapping[str, Sequence[float]]) -> Traits | None:
    """The traits' kernel, or None where there are none."""
    names = tuple(sorted({trait for one in candidates for trait in one.traits}))
    if not names:
        return None
    place = {name: column for column, name in enumerate(names)}
    vectors = _trait_vectors(names, named)
    rows = [row for row, one in enumerate(candidates) for _ in set(one.traits)]
    columns = [place[trait] for one in candidates for trait in sorted(set(one.traits))]
    data = np.ones(len(rows))
    shape = (len(candidates), len(names))
    kernel = Traits(csr_array((data, (rows, columns)), shape=shape), vectors, names)
    norms = np.ones(len(candidates))
    for row in range(len(candidates)):
        mine = kernel.membership.indices[kernel.membership.indptr[row] : kernel.membership.indptr[row + 1]]
        norms[row] = kernel.nearness(mine, mine).sum() if len(mine) else 1.0
    scaled = csr_array((data / np.sqrt(norms[rows]), (rows, columns)), shape=shape)
    return Traits(scaled, vectors, names)


def _trait_vectors(names: Sequence[str], named: Mapping[str, Sequence[float]]) -> Array:
    width = next((len(named[name]) for name in names if name in named), 0)
    vectors = np.zeros((len(names), width))
    for row, name in enumerate(names):
        if name in named:
            vector = np.asarray(named[name], dtype=np.float64)
            length = float(np.linalg.norm(vector))
            vectors[row] = vector / length if length else vector
    return vectors


def text_kernel(candidates: Sequence[Candidate]) -> Points | None:
    """The kernel of centred text vectors, or None where there are none."""
    if candidates[0].vector is None:
        return None
    vectors = np.array([one.vector for one in candidates], dtype=np.float64)
    # Squares of large numbers lose the small distances: not the mean, which one far vector would carry off.
    return _points(vectors - np.median(vectors, axis=0))


def setting_kernel(candidates: Sequence[Candidate]) -> Points | None:
    """The kernel of settings, or None where there are none."""
    names = sorted({name for one in candidates for name in one.features})
    columns = [
        column for name in names for column in _setting([one.features.get(name) for one in candidates])
    ]
    return _points(np.stack(columns, axis=1)) if columns else None


def _setting(values: Sequence[str | float | None]) -> list[Array]:
    """One setting's coordinates: a quantity by the pool's range, a category one-hot, two of them 1 apart.

    A missing quantity lies in the pool's middle, a missing category at none of them.
    """
    known = [value for value in values if value is not None]
    numbers = np.array([value for value in known if not isinstance(value, str)], dtype=np.float64)
    if len(numbers) == len(known):
        spread = float(np.ptp(numbers)) if scatter(numbers) else 1.0
        middle = float(numbers.mean())
        return [np.array([0.0 if value is None else (float(value) - middle) / spread for value in values])]
    texts = [None if value is None else str(value) for value in values]
    return [
        np.array([text == level for text in texts], dtype=np.float64) / np.sqrt(2)
        for level in sorted({str(value) for value in known})
    ]


def _points(vectors: Array) -> Points:
    sample = vectors[:: -(-len(vectors) // SAMPLE)]
    pairs = np.triu_indices(len(sample), 1)
    lengths = (sample**2).sum(1)[pairs[0]] + (sample**2).sum(1)[pairs[1]]
    squares = lengths - 2 * (sample @ sample.T)[pairs]
    distances = np.sqrt(squares[squares > SAME * lengths])
    return Points(vectors, float(np.median(distances)) if distances.size else 1.0)
