"""One group of papers into a few: as many as the papers themselves suggest, none of them tiny."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.metrics import silhouette_score

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

MOST_CHILDREN = 9
SMALLEST = 5
"""Papers of a part; what is smaller joins its neighbours."""
LARGEST_WHOLE = 1_500
"""Vectors that Ward's method sees as they are; of more it sees so many groups of theirs: it needs memory by
the square of their number."""
DROPLETS = 400
SAMPLED = 1_000
"""Vectors by which a large split is judged."""


def split(vectors: Floats, largest: int) -> Labels:
    """A label for each vector, numbered from the largest part on; parts are wanted to hold up to ``largest``.

    Ward's tree over the vectors is cut into 2 to ``MOST_CHILDREN`` parts, which k-means then tidies. Of these
    cuts that is taken whose parts are the most distinct (silhouette) and even (entropy of their sizes). Where
    no cut leaves two parts of ``SMALLEST`` vectors, the vectors are shared out evenly along their longest
    axis, so that also copies of one paper end in parts of bounded size.
    """
    best, found = -1.0, None
    for labels in _cuts(vectors):
        worth = _worth(vectors, labels)
        if worth > best:
            best, found = worth, labels
    return _by_size(_in_slices(vectors, largest) if found is None else found)


def _cuts(vectors: Floats) -> Iterator[Labels]:
    """Ways to part the vectors; each has two parts or more, of ``SMALLEST`` vectors or more."""
    if float(np.ptp(vectors, axis=0).max(initial=0.0)) < 1e-6:
        return
    drops, drop_of = _droplets(vectors)
    least = 2 if len(vectors) < 4 * MOST_CHILDREN * SMALLEST else 3  # parting in two makes a deep tree
    most = min(MOST_CHILDREN, len(vectors) // SMALLEST, len(drops) - 1)
    for count in range(least, most + 1):
        labels = AgglomerativeClustering(count, linkage="ward").fit_predict(drops)[drop_of]
        starts = np.stack([vectors[labels == label].mean(axis=0) for label in range(count)])
        labels = KMeans(count, init=starts, n_init=1, max_iter=20).fit_predict(vectors).astype(np.int64)
        labels = _without_tiny(vectors, labels)
        if labels.max() > 0:
            yield labels


def _droplets(vectors: Floats) -> tuple[Floats, Labels]:
    """What Ward's method sees, and which of it each vector belongs to."""
    if len(vectors) <= LARGEST_WHOLE:
        return vectors, np.arange(len(vectors))
    gathered = MiniBatchKMeans(DROPLETS, random_state=0, n_init=1, batch_size=2_048).fit(vectors)
    used, drop_of = np.unique(gathered.labels_, return_inverse=True)
    return gathered.cluster_centers_[used], drop_of


def _without_tiny(vectors: Floats, labels: Labels) -> Labels:
    """Members of parts that are too small go to the nearest of the others."""
    sizes = np.bincount(labels)
    kept = np.flatnonzero(sizes >= SMALLEST)
    if len(kept) < 2:
        return np.zeros(len(labels), dtype=np.int64)
    centres = np.stack([vectors[labels == label].mean(axis=0) for label in kept])
    numbered = np.full(len(sizes), -1)
    numbered[kept] = np.arange(len(kept))
    tidy = numbered[labels]
    lost = np.flatnonzero(tidy < 0)
    tidy[lost] = np.argmin(((vectors[lost, None] - centres[None]) ** 2).sum(axis=2), axis=1)
    return tidy


def _worth(vectors: Floats, labels: Labels) -> float:
    """Distinctness times evenness; a split that separates nothing is worth nought."""
    shares = np.bincount(labels) / len(labels)
    evenness = float(-(shares * np.log(shares)).sum() / np.log(len(shares)))
    sample = SAMPLED if len(labels) > SAMPLED else None
    distinct = float(silhouette_score(vectors, labels, sample_size=sample, random_state=0))
    return max(distinct, 0.0) * evenness


def _in_slices(vectors: Floats, largest: int) -> Labels:
    centred = vectors - vectors.mean(axis=0)
    axis = np.linalg.svd(centred[:LARGEST_WHOLE], full_matrices=False)[2][0]
    order = np.argsort(np.round(centred @ axis, 9), kind="stable")
    parts = min(MOST_CHILDREN, -(-len(vectors) // largest))
    labels = np.empty(len(vectors), dtype=np.int64)
    for label, part in enumerate(np.array_split(order, parts)):
        labels[part] = label
    return labels


def _by_size(labels: Labels) -> Labels:
    """Labels renumbered: the largest part is 0, of parts alike in size the one that begins first."""
    sizes = np.bincount(labels)
    firsts = [int(np.argmax(labels == label)) for label in range(len(sizes))]
    order = sorted(range(len(sizes)), key=lambda label: (-sizes[label], firsts[label]))
    places = np.empty(len(sizes), dtype=np.int64)
    places[order] = np.arange(len(sizes))
    return places[labels]
