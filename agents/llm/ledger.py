"""What was paid for: every answer is stored before it is used, and no question is paid for twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.client import ChatClient, Completion, Message
from agents.llm.errors import BudgetReached
from records.database import Database
from records.models import ModelCall
from records.repositories import ModelCalls


@dataclass(frozen=True, slots=True)
class Call:
    """Everything that decides an answer."""

    purpose: str
    prompt_version: str
    messages: Sequence[Message]
    schema_name: str
    schema: Mapping[str, Any]
    seed: int
    attempt: int = 0
    """0 for the first answer, 1 for the repaired one."""

    def key(self, model: str) -> str:
        decisive = [model, list(self.messages), self.schema, self.seed, self.attempt]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


class Ledger:
    """One run's account with its model; safe to use from several threads.

    The budget is looked at before each paid call, so calls that are under way when it is reached still count.
    """

    def __init__(self, database: Database, run_id: str, client: ChatClient) -> None:
        self._database = database
        self._run_id = run_id
        self._client = client
        self._settings = client.settings

    def answer(self, call: Call) -> Completion:
        """The stored answer if there is one, else a new one, stored (raises BudgetReached, ModelFailure)."""
        key = call.key(self._settings.model)
        stored = self._stored(key)
        if stored is not None:
            return stored
        completion = self._client.complete(
            call.messages, name=call.schema_name, schema=call.schema, seed=call.seed
        )
        self._store(key, call, completion)
        return completion

    def _stored(self, key: str) -> Completion | None:
        with self._database.read() as session:
            calls = ModelCalls(session)
            row = calls.find(self._run_id, key)
            if row is None:
                self._check_budget(calls)
                return None
            kept = json.loads(row.answer)
            return Completion(
                text=kept["text"],
                refusal=kept["refusal"],
                finish_reason=row.finish_reason,
                prompt_tokens=row.prompt_tokens,
                completion_tokens=row.completion_tokens,
                seconds=row.seconds,
            )

    def _check_budget(self, calls: ModelCalls) -> None:
        settings = self._settings
        used = calls.totals(self._run_id)
        tokens = used.prompt_tokens + used.completion_tokens
        if settings.token_budget is not None and tokens >= settings.token_budget:
            raise BudgetReached(f"{tokens} of {settings.token_budget} tokens")
        if settings.money_budget is not None and used.cost >= settings.money_budget:
            raise BudgetReached(f"{used.cost:.4f} of {settings.money_budget:g} {settings.currency}")

    def _store(self, key: str, call: Call, completion: Completion) -> None:
        settings = self._settings
        cost = (
            completion.prompt_tokens * settings.price_prompt
            + completion.completion_tokens * settings.price_completion
        ) / 1e6
        row = ModelCall(
            run_id=self._run_id,
            call_key=key,
            purpose=call.purpose,
            model=settings.model,
            prompt_version=call.prompt_version,
            answer=json.dumps({"text": completion.text, "refusal": completion.refusal}),
            finish_reason=completion.finish_reason,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            cost=cost,
            seconds=completion.seconds,
        )
        with self._database.write() as session:
            ModelCalls(session).add(row)
