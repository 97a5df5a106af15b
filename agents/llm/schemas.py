"""The form of each answer that a language model is asked for; sent along as a strict JSON schema.

Strict schemas know neither defaults nor lengths, so every field is required and counts are checked in code.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @classmethod
    def schema_for_model(cls) -> dict[str, Any]:
        """JSON schema, without the titles that pydantic adds and no model needs."""
        schema: dict[str, Any] = _without_titles(cls.model_json_schema())
        return schema


class QuoteAnswer(Answer):
    passage: int = Field(description="Number of the passage")
    quote: str = Field(
        description="Words copied from that passage, unchanged, one span of one sentence or less"
    )


class ClauseAnswer(Answer):
    kind: Literal["proposal", "mechanism", "prediction", "context"]
    text: str = Field(description="One full sentence that can be true or false by itself")
    evidence: list[QuoteAnswer]


class HypothesisAnswer(Answer):
    title: str = Field(description="At most twelve words, naming the material or method")
    clauses: list[ClauseAnswer]
    inspirations: list[int] = Field(
        description="Numbers of the passages whose ideas are combined, two or more"
    )


class ProposeAnswer(Answer):
    hypotheses: list[HypothesisAnswer]


class KeyPointAnswer(Answer):
    name: str = Field(description="The substance, structure, condition or method, in a few words")
    role: str = Field(description="What it is there for, in a few words")


class DecomposeAnswer(Answer):
    key_points: list[KeyPointAnswer]


class JudgeAnswer(Answer):
    similarities: list[float] = Field(description="Percent, one for each key point, in their order")


class NameAnswer(Answer):
    name: str = Field(description="Two to five words for the shared function")


def _without_titles(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    # A property that is itself called "title" holds an object; only the annotation holds text.
    return {
        key: _without_titles(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
