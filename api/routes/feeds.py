"""Feeds: where papers come from by themselves, and when."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import JobAccepted
from api.schemas.literature import FeedIn, FeedOut, feed_out
from api.versions import IfMatch, check_version, etag
from records.repositories import Feeds
from workers.orders import order_feed

router = APIRouter(prefix="/v1/feeds", tags=["literature"], route_class=Idempotent)


@router.get("")
def feeds(caller: CanRead, limit: Limit = 50, after: After = None) -> Page[FeedOut]:
    """The workspace's feeds, newest first."""
    with caller.read() as session:
        rows = Feeds(session, caller.workspace_id).page(limit + 1, after)
    return page_of(rows, limit, feed_out, lambda row: row.id)


@router.post("", status_code=status.HTTP_201_CREATED)
def add(said: FeedIn, caller: CanWrite, response: Response) -> FeedOut:
    """Have papers fetched from a source on a schedule."""
    with caller.write() as session:
        row = Feeds(session, caller.workspace_id).create(**said.row())
        caller.audit(session, "feed.added", "feed", row.id, said.row())
    response.headers["ETag"] = etag(row.version)
    response.headers["Location"] = f"/v1/feeds/{row.id}"
    return feed_out(row)


@router.get("/{feed_id}")
def feed(feed_id: UUID, caller: CanRead, response: Response) -> FeedOut:
    """One feed; its ETag is what changing it needs."""
    with caller.read() as session:
        row = Feeds(session, caller.workspace_id).get(str(feed_id))
    response.headers["ETag"] = etag(row.version)
    return feed_out(row)


@router.put("/{feed_id}")
def change(
    feed_id: UUID, said: FeedIn, caller: CanWrite, response: Response, if_match: IfMatch = None
) -> FeedOut:
    """Change a feed: the whole of it, as it should be."""
    with caller.write() as session:
        feeds = Feeds(session, caller.workspace_id)
        row = feeds.get(str(feed_id))
        check_version(if_match, row.version, feed_out(row))
        row = feeds.change(row.id, said.row())
        caller.audit(session, "feed.changed", "feed", row.id, said.row())
    response.headers["ETag"] = etag(row.version)
    return feed_out(row)


@router.delete("/{feed_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(feed_id: UUID, caller: CanWrite, if_match: IfMatch = None) -> None:
    """No more from here; the papers that it brought stay."""
    with caller.write() as session:
        feeds = Feeds(session, caller.workspace_id)
        row = feeds.get(str(feed_id))
        check_version(if_match, row.version, feed_out(row))
        feeds.delete(row.id)
        caller.audit(session, "feed.removed", "feed", row.id, {"name": row.name})


@router.post("/{feed_id}/run", status_code=status.HTTP_202_ACCEPTED)
def run_now(feed_id: UUID, caller: CanWrite, after: BackgroundTasks, response: Response) -> JobAccepted:
    """Look for new papers now, whatever the schedule says."""
    with caller.write() as session:
        row = Feeds(session, caller.workspace_id).get(str(feed_id))
        job = order_feed(
            session, caller.workspace_id, row.id, request_id=caller.request_id, created_by=caller.name
        )
        caller.audit(session, "feed.run", "feed", row.id)
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobAccepted(job_id=job.id)
