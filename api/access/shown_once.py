"""Answers that hold a secret: given once, and not kept to be given again."""

from __future__ import annotations

from fastapi import Request, Response

from api.problems import problem


def keep_to_ourselves(request: Request, what: str) -> None:
    """Have a repetition with the same Idempotency-Key told that ``what`` was given, and not given again."""
    message = f"the first request with this Idempotency-Key was answered with {what}, which is shown once"
    request.state.kept_answer = problem(409, "shown_once", message)


def answer_to_keep(request: Request, response: Response) -> Response:
    """What a repetition is answered with: the answer itself, unless it holds a secret."""
    kept: Response = getattr(request.state, "kept_answer", response)
    return kept
