"""A run's ranking: where its candidates stand, and having it worked out again."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api.caller import Caller
from records.models import Run
from records.repositories.runs import FINAL
from workers.orders import order_rerank, order_run


def standings_of(run: Run) -> dict[int, dict[str, Any]]:
    """Position to standing, best first; empty before the first ranking."""
    return {entry["position"]: entry for entry in run.outcome.get("standings", [])}


def order_update(caller: Caller, session: Session, run: Run) -> None:
    """Have the ranking follow what was entered: a run that is over is ranked again, any other goes on.

    Also while it is at work: it may have looked for results a moment ago. A paused run waits to be resumed.
    """
    if run.state in ("paused", "cancelled"):
        return
    order = order_rerank if run.state in FINAL else order_run
    order(session, caller.workspace_id, run.id, request_id=caller.request_id, created_by=caller.name)
