"""How alike two candidates are: by traits, by text, by settings; in blocks, only those that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ranking.candidates import Candidate

Array = NDArray[np.float64]
Places = NDArray[np.intp]

SAMPLE = 400
"""Candidates from which typical distances are read off."""

SHARPNESS = 2
"""Power of the traits' cosine: 0.8 counts half, 0.5 an eighth (Schur: still positive semidefinite)."""


@dataclass(frozen=True)
class Traits:
    """Soft overlap: the sum over pairs of traits of how near their names are, scaled to 1 for itself."""

    membership: csr_array
    """[candidates, traits], rows scaled so that a candidate's kernel with itself is 1."""
    vectors: Array
    """[traits, dimension], unit length."""
    names: tuple[str, ...]

    def block(self, rows: Places, columns: Places) -> Array:
        left, right = self.membership[rows], self.membership[columns]
        used_left, used_right = np.unique(left.indices), np.unique(right.indices)
        nearness = self.nearness(used_left, used_right)
        return np.asarray(left[:, used_left] @ nearness @ right[:, used_right].T.toarray())

    def nearness(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Array:
        """Of trait names, [left, right], in [0, 1]."""
        cosine = np.clip(self.vectors[left] @ self.vectors[right].T, 0.0, 1.0)
        return np.asarray(cosine**SHARPNESS, dtype=np.float64)


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
    """The traits' kernel, or None where there are none; a name without a vector matches only itself."""
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
    known = [name for name in names if name in named]
    width = len(named[known[0]]) if known else 0
    alone = [name for name in names if name not in named]
    vectors = np.zeros((len(names), width + len(alone)))
    own = {name: width + column for column, name in enumerate(alone)}
    for row, name in enumerate(names):
        if name in own:
            vectors[row, own[name]] = 1.0
        else:
            vector = np.asarray(named[name], dtype=np.float64)
            vectors[row, :width] = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return vectors


def text_kernel(candidates: Sequence[Candidate]) -> Points | None:
    """The kernel of centred text vectors, or None where there are none."""
    if candidates[0].vector is None:
        return None
    vectors = np.array([one.vector for one in candidates], dtype=np.float64)
    return _points(vectors - vectors.mean(axis=0))


def setting_kernel(candidates: Sequence[Candidate]) -> Points | None:
    """The kernel of settings: categories one-hot, numbers scaled to the range of the pool."""
    names = sorted({name for one in candidates for name in one.features})
    columns: list[Array] = []
    for name in names:
        values = [one.features.get(name) for one in candidates]
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) == len(values):
            column = np.array(numbers, dtype=np.float64)
            spread = float(np.ptp(column))
            columns.append((column - column.mean()) / spread if spread else column * 0)
        else:
            texts = [str(value) for value in values]
            columns += [
                np.array([text == level for text in texts], dtype=np.float64) / np.sqrt(2)
                for level in sorted(set(texts))
            ]
    return _points(np.stack(columns, axis=1)) if columns else None


def _points(vectors: Array) -> Points:
    sample = vectors[:: -(-len(vectors) // SAMPLE)]
    squares = (sample**2).sum(1)[:, None] + (sample**2).sum(1)[None, :] - 2 * sample @ sample.T
    distances = np.sqrt(np.maximum(squares[np.triu_indices(len(sample), 1)], 0.0))
    distances = distances[distances > 1e-9]
    return Points(vectors, float(np.median(distances)) if distances.size else 1.0)
