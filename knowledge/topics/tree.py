"""A tree of topics over papers: groups of groups, down to what fits on a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from knowledge.topics.splitting import Floats, split

LARGEST_LEAF = 25
"""Papers; more are parted."""
NEAR = 0.92
"""A paper is also near another leaf whose centre is so much as near to it as its own leaf's."""
MOST_NEAR = 2


@dataclass(frozen=True, slots=True)
class Node:
    """A topic before it has a name: its papers by their places in the list, and its parts."""

    members: tuple[int, ...]
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Node]:
        return (node for node in self.walk() if not node.children)


def grow(vectors: Floats) -> Node:
    """The tree over papers, unit vectors [papers, dimension]; its root holds them all.

    A leaf holds at most ``LARGEST_LEAF`` papers; every other node has 2 to 9 children. The same vectors give
    the same tree. Time goes about as n log n, memory as n.
    """
    return _grow(vectors, np.arange(len(vectors)))


def _grow(vectors: Floats, members: np.ndarray) -> Node:
    whole = tuple(int(member) for member in members)
    if len(members) <= LARGEST_LEAF:
        return Node(whole)
    labels = split(vectors[members], LARGEST_LEAF)
    parts = (members[labels == label] for label in range(int(labels.max()) + 1))
    return Node(whole, tuple(_grow(vectors, part) for part in parts))


def centre(vectors: Floats) -> Floats:
    """The direction in which these unit vectors lie, or zeros where they lie in none."""
    mean: Floats = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-9 else np.zeros_like(mean)


def near(vectors: Floats, centres: Floats, homes: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Second homes: (paper, leaf, weight below 1), the leaves nearly as near to a paper as its own.

    ``centres``: [leaves, dimension]; ``homes``: each paper's own leaf. Papers are looked at in blocks, so
    memory does not go by papers times leaves.
    """
    block = max(1, 2_000_000 // max(1, len(centres)))
    for start in range(0, len(vectors), block):
        likeness = vectors[start : start + block] @ centres.T
        for offset, row in enumerate(likeness):
            paper = start + offset
            own = float(row[homes[paper]])
            if own <= 0:
                continue
            others = [int(leaf) for leaf in np.argsort(-row, kind="stable") if leaf != homes[paper]]
            for leaf in others[:MOST_NEAR]:
                if float(row[leaf]) >= NEAR * own:
                    yield paper, leaf, min(0.99, round(float(row[leaf]) / own, 4))
