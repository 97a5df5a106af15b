"""The workspace's literature: what is there, more of it, and what it says about something."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, UploadFile, status
from starlette.concurrency import run_in_threadpool

from api.caller import Caller, CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import JobAccepted
from api.schemas.literature import (
    PaperDetail,
    PaperOut,
    PassageOut,
    SearchIn,
    SearchOut,
    paper_out,
)
from api.uploads import read_upload
from records.errors import Failure
from records.models import Job
from records.repositories import Files, Jobs, KnownPapers, PaperFilter, Papers
from workers.orders import order_ingest, order_search

router = APIRouter(prefix="/v1", tags=["literature"], route_class=Idempotent)

Year = Annotated[int | None, Query(ge=0, le=9999)]

LOOK_EVERY_S = 0.05


@router.get("/papers")
def papers(
    caller: CanRead,
    limit: Limit = 50,
    after: After = None,
    title: Annotated[str, Query(max_length=200, description="Words in a row that the title holds.")] = "",
    year_from: Year = None,
    year_to: Year = None,
    source: Annotated[str, Query(max_length=200, description="Who told of it first.")] = "",
    retraction: Annotated[str, Query(max_length=16, description="retracted, concern or corrected.")] = "",
    collection_id: Annotated[UUID | None, Query(description="Only the papers of this collection.")] = None,
    latest: Annotated[bool, Query(description="Without earlier versions of a later record.")] = False,
) -> Page[PaperOut]:
    """The workspace's papers, the newest first; all of them, or those that are wanted."""
    wanted = PaperFilter(
        title=title.replace("\x00", ""),
        year_from=year_from,
        year_to=year_to,
        source=source.replace("\x00", ""),
        retraction=retraction.replace("\x00", ""),
        collection_id=None if collection_id is None else str(collection_id),
        latest=latest,
    )
    with caller.read() as session:
        rows = Papers(session, caller.workspace_id).page(limit + 1, after, wanted)
    return page_of(rows, limit, paper_out, lambda row: row.id)


@router.get("/papers/{paper_id}")
def paper(paper_id: UUID, caller: CanRead) -> PaperDetail:
    """One paper with its passages, which quotes point into."""
    with caller.read() as session:
        found = Papers(session, caller.workspace_id)
        row = found.read(str(paper_id))
        passages = found.passages([row.id])
        versions = KnownPapers(session, caller.workspace_id).versions_of(row.id)
    return PaperDetail(
        **paper_out(row).model_dump(),
        abstract=row.abstract,
        references=row.references,
        versions=[paper_out(one) for one in versions],
        passages=[
            PassageOut(id=one.id, position=one.position, section=one.section, text=one.text)
            for one in passages
        ],
    )


@router.post("/papers/files", status_code=status.HTTP_202_ACCEPTED)
def hand_in(file: UploadFile, caller: CanWrite, after: BackgroundTasks, response: Response) -> JobAccepted:
    """Hand in a file of papers: JSON lines, BibTeX, RIS or PDF. The job tells how many it held."""
    upload = read_upload(file)
    with caller.write() as session:
        stored = Files(session, caller.workspace_id).add(
            upload.name, upload.media_type, upload.content, created_by=caller.name
        )
        job = order_ingest(
            session, caller.workspace_id, stored.id, request_id=caller.request_id, created_by=caller.name
        )
        detail = {"name": upload.name, "size": len(upload.content), "sha256": stored.sha256}
        caller.audit(session, "papers.handed_in", "job", job.id, detail)
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobAccepted(job_id=job.id)


@router.post("/searches", responses={202: {"model": SearchOut}})
async def search(
    asked: SearchIn,
    caller: CanRead,
    response: Response,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the answer.")] = 10.0,
) -> SearchOut:
    """Find the passages nearest to a text, by meaning and words, or papers that might inspire an answer.

    200 with the hits, or 202 with a job to follow where they take longer than ``wait``.
    """
    job_id = await run_in_threadpool(_order, asked, caller)
    hits = await _hits(caller, job_id, wait)
    if hits is None:
        response.status_code = status.HTTP_202_ACCEPTED
        response.headers["Location"] = f"/v1/jobs/{job_id}"
    return SearchOut(job_id=job_id, hits=hits)


def _order(asked: SearchIn, caller: Caller) -> str:
    with caller.write() as session:
        Papers(session, caller.workspace_id).check_readable(asked.paper_ids or [])
        job = order_search(
            session,
            caller.workspace_id,
            asked.text,
            survey=asked.survey,
            mode=asked.mode,
            limit=asked.limit,
            filters=asked.model_dump(exclude={"text", "survey", "mode", "limit"}, exclude_none=True),
            request_id=caller.request_id,
            created_by=caller.name,
        )
    caller.ring()
    return job.id


async def _hits(caller: Caller, job_id: str, wait: float) -> list[dict[str, object]] | None:
    """Whoever waits here holds no thread: many may."""
    give_up = time.monotonic() + wait
    while True:
        job = await run_in_threadpool(_job, caller, job_id)
        if job.state == "done":
            return list((job.result or {})["hits"])
        if job.state == "dead":
            raise Failure("search_failed", f"the search failed: {job.reason}")
        if time.monotonic() > give_up:
            return None
        await asyncio.sleep(LOOK_EVERY_S)


def _job(caller: Caller, job_id: str) -> Job:
    with caller.read() as session:
        return Jobs(session).get(job_id)
