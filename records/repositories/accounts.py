"""Calls to language models: what was asked, what came back, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.models import ModelCall, Question, Run
from records.repositories.common import find_or_insert


@dataclass(frozen=True, slots=True)
class CallTotals:
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """In the currency of the settings."""


@dataclass(frozen=True, slots=True)
class Spent:
    run_id: str
    question: str
    totals: CallTotals


def spent_by_run(session: Session, workspace_id: str, most: int) -> list[Spent]:
    """What the newest runs of a workspace spent on models, where they spent anything."""
    query = (
        select(
            Run.id,
            Question.text,
            func.count(),
            func.sum(ModelCall.prompt_tokens),
            func.sum(ModelCall.completion_tokens),
            func.sum(ModelCall.cost),
        )
        .join(ModelCall, ModelCall.run_id == Run.id)
        .join(Question, Question.id == Run.question_id)
        .where(Run.workspace_id == workspace_id)
        .group_by(Run.id, Question.text)
        .order_by(Run.id.desc())
        .limit(most)
    )
    return [
        Spent(run_id, text, CallTotals(calls, int(read), int(written), float(cost)))
        for run_id, text, calls, read, written, cost in session.execute(query)
    ]


class ModelCalls:
    """The calls of runs; whoever holds a run's id has passed its workspace already."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, run_id: str, call_key: str) -> ModelCall | None:
        query = select(ModelCall).where(ModelCall.run_id == run_id, ModelCall.call_key == call_key)
        return self._session.scalar(query)

    def add(self, call: ModelCall) -> ModelCall:
        """Keep a call; one that is known by its key stays as it was first answered."""
        run_id, call_key = call.run_id, call.call_key
        return find_or_insert(self._session, lambda: self.find(run_id, call_key), call)

    def totals(self, run_id: str) -> CallTotals:
        query = select(
            func.count(),
            func.coalesce(func.sum(ModelCall.prompt_tokens), 0),
            func.coalesce(func.sum(ModelCall.completion_tokens), 0),
            func.coalesce(func.sum(ModelCall.cost), 0.0),
        ).where(ModelCall.run_id == run_id)
        calls, prompt_tokens, completion_tokens, cost = self._session.execute(query).one()
        return CallTotals(calls, int(prompt_tokens), int(completion_tokens), float(cost))
