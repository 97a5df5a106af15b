"""The first page: what waits for the chemist, and the questions with how far they are."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.pages.novelty import touching
from api.pages.visiting import PageRoute, Reader, show
from api.paging import After
from api.routes.runs import list_runs
from records.repositories import Experiments, Hypotheses, Judging, Reviews

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MOST_WAITING = 12


@router.get("/")
def home(request: Request, caller: Reader, after: After = None) -> Response:
    """Experiments whose results are to be entered, one's unfinished reviews, and the questions."""
    runs = list_runs(caller, 50, after)
    with caller.read() as session:
        experiments = Experiments(session, caller.workspace_id)
        counts = experiments.counts([run.id for run in runs.items])
        waiting = experiments.waiting(MOST_WAITING + 1)
        to_review = Judging(session, caller.workspace_id, caller.name).pending()
        drafts = Reviews(session, caller.workspace_id).page(200, status="draft")
        mine = [draft for draft in drafts if draft.reviewer == caller.name][:MOST_WAITING]
        hypotheses = Hypotheses(session, caller.workspace_id)
        titled = [(draft, hypotheses.get(draft.hypothesis_id).title) for draft in mine]
    values = {
        "listed": runs.items,
        "older": runs.next,
        "counts": counts,
        "waiting": waiting[:MOST_WAITING],
        "more_waiting": len(waiting) > MOST_WAITING,
        "to_review": to_review,
        "drafts": titled,
        **touching(caller),
    }
    return show(request, caller, "home.html", values)
