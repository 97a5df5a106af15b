"""Batch ranking: thousands of campaigns at once, ranked by all workers, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, UploadFile, status
from fastapi.responses import StreamingResponse

from api.caller import Caller, CanRead, CanWrite
from api.campaign_files import campaigns_of
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.batches import (
    MOST_CAMPAIGNS,
    AnswerOut,
    BatchDetail,
    BatchIn,
    BatchOut,
    CampaignState,
    answer_out,
    batch_detail,
    batch_out,
)
from records.names import plain_name
from records.repositories import Batches
from workers.campaigns import handed
from workers.orders import order_batch

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=Idempotent)

UNPACKED = 2
"""How much larger than the upload itself an unpacked file may be."""


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def hand_in(asked: BatchIn, caller: CanWrite, after: BackgroundTasks, response: Response) -> BatchDetail:
    """Have up to 10,000 campaigns ranked.

    A campaign: ``candidates`` (id and any of vector, traits, features, prior, cost), ``results`` (id, score
    or status failed, sem, cost), ``policy``, ``recommend``, ``maximise``, ``seed``, ``name``.
    """
    return _take(asked.name, asked.campaigns, caller, after, response)


@router.post("/file", status_code=status.HTTP_202_ACCEPTED)
def hand_in_file(
    file: UploadFile, caller: CanWrite, after: BackgroundTasks, response: Response
) -> BatchDetail:
    """Have a file of campaigns ranked: one JSON object a line, plain or gzip."""
    most = UNPACKED * caller.context.settings.api.upload_limit
    campaigns = campaigns_of(file.file, most, MOST_CAMPAIGNS)
    return _take(plain_name(file.filename or "", "batch"), campaigns, caller, after, response)


def _take(
    name: str, campaigns: Iterable[object], caller: Caller, after: BackgroundTasks, response: Response
) -> BatchDetail:
    checked = [handed(one) for one in campaigns]  # before the transaction: others want to write meanwhile
    told = {"request_id": caller.request_id, "created_by": caller.name}
    with caller.write() as session:
        batches = Batches(session, caller.workspace_id)
        row = batches.create(name, checked, caller.name)
        order_batch(session, caller.workspace_id, row.id, row.campaigns, **told)
        caller.audit(session, "batch.handed_in", "batch", row.id, {"campaigns": row.campaigns})
        shown = batch_detail(batches.get(row.id), batches.counts(row.id))
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/batches/{row.id}"
    return shown


@router.get("")
def batches(caller: CanRead, limit: Limit = 50, after: After = None) -> Page[BatchOut]:
    """The workspace's batches, newest first."""
    with caller.read() as session:
        rows = Batches(session, caller.workspace_id).page(limit + 1, after)
    return page_of(rows, limit, batch_out, lambda row: row.id)


@router.get("/{batch_id}")
def batch(batch_id: UUID, caller: CanRead) -> BatchDetail:
    """How far a batch is."""
    with caller.read() as session:
        found = Batches(session, caller.workspace_id)
        return batch_detail(found.get(str(batch_id)), found.counts(str(batch_id)))


@router.get("/{batch_id}/campaigns")
def campaigns(
    batch_id: UUID,
    caller: CanRead,
    limit: Limit = 50,
    after: Annotated[int | None, Query(ge=0, lt=2**31, description="`next` of the page before.")] = None,
    state: Annotated[CampaignState | None, Query(description="Only campaigns in this state.")] = None,
) -> Page[AnswerOut]:
    """The campaigns in the order in which they were handed in; those that are over with their answers."""
    with caller.read() as session:
        found = Batches(session, caller.workspace_id)
        rows = found.campaigns(str(batch_id), limit + 1, after, state=state)
    return page_of(rows, limit, answer_out, lambda row: str(row.position))


@router.get(
    "/{batch_id}/result",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
def result(batch_id: UUID, caller: CanRead) -> StreamingResponse:
    """All campaigns as one file, a JSON object a line, in order; also before the batch is done."""
    with caller.read() as session:
        row = Batches(session, caller.workspace_id).get(str(batch_id))
    return StreamingResponse(
        _result(caller, row.id),
        media_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="batch-{row.id}.jsonl"'},
    )


def _result(caller: Caller, batch_id: str) -> Iterator[str]:
    with caller.read() as session:
        for row in Batches(session, caller.workspace_id).answers(batch_id):
            yield answer_out(row).model_dump_json() + "\n"


@router.post("/{batch_id}/cancel")
def cancel(batch_id: UUID, caller: CanWrite) -> BatchDetail:
    """Call off what has no answer yet; what has one keeps it."""
    with caller.write() as session:
        found = Batches(session, caller.workspace_id)
        row = found.cancel(str(batch_id))
        caller.audit(session, "batch.cancelled", "batch", row.id)
        return batch_detail(row, found.counts(row.id))
