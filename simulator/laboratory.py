"""What a laboratory is handed, what it answers, and the one protocol that all of them keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One thing that acts in a hypothesis: a material, a method, a condition, and what it is there for.

    ``weight`` matters in a ground truth alone; ``vector`` is the embedding of the text, of any dimension.
    """

    name: str
    role: str = ""
    weight: float = 0.0
    vector: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What is to be measured: key points for a simulation, ``row`` for a recorded table.

    ``id`` is only handed back. It may differ between two runs of one question and decides nothing.
    """

    id: str
    key_points: tuple[KeyPoint, ...] = ()
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A measurement of one sample: ``score`` and ``sem`` (its standard error) are None unless it is done."""

    id: str
    status: Literal["done", "failed", "pending"]
    score: float | None
    sem: float | None
    cost: float
    source: str
    note: str = ""


class Laboratory(Protocol):
    """Anything that measures samples."""

    name: str

    def measure(self, samples: Sequence[Sample], *, replicate: int = 0) -> list[Result]:
        """One result for each sample, in their order.

        The same sample and ``replicate`` give the same result whenever, with whatever and in whichever order
        they are measured; another ``replicate`` is an independent repetition where the laboratory has noise.
        """
        ...
