"""What a run was asked to do: kept whole in its row, so that a resumed run does exactly the same."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class LaboratorySpec(BaseModel):
    """Which laboratory measures, with all it needs to answer: no file is read again on resume."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["simulated", "recorded", "human", "none"]
    label: str
    """As a person would name it, for example ``simulated:demo/ground_truth.json``."""
    truth: dict[str, Any] = Field(default_factory=dict)
    """Simulated: key_points (name, role, weight), sigma2, noise, landscape, failure_rate, cost."""
    rows: list[dict[str, Any]] = Field(default_factory=list)
    """Recorded: one object a row: key, features (column to text or number), values (numbers or null)."""
    column: str = ""
    """Recorded: the measured column."""


class Plan(BaseModel):
    """The request that started a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasoner: Literal["extractive", "llm"] = "extractive"
    laboratory: LaboratorySpec
    hypotheses: int = Field(default=24, ge=2, le=500)
    budget: int = Field(default=10, ge=1, le=10_000)
    """Experiments that may be done."""
    batch: int = Field(default=1, ge=1)
    """Experiments between two updates of the ranking."""
    seed: int = 0
    policy: str = "surrogate"
    passages: int = Field(default=60, ge=2)
    """Passages that are retrieved for the reasoner."""
