"""A run as data: what ``run.json`` holds, and all that the report is drawn from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(_Part):
    id: str
    state: str
    """created, running, waiting, done, stopped or failed."""
    started: datetime
    finished: datetime | None
    seed: int
    budget: int
    """Experiments that might be done."""
    reasoner: str
    model: str
    prompt_version: str
    laboratory: str
    policy: str
    version: str
    """Of Touchstone."""


class Question(_Part):
    text: str
    survey: str = ""


class Corpus(_Part):
    papers: int
    passages: int
    retrieved: int
    """Passages that the reasoner read."""


class Evidence(_Part):
    """A quote and the passage that it stands in: ``passage[start:end] == quote``."""

    quote: str
    start: int
    end: int
    passage: str
    paper_title: str
    year: int | None = None
    doi: str | None = None
    url: str | None = None


class Clause(_Part):
    kind: str
    text: str
    evidence: list[Evidence] = []


class KeyPoint(_Part):
    name: str
    role: str = ""


class Membership(_Part):
    id: str
    weight: float


class Result(_Part):
    sequence: int
    score: float | None
    sem: float | None
    status: str
    cost: float
    source: str


class Provenance(_Part):
    reasoner: str
    model: str = ""
    prompt_version: str = ""
    seed: int = 0


class Match(_Part):
    """What the simulated laboratory compared: a key point of its truth with the candidate's nearest."""

    weight: float
    key_point: str
    found: str | None
    m: float
    """Similarity from 0 to 1."""
    reason: str


class Simulation(_Part):
    """How a candidate came to its response: s, x = R s - 100, and f(x)."""

    similarity: float
    distance: float
    response: float
    relevant: bool
    matches: list[Match]


class Hypothesis(_Part):
    id: str
    rank: int | None
    """None until it is ranked."""
    position: int
    title: str
    statement: str
    origin: str
    """literature, table or own."""
    clauses: list[Clause] = []
    key_points: list[KeyPoint] = []
    clusters: list[Membership] = []
    x: float | None = None
    y: float | None = None
    mean: float | None = None
    sd: float | None = None
    p_best: float | None = None
    tested: int = 0
    failed: int = 0
    results: list[Result] = []
    simulation: Simulation | None = None
    """Of a simulated laboratory, once the run is over."""
    provenance: Provenance


class Cluster(_Part):
    id: str
    name: str
    size: int
    """Hypotheses in it."""
    key_points: list[str] = []


class Contribution(_Part):
    """What a trait adds to the score, with a 95 % interval."""

    trait: str
    effect: float
    low: float
    high: float
    candidates: int


class TracePoint(_Part):
    sequence: int
    hypothesis_id: str
    title: str
    score: float | None
    status: str
    best_so_far: float | None


class Costs(_Part):
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    currency: str = ""
    experiment_cost: float = 0.0
    seconds: dict[str, float] = {}
    """By stage."""


class RunDocument(_Part):
    schema_version: Literal[1] = 1
    run: Run
    question: Question
    corpus: Corpus
    hypotheses: list[Hypothesis] = []
    clusters: list[Cluster] = []
    contributions: list[Contribution] = []
    trace: list[TracePoint] = []
    costs: Costs = Costs()
    notes: list[str] = []
