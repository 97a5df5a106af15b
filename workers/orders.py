"""Orders for work, which whoever wants it writes into the database, and the names shared with workers.

Each ``order_…`` writes a job in the caller's transaction, beside what makes it necessary; ``request_id`` and
``created_by`` say who wanted it. Nothing starts before the transaction is kept and the bell is rung.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy.orm import Session

from records.errors import Conflict
from records.models import Job, PaperFailure
from records.repositories import Jobs

DISCOVERY = "discovery"
EMBEDDING = "embedding"
INGESTION = "ingestion"
RANKING = "ranking"
KEEPING = "keeping"
QUEUES = (DISCOVERY, EMBEDDING, INGESTION, RANKING, KEEPING)

RUN_QUESTION = "run_question"
RERANK = "rerank"
SEARCH = "search"
INGEST = "ingest"
RUN_FEED = "run_feed"
RANK_BATCH = "rank_batch"
EXPORT = "export"
RETENTION = "retention"
CHECK_INDEX = "check_index"
BUILD_TOPICS = "build_topics"
CHECK_NOVELTY = "check_novelty"
QUEUE_OF: Mapping[str, str] = MappingProxyType(
    {
        RUN_QUESTION: DISCOVERY,
        RERANK: DISCOVERY,
        SEARCH: EMBEDDING,
        INGEST: INGESTION,
        RUN_FEED: INGESTION,
        RANK_BATCH: RANKING,
        EXPORT: EMBEDDING,
        RETENTION: KEEPING,
        CHECK_INDEX: EMBEDDING,
        BUILD_TOPICS: INGESTION,
        CHECK_NOVELTY: INGESTION,
    }
)
"""The queue in which a kind of job waits: whoever wants an answer now must not wait behind hours of work, and
the schedule's own tasks behind nothing: no crowd of jobs waits in ``keeping``."""

KEEP = "workers.keep"
TIMETABLE = "workers.timetable"

SMALLEST, LARGEST = 8, 128
"""Campaigns of a batch in one job."""
SHARE = 8
"""A job gets one part in so many of what is left: large ones first, for each costs a moment to begin, and
small ones last, so that all cores end together."""

ExportForm = Literal["json", "csv", "zip"]


def task_name(kind: str) -> str:
    """The Celery task that does jobs of this kind."""
    return f"workers.{kind}"


def order(
    session: Session,
    workspace_id: str,
    kind: str,
    payload: Mapping[str, Any],
    *,
    request_id: str = "",
    created_by: str = "",
) -> Job:
    """A job of one of the kinds above; the functions below know their payloads."""
    return Jobs(session).enqueue(
        workspace_id,
        kind,
        QUEUE_OF[kind],
        payload,
        task_name(kind),
        request_id=request_id,
        created_by=created_by,
    )


def order_run(
    session: Session, workspace_id: str, run_id: str, *, request_id: str = "", created_by: str = ""
) -> Job:
    """Have a run taken as far as it goes."""
    payload = {"run_id": run_id}
    return order(session, workspace_id, RUN_QUESTION, payload, request_id=request_id, created_by=created_by)


def order_rerank(
    session: Session, workspace_id: str, run_id: str, *, request_id: str = "", created_by: str = ""
) -> Job:
    """Have the candidates of a run that is over ranked again, with every result that it has now."""
    payload = {"run_id": run_id}
    return order(session, workspace_id, RERANK, payload, request_id=request_id, created_by=created_by)


def order_ingest(
    session: Session, workspace_id: str, file_id: str, *, request_id: str = "", created_by: str = ""
) -> Job:
    """Have a stored file read into the library; the job's result: ``{added, known, broken}``."""
    payload = {"file_id": file_id}
    return order(session, workspace_id, INGEST, payload, request_id=request_id, created_by=created_by)


def order_search(
    session: Session,
    workspace_id: str,
    text: str,
    *,
    survey: str = "",
    mode: Literal["relevance", "inspiration"] = "relevance",
    limit: int = 10,
    filters: Mapping[str, Any] | None = None,
    request_id: str = "",
    created_by: str = "",
) -> Job:
    """Have the library searched; the job's result: ``{hits: [{passage_id, paper_id, title, …}]}``.

    ``filters``: ``paper_ids``, ``collections``, ``year_from`` and ``year_to``, both inclusive, ``venue`` and
    ``source``.
    """
    wanted = dict(filters or {})
    payload = {"text": text, "survey": survey, "mode": mode, "limit": limit, "filters": wanted}
    return order(session, workspace_id, SEARCH, payload, request_id=request_id, created_by=created_by)


