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
Floats = NDArray[np.floating]
Places = NDArray[np.intp]

SAMPLE = 400
"""Candidates from which typical distances are read off."""

SHARPNESS = 4
"""Power of the cosine of two traits' vectors: 0.8 counts 0.41, 0.5 a sixteenth.

A whole power of a kernel is a kernel (Schur's product theorem), and an even one is never negative; cutting
negative cosines off would not be one. On 60 reweighted problems from nine pools 4 found the best sooner than
2, 6 and 8 did.
"""

SLICE = 1000
"""Candidates whose traits are compared at once, where the names are more than so many."""

MANY = 4096
"""Candidates beyond which single precision is enough for the distances of their texts."""

HUGE = 100_000
"""Candidates beyond which vectors in single precision stay where the caller has them: once in memory."""

LARGEST_SINGLE = 1e15
"""Beyond it squares overflow in single precision."""

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
        step = len(rows) if len(self.names) <= SLICE else SLICE
        for start in range(0, len(rows), max(step, 1)):
            left = self.membership[rows[start : start + step]]
            own = np.unique(left.indices)
            shared[start : start + step] = left[:, own] @ (self.nearness(own, used) @ weights)
        bare = np.diff(self.membership.indptr)[rows] == 0
        return np.asarray(shared + (bare[:, None] & (rows[:, None] == columns)), dtype=np.float64)

    def nearness(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Array:
        """Of trait names, [left, right], in [0, 1]; a name without a vector matches only itself."""
        cosine = self.vectors[left] @ self.vectors[right].T
        same = left[:, None] == right[None, :]
        return np.asarray(np.where(same, 1.0, np.minimum(_sharpened(cosine), 1.0)), dtype=np.float64)


@dataclass(frozen=True)
class Scattered:
    """Vectors that lie anywhere in memory, less their middle; brought together as they are asked for."""

    rows: Sequence[Floats]
    middle: Floats

    @property
    def dtype(self) -> np.dtype[np.floating]:
        return self.middle.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: Places) -> Floats:
        found: Floats = np.array([self.rows[place] for place in places.tolist()], dtype=self.middle.dtype)
        return found.reshape(len(places), len(self.middle)) - self.middle


@dataclass(frozen=True)
class Points:
    """Matern-5/2 on vectors, its length in units of the pool's median distance."""

    vectors: Floats | Scattered
    """[levels, dimension]: of each different description."""
    levels: Places | None
    """[candidates]: which description each has; None where every candidate has its own."""
    scale: float

    def block(self, rows: Places, columns: Places, lengths: Sequence[float]) -> list[Array]:
        """[rows, columns] for each length."""
        if self.levels is None:
            return self._of_levels(rows, columns, lengths)
        left, right = self.levels[rows], self.levels[columns]
        if len(self.vectors) >= len(rows):
            return self._of_levels(left, right, lengths)
        # Few descriptions that many candidates share are compared once.
        few, places = np.unique(right, return_inverse=True)
        tables = self._of_levels(np.arange(len(self.vectors), dtype=np.intp), few, lengths)
        return [table[left][:, places] for table in tables]

    def _of_levels(self, rows: Places, columns: Places, lengths: Sequence[float]) -> list[Array]:
        left, right = self.vectors[rows], self.vectors[columns]
        squares = left @ right.T
        squares *= -2.0
        squares += np.einsum("ij,ij->i", left, left)[:, None]
        squares += np.einsum("ij,ij->i", right, right)[None, :]
        distances = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
        return [_matern(distances * (5.0**0.5 / (length * self.scale))) for length in lengths]


@dataclass(frozen=True)
class Settings:
    """The mean of a kernel for each setting: what one of them does, it does whatever the others are."""

    parts: tuple[Points, ...]

    def block(self, rows: Places, columns: Places, lengths: Sequence[float]) -> list[Array]:
        blocks = [part.block(rows, columns, lengths) for part in self.parts]
        return [np.mean(of_length, axis=0) for of_length in zip(*blocks, strict=True)]


def _matern(ratio: Floats) -> Array:
    """In the precision of the ratio: half of the time of a large pool goes into this line."""
    return np.asarray((1 + ratio + ratio**2 / 3) * np.exp(-ratio))


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
    norms = _own_overlap(kernel)
    scaled = csr_array((data / np.sqrt(norms[rows]), (rows, columns)), shape=shape)
    return Traits(scaled, vectors, names)


