"""A language model as the simulator's judge: how much of each key point of the truth a candidate has."""

from __future__ import annotations

from collections.abc import Sequence

from agents.llm.asking import ask
from agents.llm.errors import AnswerInvalid
from agents.llm.ledger import Ledger
from agents.llm.schemas import JudgeAnswer
from agents.prompts import fenced, load
from simulator import KeyPoint


class ModelJudge:
    """Asks once for each candidate; the ledger keeps the answer, so that nobody pays for it twice."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __call__(self, question: str, points: Sequence[KeyPoint], candidate: str) -> list[float]:
        """Similarities from 0 to 1 (ModelFailure where the model gives none that can be used)."""
        prompt = load("judge")
        shown = [f"{point.name}: {point.role}" if point.role else point.name for point in points]
        answer = ask(
            self._ledger,
            prompt,
            JudgeAnswer,
            seed=0,
            question=question or "Not given.",
            key_points=fenced(shown, "key point"),
            candidate=fenced([candidate], "candidate"),
        )
        if len(answer.similarities) != len(points):
            problem = f"{len(answer.similarities)} similarities for {len(points)} key points"
            raise AnswerInvalid(prompt.name, problem)
        return [min(100.0, max(0.0, value)) / 100 for value in answer.similarities]
