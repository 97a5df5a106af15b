"""The library: files are read into it, it is searched, and its index is compared with the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from config import Settings
from records.errors import Failure
from records.models import Job
from records.repositories import Filters
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
    """Find the passages that are nearest to a text, or the papers most likely to inspire an answer."""
    from knowledge.library import SearchRequest

    wanted = job.payload
    asked = SearchRequest(
        wanted["text"],
        wanted.get("survey", ""),
        mode=wanted.get("mode", "relevance"),
        filters=_filters(wanted.get("filters", {})),
        limit=wanted.get("limit", 10),
    )

    def hits(library: Library) -> list[Hit]:
        library.embed()  # what was kept without vectors is not to be missed
        return library.search(asked)

    return {"hits": [asdict(hit) for hit in with_index(settings, job.workspace_id, hits)]}


def check_index(settings: Settings, job: Job) -> dict[str, int]:
    """Make the index whole; where the settings name another model, build its index and let that answer."""
    from knowledge.generations import rebuild

    done = rebuild(settings, database(), job.workspace_id)
    return {"passages": done.passages, "healed": done.added}


def with_index(settings: Settings, workspace_id: str, use: Any) -> Any:
    """Use the open library; where the index's server is gone, open it anew and try once more."""
    try:
        return use(shelf.library(settings, workspace_id))
    except Failure as error:
        if error.code != "index_unreachable":
            raise
        shelf.close(workspace_id)
    return use(shelf.library(settings, workspace_id))


def _filters(told: Mapping[str, Any]) -> Filters:
    named = told.get("paper_ids")
    return Filters(
        year_from=told.get("year_from"),
        year_to=told.get("year_to"),
        venue=told.get("venue"),
        source=told.get("source"),
        paper_ids=None if named is None else tuple(named),
        collections=tuple(told.get("collections") or ()),
    )
