"""Topic trees, grown from the database and kept in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.embedding import Embedder
from knowledge.topics.corrections import Corrected, Old, correct
from knowledge.topics.naming import Label, name_all
from knowledge.topics.phrases import Phrases, phrases
from knowledge.topics.places import meanings, with_words
from knowledge.topics.splitting import Floats
from knowledge.topics.tree import ROOT, Tree, centre, grow, second_homes
from records.database import Database
from records.models import Topic
from records.repositories import Collections, Workspaces
from records.repositories.topics import Grown, Lies, Topics

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Built:
    papers: int
    topics: int
    leaves: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What a tree is grown from."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    phrases: Phrases
    places: Floats


def build_topics(
    database: Database,
    workspace_id: str,
    embedder: Embedder,
    collection_id: str | None = None,
    progress: Progress | None = None,
) -> Built:
    """Grow the topics over the workspace's papers, or a collection's, and keep what people corrected before.

    The tree that was there serves until the new one is complete; corrections that are made meanwhile hold
    in the new one. Killed anywhere, nothing has changed. Raises NotFound ``collection_not_found``.
    """
    report = progress or _unseen
    report("Reading papers", 0, 3)
    read = _read(database, workspace_id, embedder, collection_id)
    report("Growing topics", 1, 3)
    tree = grow(read.places)
    report("Naming topics", 2, 3)
    with database.write() as session:
        topics = Topics(session, workspace_id, collection_id)
        Workspaces(session).hold(workspace_id)
        known = {paper.id for paper in topics.papers()}
        corrected = correct(tree, read.places, _before(topics, read.ids))
        said = {topic.id: topic.own_name for topic in topics.tree() if topic.own_name is not None}
        called = {topic: said[kept] for topic, kept in corrected.ids.items() if kept in said}
        labels = name_all(corrected.tree, read.phrases, read.titles, called)
        # Papers that were deleted meanwhile have nowhere to lie.
        lies = [lie for lie in _lies(corrected, read) if lie.paper_id in known]
        grown = _grown(corrected, labels)
        topics.replace(grown, lies)
    report("Naming topics", 3, 3)
    leaves = len(corrected.tree) - len(corrected.tree.children()) + (1 if len(corrected.tree) else 0)
    return Built(len(read.ids), len(corrected.tree), leaves)


def _read(database: Database, workspace_id: str, embedder: Embedder, collection_id: str | None) -> _Read:
    with database.read() as session:
        topics = Topics(session, workspace_id, collection_id)
        if collection_id is not None:
            Collections(session, workspace_id).get(collection_id)
        rows = topics.papers()
        ids, titles = [row.id for row in rows], [row.title for row in rows]
        meaning = meanings(topics, embedder, ids, titles)
    used = phrases(titles, [row.abstract for row in rows])
    return _Read(tuple(ids), tuple(titles), used, with_words(meaning, used))


def _before(topics: Topics, ids: Sequence[str]) -> list[Old]:
    """The tree as it is in the database; papers by their places in ``ids``."""
    place = {paper_id: row for row, paper_id in enumerate(ids)}
    rows = topics.tree()
    parents = {topic.id: topic.parent_id for topic in rows}
    papers: dict[str, set[int]] = {topic.id: set() for topic in rows}
    pinned: dict[str, set[int]] = {topic.id: set() for topic in rows}
    for lie in topics.homes():
        if lie.paper_id not in place:
            continue
        above: str | None = lie.topic_id
        while above is not None:
            papers[above].add(place[lie.paper_id])
            above = parents[above]
        if lie.pinned:
            pinned[lie.topic_id].add(place[lie.paper_id])
    return [_old(topic, papers, pinned) for topic in rows]


def _old(topic: Topic, papers: Mapping[str, set[int]], pinned: Mapping[str, set[int]]) -> Old:
    named = topic.own_name is not None
    return Old(topic.id, named, frozenset(papers[topic.id]), frozenset(pinned[topic.id]))


def _grown(corrected: Corrected, labels: Sequence[Label]) -> list[Grown]:
    sizes = [len(papers) for papers in corrected.tree.papers()]
    return [
        Grown(
            id=corrected.ids.get(topic),
            parent=None if parent == ROOT else parent,
            name=label.name,
            terms=label.terms,
            size=sizes[topic],
        )
        for topic, (parent, label) in enumerate(zip(corrected.tree.parents, labels, strict=True))
    ]


def _lies(corrected: Corrected, read: _Read) -> list[Lies]:
    tree: Tree = corrected.tree
    lies = [
        Lies(home, read.ids[paper], pinned=paper in corrected.pinned) for paper, home in enumerate(tree.homes)
    ]
    homes = np.array(tree.homes, dtype=np.int64)
    leaves, rows = np.unique(homes, return_inverse=True)
    if len(leaves) > 1:
        centres = np.stack([centre(read.places[homes == leaf]) for leaf in leaves])
        lies += [
            Lies(int(leaves[leaf]), read.ids[paper], weight)
            for paper, leaf, weight in second_homes(read.places, rows.tolist(), centres)
        ]
    return lies


def _unseen(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
