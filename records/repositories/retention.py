"""What is thrown away when its time is over; dead jobs never, for somebody has to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from records.base import now
from records.database import Database
from records.models import Answered, BrowserSession, Job, Outbox, Run, RunEvent, SignInLink, StoredFile
from records.repositories.runs import FINAL

AT_ONCE = 1000
"""Rows in one transaction: others write between two of them."""

ANSWERS_KEPT = timedelta(hours=24)
MESSAGES_KEPT = timedelta(hours=24)

Rule = tuple[InstrumentedAttribute[str], ColumnElement[bool]]


def throw_away(database: Database, workspace_id: str, keep_days: int) -> dict[str, int]:
    """Delete a workspace's outdated rows, and those that belong to none; how many of each table.

    ``keep_days``: for finished jobs and the events of finished runs.
    """
    return {
        name: _delete(database, *rule)
        for name, rule in _rules(workspace_id, now(), timedelta(days=keep_days)).items()
    }


def _rules(workspace_id: str, at: datetime, kept: timedelta) -> Mapping[str, Rule]:
    old = at - kept
    finished = select(Run.id).where(
        Run.workspace_id == workspace_id, Run.state.in_(FINAL), Run.finished_at < old
    )
    done = select(Job.id).where(Job.state == "done")
    ended = Job.state.in_(("done", "cancelled")) & (Job.finished_at < old)
    return {
        "stored_file": (
            StoredFile.id,
            (StoredFile.workspace_id == workspace_id) & (StoredFile.expires_at < at),
        ),
        "answered": (
            Answered.id,
            (Answered.workspace_id == workspace_id) & (Answered.created_at < at - ANSWERS_KEPT),
        ),
        "run_event": (RunEvent.id, RunEvent.run_id.in_(finished)),
        "job": (Job.id, (Job.workspace_id == workspace_id) & ended),
        # Not those of other jobs: the first message of a job says how to ring for it again.
        "outbox": (Outbox.id, (Outbox.sent_at < at - MESSAGES_KEPT) & Outbox.job_id.in_(done)),
        "browser_session": (BrowserSession.id, BrowserSession.expires_at < at),
        "sign_in_link": (SignInLink.id, SignInLink.expires_at < old),
    }


def _delete(database: Database, key: InstrumentedAttribute[str], old: ColumnElement[bool]) -> int:
    table: Any = key.class_
    total = 0
    while True:
        with database.write() as session:
            ids = list(session.scalars(select(key).where(old).limit(AT_ONCE)))
            if not ids:
                return total
            statement = delete(table).where(key.in_(ids))
            session.execute(statement, execution_options={"synchronize_session": False})
        total += len(ids)
