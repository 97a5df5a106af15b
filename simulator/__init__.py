"""Laboratories: a simulation by likeness to a hidden truth, a recorded table, and people.

>>> truth = GroundTruth((KeyPoint("PVA hydrogel", weight=60), KeyPoint("0.4 M ferricyanide", weight=40)))
>>> laboratory = SimulatedLaboratory(truth, noise=0.0)
>>> [result] = laboratory.measure([Sample("a", truth.key_points)])
>>> result.score
1.0
"""

from simulator.errors import SimulatorError
from simulator.human import HumanLaboratory
from simulator.laboratory import KeyPoint, Laboratory, Result, Sample
from simulator.matching import EmbeddingMatcher, JudgedMatcher, Match, Matcher
from simulator.noise import Noise
from simulator.recorded import RecordedLaboratory
from simulator.response import Landscape, performance
from simulator.simulated import Explanation, GroundTruth, SimulatedLaboratory

__all__ = [
    "EmbeddingMatcher",
    "Explanation",
    "GroundTruth",
    "HumanLaboratory",
    "JudgedMatcher",
    "KeyPoint",
    "Laboratory",
    "Landscape",
    "Match",
    "Matcher",
    "Noise",
    "RecordedLaboratory",
    "Result",
    "Sample",
    "SimulatedLaboratory",
    "SimulatorError",
    "performance",
]
