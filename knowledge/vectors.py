"""Passages and titles get their vectors, batch by batch; killed anywhere and called again, none is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding import Embedder
from knowledge.search.texts import in_context
from records.database import Database
from records.repositories import Papers, Vectors

Progress = Callable[[str, int, int], None]

EMBED_BATCH = 256
"""Passages whose vectors are kept at once: what a kill can cost."""


def of_titles(model: str) -> str:
    """The name under which a model's vectors of bare titles are kept, each at its paper's first passage."""
    return f"{model}#title"


def embed_missing(
    database: Database, workspace_id: str, embedder: Embedder, progress: Progress | None = None
) -> int:
    """Give every passage, and every title, the vector that it lacks; how many passages that were."""
    report = progress or _unseen

    def in_full(titles: Mapping[str, str], paper_id: str, text: str) -> str:
        return in_context(titles[paper_id], text)

    def bare(titles: Mapping[str, str], paper_id: str, text: str) -> str:
        return titles[paper_id]

    made = _embed(database, workspace_id, embedder, embedder.name, in_full, "Embedding passages", report)
    _embed(
        database,
        workspace_id,
        embedder,
        of_titles(embedder.name),
        bare,
        "Embedding titles",
        report,
        first=True,
    )
    if made:
        database.optimize()
    return made


def _embed(
    database: Database,
    workspace_id: str,
    embedder: Embedder,
    name: str,
    text_of: Callable[[Mapping[str, str], str, str], str],
    stage: str,
    report: Progress,
    *,
    first: bool = False,
) -> int:
    with database.read() as session:
        total = Vectors(session, workspace_id).waiting(name, first=first)
    done, last = 0, ""
    while done < total:
        report(stage, done, total)
        with database.read() as session:
            passages = Vectors(session, workspace_id).without(name, EMBED_BATCH, last, first=first)
            papers = Papers(session, workspace_id).all({one.paper_id for one in passages})
            titles = {paper.id: paper.title for paper in papers}
        if not passages:
            break  # others were faster
        texts = [text_of(titles, one.paper_id, one.text) for one in passages]
        vectors = embedder.embed(texts).astype("<f4")
        kept = {one.id: vector.tobytes() for one, vector in zip(passages, vectors, strict=True)}
        with database.write() as session:
            Vectors(session, workspace_id).set(name, kept)
        done, last = done + len(kept), passages[-1].id
    if total:
        report(stage, total, total)
    return done


def unpacked(vectors: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """Vectors as they are kept, [vectors, dimension]."""
    return np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), dimension)


def _unseen(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