def _sharpened(cosine: Array) -> Array:
    """By multiplication: raising to a power is many times slower."""
    sharp = np.square(cosine)
    for _ in range(SHARPNESS // 2 - 1):
        sharp *= np.square(cosine)
    return sharp


def _own_overlap(kernel: Traits) -> Array:
    """Of each candidate with itself, [candidates], where every trait counts 1; those with as many at once."""
    starts, counts = kernel.membership.indptr[:-1], np.diff(kernel.membership.indptr)
    norms = np.ones(len(counts))
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        for some in np.array_split(rows, -(-len(rows) // SLICE)):
            mine = kernel.vectors[kernel.membership.indices[starts[some][:, None] + np.arange(count)]]
            nearness = np.minimum(_sharpened(mine @ mine.transpose(0, 2, 1)), 1.0)
            nearness[:, range(count), range(count)] = 1.0
            norms[some] = nearness.sum(axis=(1, 2))
    return norms


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
    given = [one.vector for one in candidates if one.vector is not None]
    single = [vector for vector in given if isinstance(vector, np.ndarray) and vector.dtype == np.float32]
    # Squares of large numbers lose the small distances: not the mean, which one far vector would carry off.
    middle = np.median(_stacked(given[:: _step(len(given), 10_000)], len(single) == len(given)), axis=0)
    if len(single) == len(given) > HUGE:
        vectors: Floats | Scattered = Scattered(single, middle)
    else:
        vectors = _stacked(given, len(single) == len(given))
        vectors -= middle
        if len(given) > MANY and np.abs(vectors).max(initial=0.0) < LARGEST_SINGLE:
            vectors = vectors.astype(np.float32, copy=False)
    return Points(vectors, None, _typical_distance(vectors))


def _stacked(vectors: Sequence[Sequence[float] | Floats], single: bool) -> Floats:
    """[vectors, dimension]"""
    stacked = np.empty((len(vectors), len(vectors[0])), dtype=np.float32 if single else np.float64)
    for row, vector in enumerate(vectors):
        stacked[row] = vector
    return stacked


def setting_kernel(candidates: Sequence[Candidate]) -> Settings | None:
    """The kernel of settings and descriptors, or None where there are none."""
    names = sorted({name for one in candidates for name in one.features})
    parts = [_setting([one.features.get(name) for one in candidates]) for name in names]
    described = sorted({name for one in candidates for name in one.descriptors})
    parts += [_described([one.descriptors.get(name) for one in candidates]) for name in described]
    return Settings(tuple(parts)) if parts else None


def _setting(values: Sequence[str | float | None]) -> Points:
    """A quantity on a line, categories all equally far apart.

    A missing quantity lies in the pool's middle, a missing category at none of them.
    """
    known = [value for value in values if value is not None]
    numbers = np.array([value for value in known if not isinstance(value, str)], dtype=np.float64)
    if len(numbers) == len(known):
        spread = float(np.ptp(numbers)) if scatter(numbers) else 1.0
        middle = float(numbers.mean())
        line = [0.0 if value is None else (float(value) - middle) / spread for value in values]
        quantities, levels = np.unique(line, return_inverse=True)
        return _points(quantities[:, None], levels)
    texts = ["" if value is None else f"={value}" for value in values]
    names, levels = np.unique(texts, return_inverse=True)
    corners = np.eye(len(names)) / np.sqrt(2)
    corners[names == ""] = 0.0
    return _points(corners, levels)


def _described(vectors: Sequence[Sequence[float] | None]) -> Points:
    """Columns of the different vectors scaled alike; a missing vector lies in their middle."""
    place = {vector: row for row, vector in enumerate(dict.fromkeys(map(_key, vectors)))}
    known = np.array([vector for vector in place if vector is not None], dtype=np.float64)
    deviations = np.array([scatter(column) for column in known.T])
    columns = np.flatnonzero(deviations)
    table = np.zeros((len(place), len(columns)))
    rows = [row for vector, row in place.items() if vector is not None]
    table[rows] = (known - known.mean(axis=0))[:, columns] / deviations[columns]
    return _points(table, np.array([place[_key(vector)] for vector in vectors]))


def _key(vector: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if vector is None else tuple(vector)


def _points(vectors: Array, levels: NDArray[np.integer]) -> Points:
    return Points(vectors, levels.astype(np.intp), _typical_distance(vectors))


def _step(size: int, sample: int) -> int:
    return -(-size // sample)


def _typical_distance(vectors: Floats | Scattered) -> float:
    """Median over different ones of a sample."""
    sample = vectors[np.arange(0, len(vectors), _step(len(vectors), SAMPLE))].astype(np.float64)
    pairs = np.triu_indices(len(sample), 1)
    lengths = (sample**2).sum(1)[pairs[0]] + (sample**2).sum(1)[pairs[1]]
    squares = lengths - 2 * (sample @ sample.T)[pairs]
    distances = np.sqrt(squares[squares > SAME * lengths])
    return float(np.median(distances)) if distances.size else 1.0
