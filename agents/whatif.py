"""What a simulated laboratory would say of a candidate, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.clustering import meaning
from agents.drafts import KeyPoint
from agents.laboratories import simulation
from agents.plan import LaboratorySpec
from knowledge.embedding import Embedder
from records.errors import BadInput
from simulator import Explanation, Sample
from simulator import KeyPoint as LaboratoryKeyPoint
from simulator.free_text import decompose


def explain(
    spec: LaboratorySpec, embedder: Embedder, *, text: str = "", points: Sequence[str] = ()
) -> Explanation:
    """Of a candidate given in words or by key points (``NAME`` or ``NAME: ROLE``); no noise in it.

    BadInput ``no_key_points`` for a text that names nothing.
    """
    named = [KeyPoint(*_parted(point)) for point in points]
    named += [KeyPoint(point.name, "") for point in decompose(text)]
    if not named:
        raise BadInput(
            "no_key_points", "The candidate names nothing that could be compared; say what is used."
        )
    vectors = np.asarray(embedder.embed([meaning(point) for point in named]), dtype=np.float64)
    sample = Sample(
        "what if",
        tuple(
            LaboratoryKeyPoint(point.name, point.role, vector=tuple(vector.tolist()))
            for point, vector in zip(named, vectors, strict=True)
        ),
    )
    return simulation(spec, embedder, 0).explain(sample)


def _parted(point: str) -> tuple[str, str]:
    name, _, role = point.partition(": ")
    return name.strip(), role.strip()
