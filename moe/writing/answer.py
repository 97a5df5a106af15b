"""What is asked of the engine, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moe.writing.grammar import Grammar
from moe.writing.sampling import Drawn, Sampling


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more of an answer."""

    text: str
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer: ``stop``, ``length``, or ``error`` with its reason."""

    reason: str
    tokens: int
    """Written, the end token included."""
    cached: int
    """Tokens of the prompt that were known already."""
    error: str = ""


Deliver = Callable[[Piece | Finished], None]
"""Called in the engine's thread; must not wait."""


@dataclass(slots=True, eq=False)
class Answer:
    """One answer to write; whoever asked for it may set ``cancelled`` at any time."""

    prompt: Sequence[int]
    most: int
    """Tokens that it may have."""
    sampling: Sampling
    deliver: Deliver
    stops: Sequence[str] = ()
    grammar: Grammar | None = None
    number: int = 0
    experts: int | None = None
    """Experts a token; None: as the model was trained."""
    cancelled: bool = False
