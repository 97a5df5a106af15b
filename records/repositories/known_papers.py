"""What a workspace's papers are recognised by when they come again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from records.models import Evidence, Inspiration, Paper, Passage, RunPaper
from records.repositories.common import chunks, fetch_by


class KnownPapers:
    """Looks papers up by what others call them."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._mine = select(Paper).where(Paper.workspace_id == workspace_id)
        self._marks = select(Paper.id, Paper.fingerprint).where(Paper.workspace_id == workspace_id)

    def called(
        self, dois: Iterable[str] = (), arxiv_ids: Iterable[str] = (), title_keys: Iterable[str] = ()
    ) -> list[Paper]:
        """Papers with one of these DOIs, arXiv ids or title keys, oldest first."""
        found = {
            paper.id: paper
            for column, values in (
                (Paper.doi, dois),
                (Paper.arxiv_id, arxiv_ids),
                (Paper.title_key, title_keys),
            )
            for paper in self._by(column, values)
        }
        return sorted(found.values(), key=lambda paper: paper.id)

    def named(self, paper_ids: Collection[str]) -> list[Paper]:
        """Those of these papers that exist here, oldest first."""
        return sorted(fetch_by(self._session, self._mine, Paper.id, paper_ids), key=lambda paper: paper.id)

    def versions_of(self, paper_id: str) -> list[Paper]:
        """The earlier records of this paper's work."""
        query = self._mine.where(Paper.version_of == paper_id).order_by(Paper.id)
        return list(self._session.scalars(query))

    def fingerprints(self, after: str = "") -> list[tuple[str, int]]:
        """Ids and fingerprints of the papers that came behind ``after``, in the order of their ids."""
        query = self._marks.where(Paper.id > after, Paper.fingerprint.is_not(None)).order_by(Paper.id)
        return [(row.id, row.fingerprint) for row in self._session.execute(query)]

    def is_in_use(self, paper_id: str) -> bool:
        """Whether a run may read this paper, or a hypothesis rests on one of its passages."""
        passages = select(Passage.id).where(Passage.paper_id == paper_id)
        uses = (
            exists().where(RunPaper.paper_id == paper_id),
            exists().where(Evidence.passage_id.in_(passages)),
            exists().where(Inspiration.passage_id.in_(passages)),
        )
        return bool(self._session.scalar(select(or_(*uses))))

    def _by(self, column: InstrumentedAttribute[Any], values: Iterable[str]) -> Iterable[Paper]:
        for chunk in chunks(dict.fromkeys(values)):
            yield from self._session.scalars(self._mine.where(column.in_(chunk)))
