"""Calls to language models: what was asked, what came back, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.models import ModelCall
from records.repositories.common import find_or_insert


@dataclass(frozen=True, slots=True)
class CallTotals:
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """In the currency of the settings."""


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
