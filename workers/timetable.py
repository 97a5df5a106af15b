"""What is done by the clock: feeds that are due, and housekeeping. Two at once order nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from records.base import now
from records.database import Database
from records.models import Job
from records.repositories import Jobs, Papers, Workspaces
from records.repositories.feeds import due_feeds, take
from workers.orders import CHECK_INDEX, RETENTION, order_feed, order_index_check, order_retention

BY = "timetable"


@dataclass(frozen=True, slots=True)
class Regular:
    """A job that every workspace needs again and again."""

    kind: str
    every: timedelta
    order: Callable[[Session, str], Job]


REGULARS = (
    Regular(RETENTION, timedelta(days=1), order_retention),
    Regular(CHECK_INDEX, timedelta(hours=1), order_index_check),
)


def order_what_is_due(database: Database) -> int:
    """Order feeds and housekeeping whose time has come; how many jobs those are.

    A time that was missed, while nothing ran, is made up for once.
    """
    ordered = 0
    with database.read() as session:
        due, workspace_ids = due_feeds(session, now()), Workspaces(session).ids()
    for feed in due:
        with database.write() as session:
            if take(session, feed, now()):
                order_feed(session, feed.workspace_id, feed.feed_id, created_by=BY)
                ordered += 1
    for workspace_id in workspace_ids:
        for regular in REGULARS:
            ordered += _order_regular(database, workspace_id, regular)
    return ordered


def _order_regular(database: Database, workspace_id: str, regular: Regular) -> bool:
    with database.read() as session:
        if not _is_due(session, workspace_id, regular):
            return False
    with database.write() as session:
        # Held by the first; the second waits here, and then sees the first one's job.
        Workspaces(session).hold(workspace_id)
        if not _is_due(session, workspace_id, regular):
            return False
        regular.order(session, workspace_id)
    return True


def _is_due(session: Session, workspace_id: str, regular: Regular) -> bool:
    if regular.kind == CHECK_INDEX and not Papers(session, workspace_id).any():
        return False  # an index of nothing needs no look
    last = Jobs(session).last_ordered(workspace_id, regular.kind)
    return last is None or now() - last >= regular.every
