"""What the graph carries from node to node: plain JSON, so that any checkpoint can hold it.

Whatever is large or wanted by others (hypotheses, key points, results) is in the database; here is only what
a node needs to go on.
"""

from __future__ import annotations

from typing import TypedDict


class Retrieved(TypedDict):
    """A passage that the reasoner will read."""

    passage_id: str
    score: float


class State(TypedDict, total=False):
    sources: list[Retrieved]
    hypotheses: int
    """How many candidates the run has."""
    experiments: int
    """Experiments asked for so far, of the plan's budget."""
    pending: int
    """Of these, how many still wait for a result."""
    exhausted: bool
    """Nothing is left to recommend, whatever the budget says."""
    seconds: dict[str, float]
    """Time by stage."""
    notes: list[str]
    """What a reader of the report should know: what went missing, and why."""
