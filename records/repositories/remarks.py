"""What people leave on a hypothesis: other words for it, comments, tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.errors import BadInput, NotFound
from records.models import Comment, Hypothesis, HypothesisVersion, Tag
from records.repositories.common import fetch_by

MOST_TAGS = 20


@dataclass(frozen=True, slots=True)
class Wording:
    """A hypothesis in words: what of it may be edited."""

    title: str
    statement: str
    clauses: tuple[str, ...]


class Remarks:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def edit(self, row: Hypothesis, wording: Wording, by: str) -> Hypothesis:
        """Put it into other words; how it read before is kept as a version.

        Its evidence stays with its clauses. Raises BadInput ``bad_wording`` where clauses are lost.
        """
        if len(wording.clauses) != len(row.clauses):
            raise BadInput("bad_wording", f"this hypothesis has {len(row.clauses)} clauses; give each a text")
        if wording == wording_of(row):
            return row
        self._session.add(
            HypothesisVersion(
                workspace_id=self._workspace_id,
                hypothesis_id=row.id,
                version=row.version,
                title=row.title,
                statement=row.statement,
                clauses=[clause.text for clause in row.clauses],
                written_by=row.edited_by,
            )
        )
        row.title, row.statement, row.edited_by = wording.title, wording.statement, by
        for clause, text in zip(row.clauses, wording.clauses, strict=True):
            clause.text = text
        if not self._session.is_modified(
            row
        ):  # only a clause is another: it counts as a version all the same
            row.version += 1
        self._session.flush()
        return row

    def versions(self, hypothesis_id: str) -> list[HypothesisVersion]:
        """How it read before, oldest first (NotFound)."""
        self._check(hypothesis_id)
        query = select(HypothesisVersion).where(
            HypothesisVersion.hypothesis_id == hypothesis_id,
            HypothesisVersion.workspace_id == self._workspace_id,
        )
        return list(self._session.scalars(query.order_by(HypothesisVersion.version)))

    def comment(self, hypothesis_id: str, author: str, text: str) -> Comment:
        self._check(hypothesis_id)
        row = Comment(workspace_id=self._workspace_id, hypothesis_id=hypothesis_id, author=author, text=text)
        self._session.add(row)
        self._session.flush()
        return row

    def comments(self, hypothesis_id: str) -> list[Comment]:
        """Oldest first (NotFound)."""
        self._check(hypothesis_id)
        query = select(Comment).where(
            Comment.hypothesis_id == hypothesis_id, Comment.workspace_id == self._workspace_id
        )
        return list(self._session.scalars(query.order_by(Comment.id)))

    def tags(self, hypothesis_id: str) -> list[str]:
        """By name (NotFound)."""
        self._check(hypothesis_id)
        query = select(Tag.name).where(
            Tag.hypothesis_id == hypothesis_id, Tag.workspace_id == self._workspace_id
        )
        return list(self._session.scalars(query.order_by(Tag.name)))

    def tags_of_run(self, run_id: str) -> dict[str, tuple[str, ...]]:
        """Hypothesis id to its tags, where it has any."""
        query = (
            select(Tag.hypothesis_id, Tag.name)
            .join(Hypothesis, Hypothesis.id == Tag.hypothesis_id)
            .where(Hypothesis.run_id == run_id, Tag.workspace_id == self._workspace_id)
        )
        found: dict[str, tuple[str, ...]] = {}
        for hypothesis_id, name in self._session.execute(query.order_by(Tag.name)):
            found[hypothesis_id] = (*found.get(hypothesis_id, ()), name)
        return found

    def set_tags(self, hypothesis_id: str, names: Iterable[str], by: str) -> list[str]:
        """Make these its tags, in normal form (BadInput ``too_many_tags``, NotFound)."""
        self._check(hypothesis_id)
        wanted = normal(names)
        if len(wanted) > MOST_TAGS:
            raise BadInput("too_many_tags", f"a hypothesis has {MOST_TAGS} tags at most")
        query = select(Tag).where(Tag.hypothesis_id == hypothesis_id, Tag.workspace_id == self._workspace_id)
        known = {row.name: row for row in self._session.scalars(query)}
        for name in known.keys() - set(wanted):
            self._session.delete(known[name])
        self._session.add_all(
            Tag(workspace_id=self._workspace_id, hypothesis_id=hypothesis_id, name=name, created_by=by)
            for name in wanted
            if name not in known
        )
        self._session.flush()
        return self.tags(hypothesis_id)

    def change_tags(
        self, hypothesis_id: str, had: Iterable[str], wanted: Iterable[str], by: str
    ) -> list[str]:
        """What somebody made of the tags that they saw: what others did meanwhile stays."""
        seen, asked = set(normal(had)), set(normal(wanted))
        now_there = set(self.tags(hypothesis_id))
        return self.set_tags(hypothesis_id, (now_there - (seen - asked)) | (asked - seen), by)

    def add_tags(self, hypothesis_ids: Collection[str], names: Iterable[str], by: str) -> None:
        """Give these tags to several hypotheses, which are known to be the workspace's."""
        wanted = normal(names)
        mine = select(Tag).where(Tag.workspace_id == self._workspace_id)
        known = {
            (row.hypothesis_id, row.name)
            for row in fetch_by(self._session, mine, Tag.hypothesis_id, hypothesis_ids)
        }
        counts = Counter(identity for identity, _ in known)
        added = [(one, name) for one in hypothesis_ids for name in wanted if (one, name) not in known]
        counts.update(identity for identity, _ in added)
        if any(count > MOST_TAGS for count in counts.values()):
            raise BadInput("too_many_tags", f"a hypothesis has {MOST_TAGS} tags at most")
        self._session.add_all(
            Tag(workspace_id=self._workspace_id, hypothesis_id=one, name=name, created_by=by)
            for one, name in added
        )
        self._session.flush()

    def _check(self, hypothesis_id: str) -> None:
        query = select(Hypothesis.id).where(
            Hypothesis.id == hypothesis_id, Hypothesis.workspace_id == self._workspace_id
        )
        if self._session.scalar(query) is None:
            message = f"there is no hypothesis {hypothesis_id} in this workspace"
            raise NotFound("hypothesis_not_found", message)


def wording_of(row: Hypothesis) -> Wording:
    return Wording(row.title, row.statement, tuple(clause.text for clause in row.clauses))


def normal(names: Iterable[str]) -> Sequence[str]:
    """Lower case, one space between words, each once, sorted."""
    told = {" ".join(name.casefold().split())[:60] for name in names}
    return sorted(told - {""})
