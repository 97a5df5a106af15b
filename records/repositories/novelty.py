"""How new hypotheses are against what is published, and new papers that touch them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from records.base import now
from records.errors import NotFound
from records.models import (
    Experiment,
    Hypothesis,
    Novelty,
    NoveltyFlag,
    Paper,
    Passage,
    PassageVector,
    Run,
)
from records.repositories.common import chunks
from records.repositories.general import readable

OVER = ("failed", "cancelled")
"""States of runs that nobody waits for."""
ENDED = ("done", "stopped")
"""States of runs whose tested hypotheses are settled."""


@dataclass(frozen=True, slots=True)
class Told:
    """A passage with what novelty asks of it and of its paper."""

    id: str
    paper_id: str
    text: str
    vector: bytes | None


class Novelties:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def find(self, hypothesis_id: str) -> Novelty | None:
        """What was found when the hypothesis was last looked at."""
        found = self._session.get(Novelty, hypothesis_id)
        return found if found is not None and found.workspace_id == self._workspace_id else None

    def of_run(self, run_id: str) -> dict[str, Novelty]:
        """By hypothesis id, of those that were looked at."""
        query = (
            select(Novelty)
            .join(Hypothesis, Hypothesis.id == Novelty.hypothesis_id)
            .where(Novelty.workspace_id == self._workspace_id, Hypothesis.run_id == run_id)
        )
        return {row.hypothesis_id: row for row in self._session.scalars(query)}

    def keep(
        self, hypothesis_id: str, score: float, nearest: Sequence[Mapping[str, Any]], model: str
    ) -> None:
        """Make this what is known of the hypothesis' novelty."""
        if self._session.get(Hypothesis, hypothesis_id) is None:
            return  # it was replaced meanwhile
        row = self._session.get(Novelty, hypothesis_id)
        if row is None:
            row = Novelty(hypothesis_id=hypothesis_id, workspace_id=self._workspace_id)
            self._session.add(row)
        row.score, row.nearest, row.model = score, [dict(one) for one in nearest], model
        row.checked_at = now()
        self._session.flush()

    def flag(self, hypothesis_id: str, paper_id: str, score: float) -> bool:
        """Say that a paper touches a hypothesis; False where that was said before."""
        mine = NoveltyFlag.hypothesis_id == hypothesis_id, NoveltyFlag.paper_id == paper_id
        if self._session.scalar(select(NoveltyFlag.id).where(*mine)) is not None:
            return False
        self._session.add(
            NoveltyFlag(
                workspace_id=self._workspace_id, hypothesis_id=hypothesis_id, paper_id=paper_id, score=score
            )
        )
        self._session.flush()
        return True

    def flags(
        self, limit: int, after: str | None = None, *, seen: bool | None = None, run_id: str | None = None
    ) -> list[NoveltyFlag]:
        """Up to ``limit`` flags, newest first, older than ``after``."""
        query = select(NoveltyFlag).where(NoveltyFlag.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(NoveltyFlag.id < after)
        if seen is not None:
            query = query.where(NoveltyFlag.seen_at.is_not(None) if seen else NoveltyFlag.seen_at.is_(None))
        if run_id is not None:
            of_run = select(Hypothesis.id).where(Hypothesis.run_id == run_id)
            query = query.where(NoveltyFlag.hypothesis_id.in_(of_run))
        return list(self._session.scalars(query.order_by(NoveltyFlag.id.desc()).limit(limit)))

    def see(self, flag_id: str, who: str) -> NoveltyFlag:
        """Somebody has looked at it; the first one is remembered."""
        flag = self._session.get(NoveltyFlag, flag_id)
        if flag is None or flag.workspace_id != self._workspace_id:
            raise NotFound("flag_not_found", f"there is no flag {flag_id} in this workspace")
        if flag.seen_at is None:
            flag.seen_at, flag.seen_by = now(), who
            self._session.flush()
        return flag

    def passages(self, model: str, passage_ids: Collection[str]) -> list[Told]:
        """Those of the passages that this workspace may read: its own and the general ones."""
        return self._told(model, Passage.id, passage_ids)

    def passages_of(self, model: str, paper_ids: Collection[str]) -> list[Told]:
        """All passages of these papers, so far as this workspace may read them."""
        return self._told(model, Passage.paper_id, paper_ids)

    def sample(self, limit: int) -> list[str]:
        """Texts of some passages, spread over all: for how common words are."""
        ids = list(
            self._session.scalars(
                select(Passage.id).where(readable(Passage, self._workspace_id)).order_by(Passage.id)
            )
        )
        chosen = ids[:: max(1, len(ids) // limit)][:limit]
        return [
            text
            for chunk in chunks(chosen)
            for text in self._session.scalars(
                select(Passage.text).where(Passage.id.in_(chunk)).order_by(Passage.id)
            )
        ]

    def titles(self, paper_ids: Collection[str]) -> dict[str, tuple[str, int | None]]:
        """Title and year of papers that this workspace may read, by id."""
        query = select(Paper.id, Paper.title, Paper.year).where(readable(Paper, self._workspace_id))
        rows = (
            row
            for chunk in chunks(paper_ids)
            for row in self._session.execute(query.where(Paper.id.in_(chunk)))
        )
        return {row.id: (row.title, row.year) for row in rows}

    def open_hypotheses(self) -> Iterator[Hypothesis]:
        """What a new paper may touch: of runs that go on all hypotheses, of ended ones the untested.

        Rows of tables are left out: they claim nothing that a paper could state.
        """
        tested = select(Experiment.hypothesis_id).where(
            Experiment.workspace_id == self._workspace_id, Experiment.state == "done"
        )
        query = (
            self._whole()
            .join(Run, Run.id == Hypothesis.run_id)
            .where(Hypothesis.origin != "table", Run.state.not_in(OVER))
            .where(Run.state.not_in(ENDED) | Hypothesis.id.not_in(tested))
            .order_by(Hypothesis.id)
        )
        yield from self._session.scalars(query)

    def hypotheses(self, run_id: str) -> list[Hypothesis]:
        """A run's hypotheses with their key points; rows of tables are left out."""
        query = self._whole().where(Hypothesis.run_id == run_id, Hypothesis.origin != "table")
        return list(self._session.scalars(query.order_by(Hypothesis.position)))

    def _whole(self) -> Select[Hypothesis]:
        mine = Hypothesis.workspace_id == self._workspace_id
        return select(Hypothesis).where(mine).options(selectinload(Hypothesis.key_points))

    def _told(self, model: str, column: Any, ids: Collection[str]) -> list[Told]:
        query = (
            select(Passage.id, Passage.paper_id, Passage.text, PassageVector.vector)
            .outerjoin(
                PassageVector, (PassageVector.passage_id == Passage.id) & (PassageVector.model == model)
            )
            .where(readable(Passage, self._workspace_id))
            .order_by(Passage.paper_id, Passage.position)
        )
        rows = (row for chunk in chunks(ids) for row in self._session.execute(query.where(column.in_(chunk))))
        return [Told(row.id, row.paper_id, row.text, row.vector) for row in rows]
