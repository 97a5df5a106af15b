"""What is done once papers have arrived, wherever from."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.ingestion import Progress, unseen
from knowledge.library import Library
from records.database import Database


def welcome(
    library: Library,
    database: Database,
    workspace_id: str,
    paper_ids: Sequence[str],
    report: Progress = unseen,
) -> int:
    """Give passages their vectors, and flag hypotheses that a new paper touches; how many flags those are."""
    library.embed(report)
    if not paper_ids:
        return 0
    from knowledge.novelty import flag_touched

    return flag_touched(database, workspace_id, paper_ids, library.embedder)
