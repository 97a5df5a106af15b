"""A prompt in, a checked answer out: one chance to mend an answer of the wrong form."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from pydantic import ValidationError

from agents.llm.client import Completion
from agents.llm.errors import AnswerCutOff, AnswerInvalid, ModelRefused
from agents.llm.ledger import Call, Ledger
from agents.llm.schemas import Answer
from agents.prompts import Prompt

A = TypeVar("A", bound=Answer)


def ask(ledger: Ledger, prompt: Prompt, form: type[A], *, seed: int, **gaps: str) -> A:
    """The model's answer in this form.

    Raises :class:`ModelRefused`, :class:`AnswerCutOff`, :class:`AnswerInvalid` (after the repair round),
    :class:`BudgetReached`, or :class:`ModelFailure` when the model could not be reached at all.
    """
    call = Call(
        purpose=prompt.name,
        prompt_version=prompt.version,
        messages=prompt.messages(**gaps),
        schema_name=prompt.name,
        schema=form.schema_for_model(),
        seed=seed,
    )
    first = ledger.answer(call)
    try:
        return _read(first, form, call.purpose)
    except AnswerInvalid as error:
        repair = [
            {"role": "assistant", "content": first.text},
            {
                "role": "user",
                "content": f"This does not fit the schema:\n{error.problems}\nAnswer again, whole.",
            },
        ]
        second = ledger.answer(replace(call, messages=[*call.messages, *repair], attempt=1))
        return _read(second, form, call.purpose)


def _read(completion: Completion, form: type[A], purpose: str) -> A:
    if completion.refusal:
        raise ModelRefused(purpose, completion.refusal)
    if completion.finish_reason == "length":
        raise AnswerCutOff(purpose)
    try:
        return form.model_validate_json(_json_object(completion.text))
    except ValidationError as error:
        raise AnswerInvalid(purpose, _problems(error)) from error


def _json_object(text: str) -> str:
    """The outermost braces: models that were not held to a schema like to wrap their JSON in words."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'answer'}: {item['msg']}" for item in error.errors()[:8]
    )
