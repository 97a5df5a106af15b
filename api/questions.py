"""Asking a question."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Response, status

from api.context import InContext
from api.schemas import QuestionIn, RunAccepted
from records.errors import BadInput
from records.repositories import Audit, Papers, Runs
from workers.orders import order_run

router = APIRouter(prefix="/v1/questions", tags=["questions"])


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def ask(asked: QuestionIn, context: InContext, after: BackgroundTasks, response: Response) -> RunAccepted:
    """Have a question answered: the run's id at once, its hypotheses as it gets on."""
    with context.database.write() as session:
        papers = Papers(session, context.workspace_id)
        corpus = papers.ids() if asked.paper_ids is None else asked.paper_ids
        if len(set(corpus)) < 2:
            raise BadInput("corpus_too_small", "a hypothesis needs at least two papers; ingest some first")
        runs = Runs(session, context.workspace_id)
        run = runs.create(asked.question, asked.survey.strip(), asked.plan.stored(), corpus)
        order_run(session, context.workspace_id, run.id)
        Audit(session, context.workspace_id).add("local", "question.asked", "run", run.id)
    after.add_task(context.ring)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunAccepted(id=run.id, state=run.state)
