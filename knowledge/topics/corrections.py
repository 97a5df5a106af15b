"""What people corrected in a tree, carried over into one that was grown anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix

from knowledge.topics.splitting import Floats
from knowledge.topics.tree import ROOT, Tree, centre, grow, nearest

ALIKE = 0.2
"""Jaccard likeness of their papers from which on a new topic counts as an old one."""
OUTRANKS = 10.0
"""How much more a topic that somebody corrected counts in the matching."""


@dataclass(frozen=True, slots=True)
class Old:
    """A topic as it was; papers by their places in the list, those that are gone left out."""

    id: str
    named: bool
    """Whether a person named it."""
    papers: frozenset[int]
    """At home in it or below it."""
    pinned: frozenset[int]
    """Of those, what a person put right there."""

    @property
    def corrected(self) -> bool:
        return self.named or bool(self.pinned)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A tree in which all corrections hold."""

    tree: Tree
    ids: Mapping[int, str]
    """Topics that were there before, by the id that they had."""
    pinned: frozenset[int]


def correct(tree: Tree, vectors: Floats, old: Sequence[Old]) -> Corrected:
    """Find the old topics in a new tree and make every correction hold again.

    Topics are matched by their papers (Hungarian method on the Jaccard likeness), those that somebody
    corrected before the others. A corrected one without a likeness is put back: with the papers that somebody
    put there, and if somebody named it, with all that it had. Then every pinned paper is at home in the topic
    it was put into, or, where that has been parted, in the nearest part. Topics left without papers go, but
    for those that a person named.
    """
    ids = _matched(tree, old)
    draft = _Draft(list(tree.parents), list(tree.homes), vectors, dict(ids))
    known = set(ids.values())
    for topic in sorted((one for one in old if one.corrected and one.id not in known), key=_largest_first):
        draft.put_back(topic)
    of_id = {one: topic for topic, one in draft.ids.items()}
    for topic in old:
        draft.pin(sorted(topic.pinned), of_id.get(topic.id, ROOT))
    return draft.tidied({topic.id for topic in old if topic.named})


def _largest_first(topic: Old) -> tuple[int, str]:
    """So that what was below another is put back below it, and takes its papers from it."""
    return -len(topic.papers), topic.id


def _matched(tree: Tree, old: Sequence[Old]) -> dict[int, str]:
    papers = tree.papers()
    if not old or not papers:
        return {}
    width = len(tree.homes)
    new_rows = _incidence(papers, width)
    old_rows = _incidence([sorted(topic.papers) for topic in old], width)
    common = (new_rows @ old_rows.T).toarray()
    sizes = np.array([len(part) for part in papers])[:, None] + np.array([len(topic.papers) for topic in old])
    likeness = common / np.maximum(sizes - common, 1.0)
    likeness[likeness < ALIKE] = 0.0
    weights = np.array([OUTRANKS if topic.corrected else 1.0 for topic in old])
    new, was = linear_sum_assignment(-likeness * weights)
    pairs = zip(new.tolist(), was.tolist(), strict=True)
    return {topic: old[before].id for topic, before in pairs if likeness[topic, before] > 0}


def _incidence(papers: Sequence[Sequence[int]], width: int) -> csr_matrix:
    ends = np.cumsum([0, *(len(part) for part in papers)])
    columns = np.array([paper for part in papers for paper in part], dtype=np.int64)
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(papers), width))


@dataclass(slots=True)
class _Draft:
    """A tree while it is being corrected."""

    parents: list[int]
    homes: list[int]
    vectors: Floats
    ids: dict[int, str]
    pinned: set[int] = field(default_factory=set)

    def put_back(self, topic: Old) -> None:
        """Make it again, below the lowest topic with parts that holds most of its papers."""
        papers = sorted(topic.papers if topic.named else topic.pinned)
        made = len(self.parents)
        self.parents.append(self._around(papers))
        self.ids[made] = topic.id
        below = grow(self.vectors[papers])
        if len(below) > 1:
            self.parents.extend(made if parent == ROOT else made + 1 + parent for parent in below.parents)
        for paper, home in zip(papers, below.homes, strict=True):
            self.homes[paper] = made + 1 + home if len(below) > 1 else made

    def _around(self, papers: Sequence[int]) -> int:
        with_parts = set(self.parents)
        holds: dict[int, int] = {}
        for paper in papers:
            for topic in self._above(self.homes[paper]):
                holds[topic] = holds.get(topic, 0) + 1
        around = [one for one, held in holds.items() if one in with_parts and 2 * held > len(papers)]
        return max(around, key=lambda one: (len(list(self._above(one))), -one), default=ROOT)

    def pin(self, papers: Sequence[int], topic: int) -> None:
        """Have these at home in the topic or in what it was parted into."""
        self.pinned.update(papers)
        strangers = [paper for paper in papers if topic not in self._above(self.homes[paper])]
        if not strangers:
            return
        with_parts = set(self.parents)
        leaves = [
            one for one in range(len(self.parents)) if one not in with_parts and topic in self._above(one)
        ]
        homes = np.array(self.homes)
        centres = np.stack([centre(self.vectors[homes == leaf]) for leaf in leaves])
        for paper, leaf in zip(strangers, nearest(self.vectors[strangers], centres), strict=True):
            self.homes[paper] = leaves[int(leaf)]

    def _above(self, topic: int) -> tuple[int, ...]:
        found = []
        while topic != ROOT:
            found.append(topic)
            topic = self.parents[topic]
        return tuple(found)

    def tidied(self, named: set[str]) -> Corrected:
        """Without topics that hold nothing, numbered anew with parents before children."""
        filled = {one for home in set(self.homes) for one in self._above(home)}
        filled |= {one for topic, kept in self.ids.items() if kept in named for one in self._above(topic)}
        order: list[int] = []
        waiting = [ROOT]
        below: dict[int, list[int]] = {}
        for topic in sorted(filled):
            below.setdefault(self.parents[topic], []).append(topic)
        while waiting:
            topic = waiting.pop(0)
            if topic != ROOT:
                order.append(topic)
            waiting.extend(below.get(topic, []))
        place = {topic: number for number, topic in enumerate(order)} | {ROOT: ROOT}
        tree = Tree(
            tuple(place[self.parents[topic]] for topic in order), tuple(place[home] for home in self.homes)
        )
        ids = {place[topic]: kept for topic, kept in self.ids.items() if topic in place}
        return Corrected(tree, ids, frozenset(self.pinned))
