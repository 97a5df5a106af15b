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


class Known(BaseModel):
    """A result that was there before the run began; without a score, a failure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: float | None = None
    sem: float | None = None
    unit: str = ""
    cost: float = 0.0
    source: str = "known before"
    note: str = ""


class Trait(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: str = ""


class OwnCandidate(BaseModel):
    """A hypothesis that whoever asks brings along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    statement: str = ""
    key_points: list[Trait] = Field(default_factory=list)
    """Its traits; without any, the reasoner looks for them."""
    results: list[Known] = Field(default_factory=list)


class Plan(BaseModel):
    """The request that started a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasoner: Literal["extractive", "llm"] = "extractive"
    laboratory: LaboratorySpec
    hypotheses: int = Field(default=24, ge=0, le=500)
    """To be found in the literature."""
    budget: int = Field(default=10, ge=1, le=10_000)
    """Experiments that may be done."""
    batch: int = Field(default=1, ge=1)
    """Experiments between two updates of the ranking."""
    seed: int = 0
    policy: str = "surrogate"
    passages: int = Field(default=60, ge=2)
    """Passages that are retrieved for the reasoner."""
    candidates: list[OwnCandidate] = Field(default_factory=list)
    token_budget: int | None = Field(default=None, ge=1)
    """Tokens of a language model, below what the settings allow."""
    money_budget: float | None = Field(default=None, gt=0)

    @property
    def known(self) -> int:
        """Candidates whose results are known before the run begins: none of the budget's experiments."""
        return sum(bool(candidate.results) for candidate in self.candidates)

    @property
    def experiments(self) -> int:
        """How many the run may have, with those that are known before it."""
        return self.budget + self.known