def order_export(
    session: Session,
    workspace_id: str,
    run_id: str,
    form: ExportForm,
    *,
    request_id: str = "",
    created_by: str = "",
) -> Job:
    """Have a run written into a stored file; the job's result: ``{file_id, name, media_type, size}``."""
    payload = {"run_id": run_id, "format": form}
    return order(session, workspace_id, EXPORT, payload, request_id=request_id, created_by=created_by)


def order_batch(
    session: Session,
    workspace_id: str,
    batch_id: str,
    campaigns: int,
    *,
    request_id: str = "",
    created_by: str = "",
) -> list[Job]:
    """Have a batch of so many campaigns ranked, in pieces that can be done at the same time."""
    jobs, first = [], 0
    while first < campaigns:
        size = min(max(SMALLEST, (campaigns - first) // SHARE), LARGEST, campaigns - first)
        jobs.append(
            order_piece(
                session,
                workspace_id,
                batch_id,
                first,
                first + size - 1,
                request_id=request_id,
                created_by=created_by,
            )
        )
        first += size
    return jobs


def order_piece(
    session: Session,
    workspace_id: str,
    batch_id: str,
    first: int,
    last: int,
    *,
    request_id: str = "",
    created_by: str = "",
) -> Job:
    """Have the campaigns at the positions from ``first`` to ``last``, inclusive, ranked."""
    payload = {"batch_id": batch_id, "first": first, "last": last}
    return order(session, workspace_id, RANK_BATCH, payload, request_id=request_id, created_by=created_by)


def order_feed(
    session: Session,
    workspace_id: str,
    feed_id: str,
    *,
    failure_ids: Sequence[str] = (),
    request_id: str = "",
    created_by: str = "",
) -> Job:
    """Have a feed looked into now, whenever its time is; the result is kept in the feed too.

    With ``failure_ids`` only what failed there is asked for again.
    """
    payload = {"feed_id": feed_id} | ({"failure_ids": list(failure_ids)} if failure_ids else {})
    return order(session, workspace_id, RUN_FEED, payload, request_id=request_id, created_by=created_by)


def order_retry(
    session: Session, failure: PaperFailure, *, request_id: str = "", created_by: str = ""
) -> Job:
    """Have a paper that failed asked for, or its file read, once more.

    Conflict ``nothing_to_retry`` where neither its feed nor its file is here any more.
    """
    told: Any = {"request_id": request_id, "created_by": created_by}
    if failure.feed_id is not None:
        ids = [failure.id]
        return order_feed(session, failure.workspace_id, failure.feed_id, failure_ids=ids, **told)
    if "file_id" in failure.payload:
        return order_ingest(session, failure.workspace_id, failure.payload["file_id"], **told)
    message = f"neither the feed nor the file that {failure.key} came from is here; hand it in again"
    raise Conflict("nothing_to_retry", message)


def order_retention(session: Session, workspace_id: str) -> Job:
    """Have what has had its time thrown away."""
    return order(session, workspace_id, RETENTION, {}, created_by="timetable")


def order_index_check(session: Session, workspace_id: str) -> Job:
    """Have the workspace's index compared with the database, and mended."""
    return order(session, workspace_id, CHECK_INDEX, {}, created_by="timetable")


def order_topics(
    session: Session,
    workspace_id: str,
    collection_id: str | None = None,
    *,
    request_id: str = "",
    created_by: str = "",
) -> Job:
    """Have the topics over all papers, or over a collection's, grown anew; ``{papers, topics, leaves}``."""
    payload = {"collection_id": collection_id}
    return order(session, workspace_id, BUILD_TOPICS, payload, request_id=request_id, created_by=created_by)


def order_novelty(
    session: Session, workspace_id: str, run_id: str, *, request_id: str = "", created_by: str = ""
) -> Job:
    """Have a run's hypotheses held against what is published; ``{checked, least}``."""
    payload = {"run_id": run_id}
    return order(session, workspace_id, CHECK_NOVELTY, payload, request_id=request_id, created_by=created_by)
