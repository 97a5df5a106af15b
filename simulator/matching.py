"""How much of each key point of the ground truth a candidate has: CSX-Sim's scale of matches.

Liu et al. 2025, arXiv 2505.17873: 1 for the same thing with the same parameters; at most 0.65 for a broader
one that includes it or a lower parameter; at most 0.55 for a narrower one or a higher parameter; 0.11 to 0.45
for another thing with the same function; up to 0.10 for a weak overlap; 0 otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.errors import SimulatorError
from simulator.laboratory import KeyPoint
from simulator.names import Departure, Name, departures, opposite, other_substance, overlap, ratio, read

Reason = Literal["same", "reworded", Departure, "same function", "weak", "opposite", "judged", "none"]

CAPS: dict[Departure, float] = {
    "broader": 0.65,
    "lower parameter": 0.65,
    "narrower": 0.55,
    "higher parameter": 0.55,
}
SAME_FUNCTION, WEAK, NOTHING = 0.45, 0.10, 0.05
"""Up to these: a substitute, a weak overlap, nothing in common."""


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


@dataclass(frozen=True, slots=True)
class EmbeddingMatcher:
    """Rules where names tell; elsewhere likeness of meaning and of words, under CSX-Sim's caps.

    ``semantic`` is the share of the vectors' cosine, the rest that of common words: vectors alone put an
    acid near its salt, words alone put a gel far from a hydrogel.
    """

    semantic: float = 0.5

    def match(self, truth: Sequence[KeyPoint], candidate: Sequence[KeyPoint]) -> list[Match]:
        """As Matcher.match (SimulatorError ``vector_length`` for vectors of different lengths)."""
        cosine = _cosine(truth, candidate)
        offered = [read(point.name) for point in candidate]
        found = []
        for point, row in zip(truth, cosine, strict=True):
            wanted = read(point.name)
            judged = [
                judge(wanted, name, self._likeness(wanted, name, value))
                for name, value in zip(offered, row.tolist(), strict=True)
            ]
            found.append(_best(point, candidate, judged))
        return found

    def _likeness(self, truth: Name, candidate: Name, cosine: float) -> float:
        words = overlap(truth, candidate)
        return words if np.isnan(cosine) else self.semantic * max(cosine, 0.0) + (1 - self.semantic) * words


Judge = Callable[[Sequence[KeyPoint], Sequence[KeyPoint]], Sequence[float]]
"""Truth and candidate in, a similarity from 0 to 1 for each key point of the truth out."""


@dataclass(frozen=True, slots=True)
class JudgedMatcher:
    """Somebody else's verdict: a language model that is asked, or answers that were recorded."""

    judge: Judge

    def match(self, truth: Sequence[KeyPoint], candidate: Sequence[KeyPoint]) -> list[Match]:
        """As Matcher.match; SimulatorError ``bad_verdict`` unless each key point got a similarity."""
        verdict = list(self.judge(truth, candidate))
        if len(verdict) != len(truth) or not all(0.0 <= value <= 1.0 for value in verdict):
            raise SimulatorError(
                "bad_verdict", f"a judge must give a number from 0 to 1 for each of {len(truth)} key points"
            )
        return [
            Match(point, None, float(value), "judged" if value > 0 else "none")
            for point, value in zip(truth, verdict, strict=True)
        ]


def relevant(matches: Sequence[Match]) -> bool:
    """The factor R: False where the candidate is without the very thing that the truth rests on most."""
    heaviest = max((match.key_point.weight for match in matches), default=0.0)
    return not any(
        match.reason == "opposite" and match.key_point.weight >= heaviest for match in matches if heaviest > 0
    )


def _best(point: KeyPoint, candidate: Sequence[KeyPoint], judged: Sequence[tuple[float, Reason]]) -> Match:
    """The nearest, unless the thing is denied and nothing else is near."""
    best = Match(point, None, 0.0, "none")
    for offered, (m, reason) in zip(candidate, judged, strict=True):
        if m > best.m:
            best = Match(point, offered, m, reason)
    denied = next((one for one, (_, why) in zip(candidate, judged, strict=True) if why == "opposite"), None)
    # What is denied outright may still have a substitute, which then stands in for it.
    return Match(point, denied, 0.0, "opposite") if denied and best.m < SAME_FUNCTION / 2 else best


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
    m = min(likeness, 1.0)
    if other_substance(truth, candidate):
        m = min(m, SAME_FUNCTION)
    if m < NOTHING:
        return 0.0, "none"
    if m > SAME_FUNCTION:
        return m, "reworded"
    return m, "same function" if m > WEAK else "weak"


def _cosine(truth: Sequence[KeyPoint], candidate: Sequence[KeyPoint]) -> NDArray[np.float64]:
    """[truth, candidate], NaN where one of the two has no vector."""
    cosine = np.full((len(truth), len(candidate)), np.nan)
    rows, known = _vectors(truth)
    columns, offered = _vectors(candidate)
    if rows.size and columns.size:
        if known.shape[1] != offered.shape[1]:
            raise SimulatorError(
                "vector_length", "embed candidates and ground truth alike: their vectors differ in length"
            )
        cosine[np.ix_(rows, columns)] = known @ offered.T
    return cosine


def _vectors(points: Sequence[KeyPoint]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which points have a vector, and these vectors at unit length."""
    having = [n for n, point in enumerate(points) if point.vector is not None]
    length = len(points[having[0]].vector or ()) if having else 0
    if any(len(points[n].vector or ()) != length for n in having):
        raise SimulatorError("vector_length", "the vectors of one sample's key points differ in length")
    rows = np.array([points[n].vector for n in having], dtype=np.float64).reshape(len(having), length)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.array(having, dtype=np.intp), rows / np.where(lengths > 0, lengths, 1.0)
