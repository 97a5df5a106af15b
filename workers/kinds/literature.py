"""The library: files are read into it, it is searched, and its index is compared with the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from config import Settings
from records.errors import Failure
from records.models import Job
from records.repositories import Papers
from workers.opened import database, shelf

if TYPE_CHECKING:
    from knowledge.ingestion import Ingested
    from knowledge.library import Hit, Library

MOST_BROKEN = 200
"""Broken entries that a job's result names; it counts them all."""


def ingest(settings: Settings, job: Job) -> dict[str, Any]:
    """Read a stored file into the library; one that cannot be read is kept as a failure."""
    from knowledge.arrivals import welcome
    from knowledge.stored import ingest_stored

    workspace_id = job.workspace_id
    library = shelf.library(settings, workspace_id)
    ingested = ingest_stored(library, database(), settings, workspace_id, job.payload["file_id"])
    # Of all its papers: an earlier attempt may have kept them and come no further.
    touched = welcome(library, database(), workspace_id, ingested.paper_ids)
    return told(ingested) | {"touched": touched}


def told(ingested: Ingested) -> dict[str, Any]:
    broken = [{"entry": one.entry, "reason": one.reason} for one in ingested.broken]
    return {
        "added": ingested.added,
        "known": ingested.known,
        "linked": ingested.linked,
        "broken": broken[:MOST_BROKEN],
        "broken_count": len(broken),
    }


def search(settings: Settings, job: Job) -> dict[str, Any]:
    """Find the passages that are nearest to a text."""
    wanted = job.payload
    filters: Mapping[str, Any] = wanted.get("filters", {})
    paper_ids = _papers(job.workspace_id, filters)

    def hits(library: Library) -> list[Hit]:
        library.embed()  # what was kept without vectors is not to be missed
        return library.search(wanted["text"], paper_ids=paper_ids, limit=wanted.get("limit", 10))

    return {"hits": [asdict(hit) for hit in with_index(settings, job.workspace_id, hits)]}


def check_index(settings: Settings, job: Job) -> dict[str, int]:
    """Compare the index with the database, and give it what it lacks."""

    def healed(library: Library) -> tuple[int, int]:
        library.embed()
        return library.check()

    passages, missing = with_index(settings, job.workspace_id, healed)
    return {"passages": passages, "healed": missing}


def with_index(settings: Settings, workspace_id: str, use: Any) -> Any:
    """Use the open library; where the index's server is gone, open it anew and try once more."""
    try:
        return use(shelf.library(settings, workspace_id))
    except Failure as error:
        if error.code != "index_unreachable":
            raise
        shelf.close(workspace_id)
    return use(shelf.library(settings, workspace_id))


def _papers(workspace_id: str, filters: Mapping[str, Any]) -> list[str] | None:
    """The papers that the filters leave; None for all."""
    first, last, named = filters.get("year_from"), filters.get("year_to"), filters.get("paper_ids")
    if first is None and last is None:
        return None if named is None else list(named)
    with database().read() as session:
        papers = Papers(session, workspace_id).all(named)
    return [
        paper.id
        for paper in papers
        if paper.year is not None
        and (first is None or paper.year >= first)
        and (last is None or paper.year <= last)
    ]
