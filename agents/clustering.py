"""Functional categories: key points grouped by meaning, hypotheses shared out among them, and a map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import silhouette_score

from agents.drafts import KeyPoint
from knowledge.embedding import Embedder

Floats = NDArray[np.float64]

MOST_CLUSTERS = 12
"""More categories than this are no overview."""


@dataclass(frozen=True, slots=True)
class Group:
    """A functional category before it has a name."""

    key_points: tuple[KeyPoint, ...]
    """Nearest to the centre first."""
    weights: dict[int, float]
    """Position of a hypothesis in the list, and the share (0 to 1] of its key points that lie here."""


def meaning(point: KeyPoint) -> str:
    """The text by which a key point is embedded: the thing and what it is there for."""
    return f"{point.name}: {point.role}" if point.role else point.name


def group_key_points(pool: Sequence[Sequence[KeyPoint]], embedder: Embedder) -> list[Group]:
    """Categories over all key points of all hypotheses, the one that most hypotheses touch first.

    ``pool``: the key points of each hypothesis. Every distinct key point counts once when groups are formed,
    so a trait that a thousand table rows share does not outvote the rest. A hypothesis is in every group that
    one of its key points is in.
    """
    distinct = {meaning(point): point for points in pool for point in points}
    if not distinct:
        return []
    vectors = np.asarray(embedder.embed(list(distinct)), dtype=np.float64)
    labels = choose_labels(vectors)
    label_of = dict(zip(distinct, labels.tolist(), strict=True))
    points = list(distinct.values())
    groups = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        nearness = vectors[members] @ vectors[members].mean(axis=0)
        order = members[np.argsort(-nearness, kind="stable")]
        groups.append(Group(tuple(points[index] for index in order), _shares(pool, label_of, label)))
    return sorted(groups, key=lambda group: -len(group.weights))


def choose_labels(vectors: Floats) -> NDArray[np.int64]:
    """A label for each unit vector: Ward's tree, cut where the silhouette is best.

    There are at least two groups, at most ``MOST_CLUSTERS``, and on average three vectors or more in each;
    fewer than three vectors, or vectors that are all the same, are one group. Labels are numbered by first
    occurrence.
    """
    count = len(vectors)
    alike = np.zeros(count, dtype=np.int64)
    if count < 3 or float(np.ptp(vectors, axis=0).max()) < 1e-6:
        return alike
    ward = AgglomerativeClustering(n_clusters=2, linkage="ward", compute_full_tree=True)
    tree = ward.fit(vectors).children_
    most = min(MOST_CLUSTERS, max(2, count // 3))
    cuts = [_cut(tree, count, groups) for groups in range(2, most + 1)]
    scores = [float(silhouette_score(vectors, cut, metric="cosine")) for cut in cuts]
    return cuts[int(np.argmax(scores))]


def choose_names(proposed: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """The proposed names, made distinct by the most typical key point, or else by a number."""
    names: list[str] = []
    taken: set[str] = set()
    for wanted, group in zip(proposed, groups, strict=True):
        options = [wanted, f"{wanted} ({group.key_points[0].name})"]
        options += [f"{wanted} {number}" for number in range(2, len(groups) + 2)]
        name = next(option for option in options if option.casefold() not in taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def hypothesis_map(vectors: Floats) -> Floats:
    """Coordinates of the hypotheses in a plane, [n, 2] within [-1, 1]: their two principal components.

    The sign of a component is free; it is chosen so that the hypothesis farthest out lies on the positive
    side.
    """
    centred = vectors - vectors.mean(axis=0)
    if len(vectors) < 2 or float(np.abs(centred).max()) < 1e-9:
        return np.zeros((len(vectors), 2))
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((len(vectors), 2))
    kept = min(2, len(lengths))
    plane[:, :kept] = left[:, :kept] * lengths[:kept]
    # Rounded, because which of two equal extremes is "farthest" must not hang on the last bit.
    extremes = np.round(plane, 9)[np.argmax(np.abs(np.round(plane, 9)), axis=0), [0, 1]]
    plane *= np.where(extremes < 0, -1.0, 1.0)
    return plane / max(1e-12, float(np.abs(plane).max()))


def _shares(pool: Sequence[Sequence[KeyPoint]], label_of: dict[str, int], label: int) -> dict[int, float]:
    shares = {}
    for position, points in enumerate(pool):
        counts = Counter(label_of[meaning(point)] for point in points)
        if counts[label]:
            shares[position] = counts[label] / counts.total()
    return shares


def _cut(tree: NDArray[np.int64], count: int, groups: int) -> NDArray[np.int64]:
    """Labels after the first ``count - groups`` merges; row i of the tree makes node count + i."""
    parent = list(range(count + len(tree)))
    for step, (left, right) in enumerate(tree[: count - groups].tolist()):
        parent[left] = parent[right] = count + step
    roots = []
    for node in range(count):
        while parent[node] != node:
            node = parent[node]
        roots.append(node)
    numbered = {root: number for number, root in enumerate(dict.fromkeys(roots))}
    return np.array([numbered[root] for root in roots], dtype=np.int64)
