"""Topics over papers: grown, named, corrected by people, and grown anew with what they said."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from knowledge.embedding import Embedder
from knowledge.topics.building import build_topics
from knowledge.topics.corrections import Corrected, Old, correct
from knowledge.topics.naming import name_all
from knowledge.topics.phrases import phrases
from knowledge.topics.placing import place_new
from knowledge.topics.tree import LARGEST_LEAF, ROOT, Tree, grow
from records.database import Database
from records.errors import BadInput, Conflict, NotFound
from records.models import Paper, Passage
from records.repositories import Collections, Papers, Topics, Vectors, Workspaces
from records.repositories.topics import shown_name

SUBJECTS = {
    "zinc battery": "The zinc anode of an aqueous battery grows dendrites in its electrolyte number {}.",
    "perovskite solar cell": "A perovskite solar cell absorbs light in a halide film of thickness {}.",
    "enzyme inhibitor": "The enzyme is blocked by an inhibitor that binds its active site with dose {}.",
    "polymer hydrogel": "A tough hydrogel swells when its polymer network takes up {} parts of water.",
}


def scattered(count: int, *, groups: int = 12, seed: int = 0) -> NDArray[np.float64]:
    """Unit vectors about so many centres, as papers of so many subjects would lie."""
    draws = np.random.default_rng(seed)
    centres = draws.normal(size=(groups, 16))
    vectors = centres[draws.integers(groups, size=count)] + 0.5 * draws.normal(size=(count, 16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize("count", [0, 1, 2, 5, 26, 300, 2_000])
def test_every_paper_has_one_leaf_and_every_topic_can_be_looked_over(count: int) -> None:
    tree = grow(scattered(count))
    children, papers = tree.children(), tree.papers()
    assert len(tree.homes) == count
    assert all(topic not in children for topic in tree.homes)
    assert all(len(below) <= 9 for below in children.values())
    assert all(len(below) >= 2 for topic, below in children.items() if topic != ROOT)
    assert all(1 <= len(papers[topic]) <= LARGEST_LEAF for topic in set(tree.homes))
    assert count <= LARGEST_LEAF or min(len(papers[topic]) for topic in set(tree.homes)) >= 5


def test_the_same_papers_give_the_same_tree() -> None:
    assert grow(scattered(400)) == grow(scattered(400))


def test_copies_of_one_paper_end_in_topics_of_bounded_size() -> None:
    tree = grow(np.tile(scattered(1), (300, 1)))
    assert max(Counter(tree.homes).values()) <= LARGEST_LEAF


def test_subjects_become_topics_that_are_called_by_their_own_words() -> None:
    titles = [f"Study {n} of the {subject}" for subject in SUBJECTS for n in range(20)]
    abstracts = [text.format(n) for text in SUBJECTS.values() for n in range(20)]
    subject_of = [subject for subject in SUBJECTS for _ in range(20)]
    rows = np.repeat(np.eye(4), 20, axis=0) + 0.01 * scattered(80)[:, :4]
    tree = grow(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    labels = name_all(tree, phrases(titles, abstracts), titles)
    top = tree.children()[ROOT]
    for topic in top:
        (subject,) = {subject_of[paper] for paper in tree.papers()[topic]}
        assert set(subject.split()) & set(labels[topic].name.lower().replace(",", "").split())
    assert len({labels[topic].name for topic in top}) == len(top) == 4


def test_siblings_never_share_a_name() -> None:
    titles = ["The same hydrogel"] * 100
    tree = grow(scattered(100))
    called = {tree.children()[ROOT][0]: "The same hydrogel"}
    labels = name_all(tree, phrases(titles, titles), titles, called)
    assert "the same hydrogel" not in {label.name.casefold() for label in labels}
    for below in tree.children().values():
        assert len({labels[topic].name.casefold() for topic in below}) == len(below)


def as_it_was(corrected: Corrected, named: set[str], generation: int) -> list[Old]:
    """The tree as the next one finds it in the database; topics that are new get ids of their own."""
    papers = corrected.tree.papers()
    ids = [corrected.ids.get(topic, f"{generation}.{topic}") for topic in range(len(papers))]
    homes = corrected.tree.homes
    return [
        Old(
            one,
            one in named,
            frozenset(papers[topic]),
            frozenset(paper for paper in corrected.pinned if homes[paper] == topic),
        )
        for topic, one in enumerate(ids)
    ]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), renamed=st.integers(0, 6), moved=st.integers(0, 15))
def test_what_people_corrected_outlives_any_number_of_new_trees(seed: int, renamed: int, moved: int) -> None:
    draws = random.Random(seed)
    vectors = scattered(160, seed=seed)
    first = grow(vectors[:80])
    leaves = sorted(set(first.homes))
    moves = {paper: draws.choice(leaves) for paper in draws.sample(range(80), moved)}
    homes = tuple(moves.get(paper, home) for paper, home in enumerate(first.homes))
    named = {f"0.{topic}" for topic in draws.sample(range(len(first)), min(renamed, len(first)))}
    kept = Corrected(Tree(first.parents, homes), {}, frozenset(moves))
    for generation, count in enumerate((80, 120, 160)):
        old = as_it_was(kept, named, generation)
        kept = correct(grow(vectors[:count]), vectors[:count], old)
        topic_of = {one: topic for topic, one in kept.ids.items()}
        assert named <= topic_of.keys()
        assert kept.pinned == moves.keys()
        for topic in old:
            for paper in topic.pinned:
                assert topic_of[topic.id] in kept.tree.above(kept.tree.homes[paper])
        assert len(kept.tree.homes) == count
        assert not set(kept.tree.homes) & kept.tree.children().keys()


@pytest.fixture
def papers(embedded: Database, embedded_workspace: str, embedder: Embedder) -> list[str]:
    """Ten papers of each subject, in the database with their vectors."""
    return add(embedded, embedded_workspace, embedder, range(10))


def add(database: Database, workspace_id: str, embedder: Embedder, numbers: range) -> list[str]:
    rows = [
        (f"The {subject} {number}", text.format(number))
        for subject, text in SUBJECTS.items()
        for number in numbers
    ]
    vectors = embedder.embed([f"{title}. {text}" for title, text in rows]).astype("<f4")
    ids = []
    with database.write() as session:
        kept = Papers(session, workspace_id)
        for (title, text), vector in zip(rows, vectors, strict=True):
            passage = Passage(text=text)
            ids.append(kept.add(Paper(title=title, title_key=title, abstract=text, source="t"), [passage]))
            Vectors(session, workspace_id).set(embedder.name, {passage.id: vector.tobytes()})
    return ids


def test_a_tree_is_kept_corrected_and_grown_anew(
    embedded: Database, embedded_workspace: str, embedder: Embedder, papers: list[str]
) -> None:
    built = build_topics(embedded, embedded_workspace, embedder)
    assert (built.papers, built.leaves) == (40, 4)
    with embedded.write() as session:
        topics = Topics(session, embedded_workspace)
        tree = topics.tree()
        assert [topic.size for topic in tree] == [10, 10, 10, 10]
        home_of = {lie.paper_id: lie.topic_id for lie in topics.homes()}
        batteries, cells = (next(t for t in tree if t.id == home_of[papers[place]]) for place in (0, 10))
        assert "battery" in shown_name(batteries).lower()
        renamed = topics.rename(batteries.id, " Storing\tenergy ")
        assert (renamed.own_name, renamed.version) == ("Storing energy", 2)
        topics.move(batteries.id, papers[10])
        with pytest.raises(Conflict):
            topics.rename(cells.id, "storing energy")
        with pytest.raises(BadInput):
            topics.rename(cells.id, " ")
        assert topics.get(batteries.id).size == 11
        assert topics.get(cells.id).size == 9
    new = add(embedded, embedded_workspace, embedder, range(10, 18))
    assert place_new(embedded, embedded_workspace, embedder) == 32
    assert place_new(embedded, embedded_workspace, embedder) == 0
    with embedded.read() as session:
        topics = Topics(session, embedded_workspace)
        assert {lie.paper_id: lie.topic_id for lie in topics.homes()}[new[0]] == batteries.id
        assert topics.get(batteries.id).size == 19
    build_topics(embedded, embedded_workspace, embedder)
    with embedded.read() as session:
        topics = Topics(session, embedded_workspace)
        again = topics.get(batteries.id)
        assert (shown_name(again), again.version) == ("Storing energy", 2)
        (lie,) = (lie for lie in topics.of_papers([papers[10]]) if lie.weight == 1)
        assert lie.pinned
        assert lie.topic_id in topics.below(batteries.id)
        assert {topic.id for topic in tree} <= {topic.id for topic in topics.tree()}


def test_without_papers_there_are_no_topics(
    embedded: Database, embedded_workspace: str, embedder: Embedder
) -> None:
    assert build_topics(embedded, embedded_workspace, embedder).topics == 0


def test_a_collection_has_a_tree_of_its_own(
    embedded: Database, embedded_workspace: str, embedder: Embedder, papers: list[str]
) -> None:
    with embedded.write() as session:
        collections = Collections(session, embedded_workspace)
        collection_id = collections.create("Batteries").id
        collections.add(collection_id, papers[:3])
    assert build_topics(embedded, embedded_workspace, embedder, collection_id).papers == 3
    with embedded.write() as session:
        assert Topics(session, embedded_workspace).tree() == []
        (only,) = Topics(session, embedded_workspace, collection_id).tree()
        with pytest.raises(NotFound):
            Topics(session, embedded_workspace).move(only.id, papers[5])  # it is not in this tree
        other = Workspaces(session).get_or_create("other").id
        with pytest.raises(NotFound):
            Topics(session, other).get(only.id)
    with pytest.raises(NotFound):
        build_topics(embedded, other, embedder, collection_id)


def test_a_paper_without_abstract_and_one_that_became_a_version_are_where_they_belong(
    embedded: Database, embedded_workspace: str, embedder: Embedder, papers: list[str]
) -> None:
    with embedded.write() as session:
        kept = Papers(session, embedded_workspace)
        bare = kept.add(Paper(title="A zinc battery", title_key="z", abstract="", source="t"), [])
        kept.get(papers[1]).version_of = papers[0]
    build_topics(embedded, embedded_workspace, embedder)
    with embedded.read() as session:
        homes = {lie.paper_id: lie.topic_id for lie in Topics(session, embedded_workspace).homes()}
    assert homes[bare] == homes[papers[0]]
    assert papers[1] not in homes
