"""What every node may use: made once per process and run, handed to the nodes when the graph is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agents.campaigns import Campaigns
from agents.drafts import Brief, Reasoner
from agents.plan import Plan
from knowledge.embedding import Embedder
from knowledge.library import Library
from records.database import Database
from simulator import Laboratory

Progress = Callable[[str, int, int], None]
"""Told the stage in words, how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Context:
    run_id: str
    workspace_id: str
    brief: Brief
    plan: Plan
    paper_ids: tuple[str, ...]
    """The run's corpus; empty where a table alone is ranked."""
    database: Database
    library: Library | None
    """None for a run without a corpus."""
    embedder: Embedder
    reasoner: Reasoner
    laboratory: Laboratory | None
    """None: nothing is measured."""
    campaigns: Campaigns
    progress: Progress
    currency: str = ""
    """Of what the reasoner's model costs."""
    calls_at_once: int = 1
    """How many questions the reasoner may be asked at the same time."""
    remarks: list[str] = field(default_factory=list)
    """What the reasoner said on the way; the graph moves it into the state after each node."""
