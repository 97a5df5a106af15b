"""Papers that came since a tree was grown: each goes to the leaf that is nearest."""

from __future__ import annotations

import numpy as np

from knowledge.embedding import Embedder
from knowledge.topics.places import meanings
from knowledge.topics.tree import centre, nearest
from records.database import Database
from records.repositories import Workspaces
from records.repositories.topics import Topics, trees


def place_new(database: Database, workspace_id: str, embedder: Embedder) -> int:
    """Give papers that came since a tree was grown the leaf that is nearest; how many that were."""
    with database.read() as session:
        kept = trees(session, workspace_id)
    return sum(_place_new(database, workspace_id, embedder, collection_id) for collection_id in kept)


def _place_new(database: Database, workspace_id: str, embedder: Embedder, collection_id: str | None) -> int:
    with database.read() as session:
        topics = Topics(session, workspace_id, collection_id)
        rows = topics.papers()
        homes = {lie.paper_id: lie.topic_id for lie in topics.homes()}
        if all(row.id in homes for row in rows):
            return 0
        ids, titles = [row.id for row in rows], [row.title for row in rows]
        places = meanings(topics, embedder, ids, titles)
    place = {paper_id: row for row, paper_id in enumerate(ids)}
    members: dict[str, list[int]] = {}
    for paper_id, topic_id in homes.items():
        if paper_id in place:
            members.setdefault(topic_id, []).append(place[paper_id])
    strangers = [row for row, paper_id in enumerate(ids) if paper_id not in homes]
    if not members:
        return 0
    leaves = sorted(members)
    centres = np.stack([centre(places[members[leaf]]) for leaf in leaves])
    found = {
        ids[row]: leaves[leaf]
        for row, leaf in zip(strangers, nearest(places[strangers], centres).tolist(), strict=True)
    }
    with database.write() as session:
        topics = Topics(session, workspace_id, collection_id)
        Workspaces(session).hold(workspace_id)
        there = {topic.id for topic in topics.tree()}  # it may have been grown anew meanwhile
        taken = {lie.paper_id for lie in topics.of_papers(found)}
        new = {one: leaf for one, leaf in found.items() if one not in taken and leaf in there}
        topics.place(new)
    return len(new)
