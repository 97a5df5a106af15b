"""How much of each key point of the ground truth a candidate has: CSX-Sim's scale of matches.

Liu et al. 2025, arXiv 2505.17873: 1 for the same thing with the same parameters; at most 0.65 for a broader
one that includes it or a lower parameter; at most 0.55 for a narrower one or a higher parameter; 0.11 to 0.45
for another thing with the same function; up to 0.10 for a weak overlap; 0 otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.errors import SimulatorError
from simulator.laboratory import KeyPoint
from simulator.names import Departure, Name, departures, opposite, other_substance, overlap, ratio, read

Reason = Literal["same", "reworded", Departure, "same function", "weak", "opposite", "none"]

CAPS: dict[Departure, float] = {
    "broader": 0.65,
    "lower parameter": 0.65,
    "narrower": 0.55,
    "higher parameter": 0.55,
}
SAME_FUNCTION, WEAK = 0.45, 0.10

_COSINE = (0.15, 0.35, 0.80, 1.00)
_MATCH = (0.00, WEAK, SAME_FUNCTION, 1.00)
"""Where only the texts' likeness speaks: nearly the same text is the same thing in other words."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a key point of the truth found best among a candidate's; ``m`` in [0, 1], ``reason`` says why."""

    key_point: KeyPoint
    found: KeyPoint | None
    m: float
    reason: Reason


class Matcher(Protocol):
    """Anything that compares key points by function."""

    def match(self, truth: Sequence[KeyPoint], candidate: Sequence[KeyPoint]) -> list[Match]:
        """The best match of each key point of ``truth``, in order; without any, ``found`` is None."""
        ...


class EmbeddingMatcher:
    """What names tell, else the cosine of the vectors (of the words, without them), under CSX-Sim's caps."""

    def match(self, truth: Sequence[KeyPoint], candidate: Sequence[KeyPoint]) -> list[Match]:
        """As Matcher.match (SimulatorError ``vector_length`` for vectors of different lengths)."""
        likeness = _likeness(truth, candidate)
        return [_best(point, candidate, row) for point, row in zip(truth, likeness, strict=True)]


def _best(point: KeyPoint, candidate: Sequence[KeyPoint], likeness: NDArray[np.float64]) -> Match:
    wanted = read(point.name)
    best = Match(point, None, 0.0, "none")
    for offered, cosine in zip(candidate, likeness, strict=True):
        m, reason = judge(wanted, read(offered.name), float(cosine))
        if m > best.m:
            best = Match(point, offered, m, reason)
    return best


def judge(truth: Name, candidate: Name, likeness: float) -> tuple[float, Reason]:
    """The match of two names whose texts are alike by ``likeness`` in [0, 1], and its reason."""
    found = departures(truth, candidate)
    if found is not None and not found:
        return 1.0, "same"
    if opposite(truth, candidate):
        return 0.0, "opposite"
    if found:
        reason = min(sorted(found), key=lambda departure: CAPS[departure])
        # Something of the same kind is worth more than a substitute, and the more the nearer it is.
        nearness = ratio(truth, candidate) * (1.0 if truth.words == candidate.words else likeness)
        return SAME_FUNCTION + (CAPS[reason] - SAME_FUNCTION) * nearness, reason
    m = float(np.interp(likeness, _COSINE, _MATCH))
    if other_substance(truth, candidate):
        m = min(m, SAME_FUNCTION)
    if m > SAME_FUNCTION:
        return m, "reworded"
    if m > WEAK:
        return m, "same function"
    return m, "weak" if m > 0 else "none"


def _likeness(truth: Sequence[KeyPoint], candidate: Sequence[KeyPoint]) -> NDArray[np.float64]:
    """[truth, candidate] in [0, 1]: cosine of the vectors, or of the words where one has no vector."""
    texts = [[read(f"{point.name} {point.role}") for point in points] for points in (truth, candidate)]
    likeness: NDArray[np.float64] = np.array(
        [[overlap(one, other) for other in texts[1]] for one in texts[0]]
    )
    likeness = likeness.reshape(len(truth), len(candidate))
    rows, known = _vectors(truth)
    columns, offered = _vectors(candidate)
    if rows.size and columns.size:
        if known.shape[1] != offered.shape[1]:
            raise SimulatorError(
                "vector_length", "embed candidates and ground truth alike: their vectors differ in length"
            )
        likeness[np.ix_(rows, columns)] = known @ offered.T
    return np.asarray(np.clip(likeness, 0.0, 1.0))


def _vectors(points: Sequence[KeyPoint]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which points have a vector, and these vectors at unit length."""
    having = [n for n, point in enumerate(points) if point.vector is not None]
    length = len(points[having[0]].vector or ()) if having else 0
    if any(len(points[n].vector or ()) != length for n in having):
        raise SimulatorError("vector_length", "the vectors of one sample's key points differ in length")
    rows = np.array([points[n].vector for n in having], dtype=np.float64).reshape(len(having), length)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.array(having, dtype=np.intp), rows / np.where(lengths > 0, lengths, 1.0)
