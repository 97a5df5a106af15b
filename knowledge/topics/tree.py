"""A tree of topics over papers: groups of groups, down to what fits on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.topics.splitting import Floats, Labels, split

LARGEST_LEAF = 25
"""Papers; more are parted."""
NEAR = 0.92
"""A paper is also near another leaf whose centre is so much as near to it as its own leaf's."""
MOST_NEAR = 2
ROOT = -1
"""What the topmost topics hang on; it is no topic itself."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Topics by number, parents before children, and the one leaf that each paper is at home in."""

    parents: tuple[int, ...]
    """Of each topic, or ``ROOT``."""
    homes: tuple[int, ...]
    """Of each paper, by its place in the list of papers."""

    def __len__(self) -> int:
        return len(self.parents)

    def children(self) -> dict[int, list[int]]:
        """By topic, and under ``ROOT`` the topmost; leaves are not in it."""
        found: dict[int, list[int]] = {}
        for topic, parent in enumerate(self.parents):
            found.setdefault(parent, []).append(topic)
        return found

    def above(self, topic: int) -> Iterator[int]:
        """The topic and those that it hangs on, from below."""
        while topic != ROOT:
            yield topic
            topic = self.parents[topic]

    def papers(self) -> list[list[int]]:
        """The papers of each topic and of all below it."""
        found: list[list[int]] = [[] for _ in self.parents]
        for paper, home in enumerate(self.homes):
            for topic in self.above(home):
                found[topic].append(paper)
        return found


def grow(vectors: Floats) -> Tree:
    """The tree over papers, unit vectors [papers, dimension].

    A leaf holds at most ``LARGEST_LEAF`` papers, every other topic has 2 to 9 children. The same vectors give
    the same tree. Time goes about as n log n, memory as n.
    """
    parents: list[int] = []
    homes = np.full(len(vectors), ROOT)
    if len(vectors):
        _part(vectors, np.arange(len(vectors)), ROOT, parents, homes)
    return Tree(tuple(parents), tuple(homes.tolist()))


def _part(vectors: Floats, papers: Labels, parent: int, parents: list[int], homes: Labels) -> None:
    """Give these papers homes below a parent; what is few enough to begin with becomes one topic."""
    if len(papers) > LARGEST_LEAF:
        labels = split(vectors[papers], LARGEST_LEAF)
        parts = [papers[labels == label] for label in range(int(labels.max()) + 1)]
    else:
        parts = [papers]
    for part in parts:
        topic = len(parents)
        parents.append(parent)
        if len(part) > LARGEST_LEAF:
            _part(vectors, part, topic, parents, homes)
        else:
            homes[part] = topic


def centre(vectors: Floats) -> Floats:
    """The direction in which these unit vectors lie, or zeros where they lie in none."""
    mean = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1])
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-9 else np.zeros_like(mean)


def nearest(vectors: Floats, centres: Floats) -> Labels:
    """For each vector the centre that is nearest, the earlier of two as near."""
    found: Labels = np.argmax(np.round(vectors @ centres.T, 9), axis=1)
    return found


def second_homes(vectors: Floats, homes: Sequence[int], centres: Floats) -> Iterator[tuple[int, int, float]]:
    """(paper, leaf, weight below 1) for leaves that are nearly as near to a paper as its own.

    ``homes``: each paper's leaf by its row in ``centres``.
    """
    for paper, (vector, home) in enumerate(zip(vectors, homes, strict=True)):
        likeness = centres @ vector
        own = float(likeness[home])
        likeness[home] = -1.0
        for leaf in np.argsort(-np.round(likeness, 9), kind="stable")[:MOST_NEAR].tolist():
            if own > 0 and float(likeness[leaf]) >= NEAR * own:
                yield paper, leaf, min(0.99, round(float(likeness[leaf]) / own, 4))
