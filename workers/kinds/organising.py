"""Order in the literature: topics over it, and hypotheses held against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from config import Settings
from records.models import Job
from workers.kinds.literature import with_index
from workers.opened import database


def build_topics(settings: Settings, job: Job) -> dict[str, int]:
    """Grow the topics over all papers, or over a collection's, and keep what people corrected."""
    from knowledge.embedding import load_embedder
    from knowledge.topics.building import build_topics as grow

    embedder = load_embedder(settings.embedding)
    return asdict(grow(database(), job.workspace_id, embedder, job.payload.get("collection_id")))


def check_novelty(settings: Settings, job: Job) -> dict[str, Any]:
    """Hold a run's hypotheses against what is published; each is kept when it is done."""
    from knowledge.embedding import load_embedder
    from knowledge.library import Library
    from knowledge.novelty import check_run

    embedder = load_embedder(settings.embedding)

    def checked(library: Library) -> dict[str, float]:
        library.embed()  # what was kept without vectors is not to be missed

        def find(text: str, limit: int) -> Sequence[str]:
            return [hit.passage_id for hit in library.search(text, limit=limit)]

        return check_run(database(), job.workspace_id, job.payload["run_id"], embedder, find)

    scores = with_index(settings, job.workspace_id, checked)
    return {"checked": len(scores), "least": min(scores.values(), default=None)}
