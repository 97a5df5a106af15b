"""The laboratory that a plan asks for, with the texts of a hidden truth embedded like everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from agents.clustering import meaning
from agents.drafts import KeyPoint
from agents.plan import LaboratorySpec
from knowledge.embedding import Embedder
from simulator import GroundTruth, HumanLaboratory, Laboratory, Noise, RecordedLaboratory, SimulatedLaboratory
from simulator import KeyPoint as LaboratoryKeyPoint

SIMULATION = ("sigma2", "landscape", "cost")
NOISE = tuple(field.name for field in fields(Noise))


def make_laboratory(spec: LaboratorySpec, embedder: Embedder, seed: int) -> Laboratory | None:
    """The laboratory, or None where nothing is measured (SimulatorError for a truth that is none)."""
    match spec.kind:
        case "simulated":
            return simulation(spec, embedder, seed)
        case "recorded":
            return RecordedLaboratory({row["key"]: row["values"] for row in spec.rows})
        case "human":
            return HumanLaboratory()
        case "none":
            return None


def simulation(spec: LaboratorySpec, embedder: Embedder, seed: int) -> SimulatedLaboratory:
    """The simulated laboratory of a ground truth (SimulatorError for one that is none)."""
    told = dict(spec.truth)
    if "noise" in told:
        told["additive"] = told.pop("noise")
    return SimulatedLaboratory(
        _truth(spec, embedder),
        seed=seed,
        noise=Noise(**{name: told[name] for name in NOISE if name in told}),
        **{name: told[name] for name in SIMULATION if name in told},
    )


def _truth(spec: LaboratorySpec, embedder: Embedder) -> GroundTruth:
    points = [
        LaboratoryKeyPoint(point["name"], point.get("role", ""), float(point["weight"]))
        for point in spec.truth["key_points"]
    ]
    return GroundTruth(embedded(points, embedder))


def embedded(points: Sequence[LaboratoryKeyPoint], embedder: Embedder) -> tuple[LaboratoryKeyPoint, ...]:
    """The same key points, each with the vector of its meaning."""
    texts = [meaning(KeyPoint(point.name, point.role)) for point in points]
    vectors = np.asarray(embedder.embed(texts), dtype=np.float64).reshape(len(points), -1)
    return tuple(
        replace(point, vector=tuple(vector.tolist())) for point, vector in zip(points, vectors, strict=True)
    )
