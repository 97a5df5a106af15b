"""Groups of hypotheses with reported outcomes: read, matched by one of three matchers, and compared."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.laboratories import embedded
from agents.requests import read_text
from knowledge.embedding import Embedder
from records.errors import BadInput
from simulator import EmbeddingMatcher, GroundTruth, JudgedMatcher, Match, Matcher
from simulator import KeyPoint as LaboratoryKeyPoint
from simulator.calibration import Evidence
from simulator.free_text import decompose
from simulator.matching import relevant
from simulator.validation import Agreement, Group, agreement, spearman

MatcherName = str
"""``embedding``, ``recorded`` or ``llm``."""

AskModel = Callable[[str, Sequence[LaboratoryKeyPoint], str], Sequence[float]]
"""Question, key points of the truth, and a candidate's text in; similarities from 0 to 1 out."""


@dataclass(frozen=True, slots=True)
class Candidate:
    text: str
    outcome: float
    traits: tuple[str, ...]
    judged: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    name: str
    question: str
    ground_truth: str
    key_points: tuple[LaboratoryKeyPoint, ...]
    candidates: tuple[Candidate, ...]


def read_outcomes(path: Path) -> list[OutcomeGroup]:
    """The groups of a file (BadInput that names the first thing that is wrong with it)."""
    try:
        data = json.loads(read_text(path, "outcomes"))
    except json.JSONDecodeError as error:
        raise BadInput("not_json", f"{path} is no JSON (line {error.lineno}): {error.msg}.") from None
    if not isinstance(data, list) or not data:
        raise BadInput("bad_outcomes", f"{path} should hold a list of groups, each with its candidates.")
    return [_group(item, place, path) for place, item in enumerate(data)]


