"""Following a run: its events, a page at a time or as they happen (server-sent events)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.caller import Caller, CanRead
from api.paging import After, Limit, Page, page_of
from api.schemas.runs import EventOut, event_out
from records.base import now
from records.errors import TouchstoneError
from records.repositories import RunEvents, Runs
from records.repositories.events import first_id_at
from records.repositories.runs import FINAL

router = APIRouter(prefix="/v1/runs", tags=["runs"])

LOOK_EVERY_S = 0.5
SAY_SOMETHING_EVERY_S = 15.0
"""Proxies close a connection on which nothing is said."""
LONGEST_S = 600.0
"""Then the stream ends and whoever follows comes again, which is when a key that was revoked is noticed."""
LATE = timedelta(seconds=5)
"""A transaction that began earlier may be kept later: so far back an event may still turn up."""


@router.get("/{run_id}/events")
def events(run_id: UUID, caller: CanRead, limit: Limit = 50, after: After = None) -> Page[EventOut]:
    """What happened to the run, oldest first."""
    with caller.read() as session:
        rows = RunEvents(session, caller.workspace_id).after(str(run_id), after, limit + 1)
    return page_of(rows, limit, event_out, lambda row: row.id)


@router.get(
    "/{run_id}/events/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    run_id: UUID,
    request: Request,
    caller: CanRead,
    last_event_id: Annotated[str | None, Header(pattern="^[0-9a-f-]{36}$")] = None,
    wait: Annotated[bool, Query(description="Also for what happens to a run that is over.")] = False,
) -> StreamingResponse:
    """The same as it happens, from the first event or behind ``Last-Event-ID``; ends when the run is over.

    Each event's name is its kind, its id that of the event, its data an event as JSON; the last one is
    named ``end``. After ten minutes the stream ends without it: come again with ``Last-Event-ID``.
    """
    await run_in_threadpool(_look, caller, str(run_id), last_event_id)  # a run of another: 404, not a stream
    told = _told(caller, str(run_id), last_event_id, request, wait)
    await anext(told)  # what is refused is refused before the answer begins
    return StreamingResponse(
        told,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(
    caller: Caller, run_id: str, after: str | None, request: Request, wait: bool
) -> AsyncIterator[str]:
    seen: set[str] = set()
    silent = 0.0
    until = time.monotonic() + LONGEST_S
    with caller.context.rates.stream(caller.principal.id):
        yield ""
        while time.monotonic() < until and not await request.is_disconnected():
            try:
                rows, over = await run_in_threadpool(_look, caller, run_id, after)
            except TouchstoneError as error:
                yield f"event: error\ndata: {json.dumps({'code': error.code, 'detail': error.message})}\n\n"
                return
            fresh = [row for row in rows if row.id not in seen]
            for row in fresh:
                yield f"id: {row.id}\nevent: {row.kind}\ndata: {row.model_dump_json()}\n\n"
            seen = {row.id for row in rows}
            after = _behind(after, rows)
            if over and not fresh and not wait:
                yield "event: end\ndata: {}\n\n"
                return
            silent = 0.0 if fresh else silent + LOOK_EVERY_S
            if silent >= SAY_SOMETHING_EVERY_S:
                silent = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(LOOK_EVERY_S)


def _look(caller: Caller, run_id: str, after: str | None) -> tuple[list[EventOut], bool]:
    with caller.read() as session:
        over = Runs(session, caller.workspace_id).get(run_id).state in FINAL
        rows = RunEvents(session, caller.workspace_id).after(run_id, after, 1000)
    return [event_out(row) for row in rows], over


def _behind(after: str | None, rows: list[EventOut]) -> str | None:
    """Where to look from the next time: behind what is seen, but not behind what may still turn up."""
    if not rows:
        return after
    return min(rows[-1].id, max(after or "", first_id_at(now() - LATE)))
