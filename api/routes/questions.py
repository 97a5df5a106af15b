"""Asking a question."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Response, status

from api.caller import CanWrite
from api.idempotency import Idempotent
from api.schemas.questions import PlanIn, QuestionIn, RunAccepted
from records.errors import BadInput
from records.repositories import Papers, Runs
from workers.orders import order_run

router = APIRouter(prefix="/v1/questions", tags=["questions"], route_class=Idempotent)


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def ask(asked: QuestionIn, caller: CanWrite, after: BackgroundTasks, response: Response) -> RunAccepted:
    """Have a question answered: the run's id at once, its hypotheses as it gets on."""
    with caller.write() as session:
        papers = Papers(session, caller.workspace_id)
        corpus = papers.readable_ids() if asked.paper_ids is None else asked.paper_ids
        _check_corpus(asked.plan, corpus)
        run = Runs(session, caller.workspace_id).create(
            asked.question, asked.survey.strip(), asked.plan.stored(), corpus, created_by=caller.name
        )
        order_run(session, caller.workspace_id, run.id, request_id=caller.request_id, created_by=caller.name)
        caller.audit(session, "question.asked", "run", run.id)
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunAccepted(id=run.id, state=run.state)


def _check_corpus(plan: PlanIn, corpus: list[str]) -> None:
    count = len(set(corpus))
    brought = plan.laboratory.kind == "recorded" or len(plan.candidates) >= 2
    if count < 2 and plan.hypotheses and not (brought and count == 0):
        raise BadInput(
            "corpus_too_small",
            "a hypothesis needs at least two papers: read some in first, or bring candidates of your own"
            " or a measured table and ask for 0 hypotheses",
        )