def _group(item: Any, place: int, path: Path) -> OutcomeGroup:
    try:
        return OutcomeGroup(
            name=str(item.get("group", place)),
            question=str(item.get("question", "")),
            ground_truth=str(item["ground_truth"]),
            key_points=tuple(
                LaboratoryKeyPoint(str(point["name"]), str(point.get("role", "")), float(point["weight"]))
                for point in item.get("key_points") or ()
            ),
            candidates=tuple(_candidate(one) for one in item["candidates"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            "bad_outcomes", f"Group {place} of {path} lacks something or has it wrong: {error}."
        ) from None


def _candidate(one: Any) -> Candidate:
    outcome = float(one["outcome"])
    if not math.isfinite(outcome):
        raise ValueError("an outcome is no finite number")
    traits = tuple(
        str(trait["name"] if isinstance(trait, dict) else trait) for trait in one.get("traits") or ()
    )
    return Candidate(str(one["text"]), outcome, traits, one.get("judged"))


def evidence(
    groups: Sequence[OutcomeGroup],
    embedder: Embedder,
    *,
    matcher: MatcherName = "embedding",
    ask: AskModel | None = None,
) -> list[tuple[Evidence, list[list[Match]]]]:
    """What each candidate shares with its truth, and by which matches (BadInput ``no_answers``)."""
    if matcher == "recorded" and any(one.judged is None for group in groups for one in group.candidates):
        raise BadInput("no_answers", "the outcomes hold no 'judged' answers; use --matcher embedding.")
    found = []
    for group in groups:
        points = [point for point in group.key_points if point.weight > 0]
        if group.key_points and not points:
            raise BadInput(
                "bad_outcomes", f"All weights of group {group.name} are zero; give one that counts."
            )
        points = points or list(decompose(group.ground_truth))
        if not points:
            raise BadInput(
                "bad_outcomes", f"Group {group.name} has no key points and no text to take them from."
            )
        truth = GroundTruth(embedded(points, embedder)).key_points
        matches = [_matches(group, one, truth, embedder, matcher, ask) for one in group.candidates]
        found.append((_evidence(group, matches, matcher), matches))
    return found


def _evidence(group: OutcomeGroup, matches: Sequence[Sequence[Match]], matcher: MatcherName) -> Evidence:
    recorded = [one.judged or {} for one in group.candidates] if matcher == "recorded" else None
    return Evidence(
        name=group.name,
        similarity=tuple(math.fsum(m.key_point.weight * m.m for m in found) for found in matches),
        relevant=tuple(relevant(found) for found in matches)
        if recorded is None
        else tuple(bool(answer.get("relevant", 1)) for answer in recorded),
        reported=tuple(one.outcome for one in group.candidates),
        truth=tuple(one.text.strip() == group.ground_truth.strip() for one in group.candidates),
        direct=None if recorded is None else tuple(_direct(group, answer) for answer in recorded),
    )


def _matches(
    group: OutcomeGroup,
    one: Candidate,
    truth: Sequence[LaboratoryKeyPoint],
    embedder: Embedder,
    name: MatcherName,
    ask: AskModel | None,
) -> list[Match]:
    own = [LaboratoryKeyPoint(trait) for trait in one.traits] or list(decompose(one.text))
    made: Matcher = EmbeddingMatcher()
    if name == "recorded":
        answers = _answers(group, one)
        made = JudgedMatcher(lambda _truth, _candidate: answers)
    elif name == "llm":
        assert ask is not None
        asked = ask
        made = JudgedMatcher(lambda points, _candidate: asked(group.question, points, one.text))
    return made.match(truth, embedded(own, embedder))


def _answers(group: OutcomeGroup, one: Candidate) -> list[float]:
    """The recorded similarities of the key points that count."""
    said = (one.judged or {}).get("similarity") or []
    if len(said) != len(group.key_points):
        raise BadInput(
            "bad_outcomes",
            f"Group {group.name}: a candidate has {len(said)} judged similarities for "
            f"{len(group.key_points)} key points.",
        )
    return [
        float(value) / 100 for value, point in zip(said, group.key_points, strict=True) if point.weight > 0
    ]


def _direct(group: OutcomeGroup, answer: Mapping[str, Any]) -> float:
    estimate = answer.get("direct")
    if isinstance(estimate, bool) or not isinstance(estimate, int | float) or not 0 <= estimate <= 100:
        raise BadInput(
            "bad_outcomes",
            f"Group {group.name}: a judge's 'direct' estimate should be a number from 0 to 100.",
        )
    return estimate / 100


def summary(groups: Sequence[Group]) -> dict[str, Any]:
    """The agreement as one JSON object."""
    return {
        **_figures(agreement(groups)),
        "without_truth": _figures(agreement(groups, without_truth=True)),
        "groups": [
            {
                "group": group.name,
                "spearman": spearman(np.array(group.predicted), np.array(group.reported)),
                "rmse": float(np.sqrt(np.mean((np.array(group.predicted) - np.array(group.reported)) ** 2))),
                "predicted": list(group.predicted),
                "reported": list(group.reported),
            }
            for group in groups
        ],
    }


def _figures(found: Agreement) -> dict[str, Any]:
    names = ("spearman", "rmse", "mae", "rmsle")
    figures = {name: getattr(found, name) for name in names}
    return {
        **{name: _number(figure.value) for name, figure in figures.items()},
        "perfect": found.perfect,
        "ordered_groups": found.groups,
        "intervals": {name: [_number(figure.low), _number(figure.high)] for name, figure in figures.items()},
    }


def _number(value: float) -> float | None:
    """JSON has no word for what could not be computed."""
    return value if math.isfinite(value) else None


def why(group: Group, matches: Sequence[Sequence[Match]]) -> str:
    """The candidate that is farthest from where it was reported, and what it was matched by."""
    errors = np.array(group.predicted) - np.array(group.reported)
    worst = int(np.argmax(np.abs(errors)))
    told = "too high" if errors[worst] > 0 else "too low"
    parts = [f"{match.key_point.name} ← {_source(match)} ({match.m:.2f})" for match in matches[worst]]
    return f"candidate {worst + 1} is {abs(errors[worst]):.2f} {told}: " + "; ".join(parts)


def _source(match: Match) -> str:
    if match.found is not None:
        return f"{match.found.name}, {match.reason}"
    return "as judged" if match.reason == "judged" else "nothing"
