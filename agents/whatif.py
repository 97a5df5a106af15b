"""What a simulated laboratory would say of a candidate, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.context import Context
from agents.laboratories import embedded, simulation
from agents.plan import LaboratorySpec
from knowledge.embedding import Embedder
from records.errors import BadInput
from simulator import Explanation, Sample, SimulatedLaboratory
from simulator import KeyPoint as LaboratoryKeyPoint
from simulator.free_text import decompose


def explain(
    spec: LaboratorySpec, embedder: Embedder, *, text: str = "", points: Sequence[str] = ()
) -> Explanation:
    """Of a candidate given in words or by key points (``NAME`` or ``NAME: ROLE``); no noise in it.

    BadInput ``no_key_points`` for a text that names nothing.
    """
    named = [LaboratoryKeyPoint(*_parted(point)) for point in points]
    named += decompose(text)
    if not named:
        raise BadInput("no_key_points", "The candidate names nothing to compare; say what is used.")
    sample = Sample("what if", embedded(named, embedder))
    return simulation(spec, embedder, 0).explain(sample)


def comparisons(context: Context) -> dict[str, Any]:
    """For every candidate of a run with a simulated laboratory how it came to its response, as JSON.

    Only for people, when the run is over: no policy sees it.
    """
    laboratory = context.laboratory
    if not isinstance(laboratory, SimulatedLaboratory):
        return {}
    samples = context.campaigns.pool().samples
    return {
        "simulation": [
            {"position": position, **_as_json(laboratory.explain(sample))}
            for position, sample in enumerate(samples)
        ]
    }


def _as_json(answer: Explanation) -> dict[str, Any]:
    return {
        "similarity": answer.similarity,
        "distance": answer.distance,
        "response": answer.performance,
        "relevant": answer.relevant,
        "matches": [
            {
                "weight": match.key_point.weight,
                "key_point": match.key_point.name,
                "found": match.found.name if match.found is not None else None,
                "m": match.m,
                "reason": match.reason,
            }
            for match in answer.matches
        ],
    }


def _parted(point: str) -> tuple[str, str]:
    name, _, role = point.partition(": ")
    return name.strip(), role.strip()
