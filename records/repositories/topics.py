"""Topic trees over a workspace's papers, and what people correct in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from records.base import new_id
from records.errors import BadInput, Conflict, NotFound
from records.models import CollectionPaper, Paper, Passage, PassageVector, Topic, TopicPaper
from records.repositories.common import chunks

LONGEST_NAME = 200
HOME = 1.0
"""The weight of a paper at the one leaf that is its home; at others that are near it is less."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A topic as it is to be kept; parents come before their children."""

    id: str | None
    """Of the topic that it was before; None for a new one."""
    parent: int | None
    """Its parent's place in the list."""
    name: str
    terms: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Lies:
    """That a paper lies at a topic, by the topic's place in the list."""

    topic: int
    paper_id: str
    weight: float = HOME
    pinned: bool = False


class Topics:
    """The tree over all of a workspace's papers, or over those of one collection (``collection_id``)."""

    def __init__(self, session: Session, workspace_id: str, collection_id: str | None = None) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._collection_id = collection_id

    def tree(self) -> list[Topic]:
        """All topics, each behind its parent, siblings in their order."""
        below: dict[str | None, list[Topic]] = {}
        for topic in self._session.scalars(self._mine().order_by(Topic.position)):
            below.setdefault(topic.parent_id, []).append(topic)

        def walk(parent: str | None) -> Iterator[Topic]:
            for topic in below.get(parent, ()):
                yield topic
                yield from walk(topic.id)

        return list(walk(None))

    def get(self, topic_id: str) -> Topic:
        """A topic of the workspace, of whichever tree."""
        found = self._session.get(Topic, topic_id)
        if found is None or found.workspace_id != self._workspace_id:
            raise NotFound("topic_not_found", f"there is no topic {topic_id} in this workspace")
        return found

    def below(self, topic_id: str) -> list[str]:
        """Ids of the topic and of all below it."""
        found, waiting = [], [self.get(topic_id).id]
        while waiting:
            found += waiting
            waiting = [
                child
                for chunk in chunks(waiting)
                for child in self._session.scalars(select(Topic.id).where(Topic.parent_id.in_(chunk)))
            ]
        return found

    def lying(self, topic_ids: Collection[str]) -> list[TopicPaper]:
        """What lies at these topics, homes and near ones, heaviest first."""
        rows = [
            row
            for chunk in chunks(topic_ids)
            for row in self._session.scalars(select(TopicPaper).where(TopicPaper.topic_id.in_(chunk)))
        ]
        return sorted(rows, key=lambda row: (-row.weight, row.paper_id))

    def of_papers(self, paper_ids: Collection[str]) -> list[TopicPaper]:
        """Where these papers lie in this tree."""
        query = select(TopicPaper).join(Topic, Topic.id == TopicPaper.topic_id).where(*self._where())
        return [
            row
            for chunk in chunks(paper_ids)
            for row in self._session.scalars(query.where(TopicPaper.paper_id.in_(chunk)))
        ]

    def homes(self) -> list[TopicPaper]:
        """Every paper of the tree with its home."""
        query = select(TopicPaper).join(Topic, Topic.id == TopicPaper.topic_id)
        return list(self._session.scalars(query.where(*self._where(), TopicPaper.weight == HOME)))

    def rename(self, topic_id: str, name: str | None) -> Topic:
        """Call a topic something, for good; None: by its own terms again (BadInput, Conflict)."""
        topic = self.get(topic_id)
        if name is not None:
            name = " ".join(name.split())
            if not name or len(name) > LONGEST_NAME:
                raise BadInput("bad_name", f"a topic's name has 1 to {LONGEST_NAME} characters")
            self._check_free(topic, name)
        topic.own_name = name
        self._session.flush()
        return topic

    def move(self, topic_id: str, paper_id: str) -> Topic:
        """Put a paper where it belongs; it stays there when the tree is grown anew.

        Raises NotFound ``paper_not_found`` for a paper that is not in the topic's tree, and BadInput
        ``topic_has_parts`` for a topic that is no leaf.
        """
        topic = self.get(topic_id)
        tree = Topics(self._session, self._workspace_id, topic.collection_id)
        if self._session.scalar(select(Topic.id).where(Topic.parent_id == topic.id).limit(1)):
            raise BadInput("topic_has_parts", f"'{shown_name(topic)}' has parts; choose one of them")
        lies = tree.of_papers([paper_id])
        home = next((row for row in lies if row.weight == HOME), None)
        if home is None:
            raise NotFound("paper_not_found", f"there is no paper {paper_id} in this tree of topics")
        was = home.topic_id
        for row in lies:
            if row.topic_id in (topic.id, was):
                self._session.delete(row)
        self._session.flush()
        self._session.add(TopicPaper(topic_id=topic.id, paper_id=paper_id, pinned=True, weight=HOME))
        self._session.flush()
        tree.count_again(was, -1)
        tree.count_again(topic.id, 1)
        return topic

    def place(self, homes: Mapping[str, str]) -> None:
        """Give papers that are new to the tree a home, by paper id."""
        for paper_id, topic_id in homes.items():
            self._session.add(TopicPaper(topic_id=topic_id, paper_id=paper_id, weight=HOME))
        self._session.flush()
        for topic_id, more in Counter(homes.values()).items():
            self.count_again(topic_id, more)

    def count_again(self, topic_id: str, more: int) -> None:
        """So many papers more at a topic, and so at all above it; that is nobody's change: versions stay."""
        above: str | None = topic_id
        while above is not None:
            change = update(Topic).where(Topic.id == above).values(size=Topic.size + more)
            self._session.execute(change.execution_options(synchronize_session=False))
            above = self._session.scalar(select(Topic.parent_id).where(Topic.id == above))
        self._session.expire_all()

    def replace(self, grown: Sequence[Grown], lies: Sequence[Lies]) -> None:
        """Make these the tree. Topics that are kept keep their id, their version and what a person said."""
        kept = {topic.id: topic for topic in self.tree()}
        ids = [topic.id or new_id() for topic in grown]
        rows, places = [], dict[str | None, int]()
        for one, topic_id in zip(grown, ids, strict=True):
            parent = None if one.parent is None else ids[one.parent]
            position = places[parent] = places.get(parent, -1) + 1
            rows.append((topic_id, parent, position, one))
        for topic_id, parent, position, one in rows:
            told = {
                "parent_id": parent,
                "position": position,
                "name": one.name,
                "terms": list(one.terms),
                "size": one.size,
            }
            if topic_id in kept:
                # Not through the object: its version counts what people change.
                change = update(Topic).where(Topic.id == topic_id).values(**told)
                self._session.execute(change.execution_options(synchronize_session=False))
            else:
                mine = {"workspace_id": self._workspace_id, "collection_id": self._collection_id}
                self._session.add(Topic(id=topic_id, **mine, **told))
                self._session.flush()
        for chunk in chunks(kept):
            self._session.execute(delete(TopicPaper).where(TopicPaper.topic_id.in_(chunk)))
        for chunk in chunks(kept.keys() - set(ids)):
            self._session.execute(delete(Topic).where(Topic.id.in_(chunk)))
        self._session.expire_all()
        self._session.add_all(
            TopicPaper(topic_id=ids[lie.topic], paper_id=lie.paper_id, weight=lie.weight, pinned=lie.pinned)
            for lie in lies
        )
        self._session.flush()

    def papers(self) -> list[Any]:
        """Id, title and abstract of the papers that the tree is over; of several versions the last."""
        query = select(Paper.id, Paper.title, Paper.abstract).where(*self._papers())
        return list(self._session.execute(query.order_by(Paper.id)))

    def vectors(self, model: str) -> Iterator[tuple[str, bytes]]:
        """(paper id, vector) of the papers' abstracts, or of other passages where there is no abstract."""
        abstracts = select(Passage.paper_id).where(
            Passage.workspace_id == self._workspace_id, Passage.section == ""
        )
        query = (
            select(Passage.paper_id, PassageVector.vector)
            .join(PassageVector, PassageVector.passage_id == Passage.id)
            .join(Paper, Paper.id == Passage.paper_id)
            .where(PassageVector.model == model, *self._papers())
            .where((Passage.section == "") | Passage.paper_id.not_in(abstracts))
        )
        rows = self._session.execute(query.execution_options(yield_per=1_000))
        yield from ((row.paper_id, row.vector) for row in rows)

    def _papers(self) -> tuple[Any, ...]:
        mine = (Paper.workspace_id == self._workspace_id, Paper.version_of.is_(None))
        if self._collection_id is None:
            return mine
        chosen = select(CollectionPaper.paper_id).where(CollectionPaper.collection_id == self._collection_id)
        return (*mine, Paper.id.in_(chosen))

    def _check_free(self, topic: Topic, name: str) -> None:
        siblings = select(Topic).where(
            Topic.workspace_id == self._workspace_id,
            Topic.collection_id.is_(topic.collection_id)
            if topic.collection_id is None
            else Topic.collection_id == topic.collection_id,
            Topic.parent_id.is_(None) if topic.parent_id is None else Topic.parent_id == topic.parent_id,
            Topic.id != topic.id,
        )
        if any(shown_name(one).casefold() == name.casefold() for one in self._session.scalars(siblings)):
            raise Conflict(
                "topic_exists", f"there is a topic '{name}' beside it already; choose another name"
            )

    def _where(self) -> tuple[Any, ...]:
        one = Topic.collection_id == self._collection_id
        return (
            Topic.workspace_id == self._workspace_id,
            Topic.collection_id.is_(None) if self._collection_id is None else one,
        )

    def _mine(self) -> Select[Topic]:
        return select(Topic).where(*self._where())


def shown_name(topic: Topic) -> str:
    """What a person called it, or else its own terms."""
    return topic.own_name or topic.name


def trees(session: Session, workspace_id: str) -> list[str | None]:
    """The collections of the workspace that have a tree; None is the one over all papers."""
    query = select(Topic.collection_id).where(Topic.workspace_id == workspace_id).distinct()
    return list(session.scalars(query))


def count_without_home(session: Session, workspace_id: str) -> int:
    """Papers that have come since the tree over all papers was grown."""
    homed = (
        select(TopicPaper.paper_id)
        .join(Topic, Topic.id == TopicPaper.topic_id)
        .where(Topic.workspace_id == workspace_id, Topic.collection_id.is_(None))
    )
    query = select(func.count()).where(
        Paper.workspace_id == workspace_id, Paper.version_of.is_(None), Paper.id.not_in(homed)
    )
    return session.scalar(query.select_from(Paper)) or 0
