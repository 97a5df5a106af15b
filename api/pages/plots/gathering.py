"""What the pictures of a run are drawn from, read once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from api.caller import Caller
from api.schemas.hypotheses import Advice, ClusterOut, TraitEffect, cluster_out
from api.updates import standings_of
from records.repositories import Experiments, Hypotheses, Runs


class Dot(NamedTuple):  # ten thousand of them take a fifth of a dataclass's time to make
    """A hypothesis as pictures show it."""

    id: str
    title: str
    rank: int | None = None
    """None before the first ranking; then what follows says nothing."""
    mean: float = 0.0
    sd: float = 0.0
    p_best: float = 0.0
    tested: int = 0
    failed: int = 0
    place: tuple[float, float] | None = None
    """On the map."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result that counts, in the order in which it was asked for."""

    hypothesis_id: str
    sequence: int
    score: float | None
    """None for a failure."""
    sem: float | None
    expected: float | None
    expected_sd: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    run_id: str
    dots: Sequence[Dot]
    """The ranked ones first, best first."""
    tests: Sequence[Outcome]
    traits: Sequence[TraitEffect]
    clusters: Sequence[ClusterOut]
    unit: str
    """Of the results, where they all have the same."""
    advice: Advice | None = None

    @property
    def titles(self) -> dict[str, str]:
        return {dot.id: dot.title for dot in self.dots}

    @property
    def score_label(self) -> str:
        return f"score, {self.unit}" if self.unit else "score"


def gather(caller: Caller, run_id: str) -> Seen:
    """Of a run of the caller's workspace (NotFound)."""
    with caller.read() as session:
        run = Runs(session, caller.workspace_id).get(run_id)
        hypotheses = Hypotheses(session, caller.workspace_id)
        titles = hypotheses.titles(run.id)
        clusters = [cluster_out(row) for row in hypotheses.clusters(run.id)]
        experiments = Experiments(session, caller.workspace_id).of_run(run.id)
    advice = run.outcome.get("advice")
    results = [(one, result) for one in experiments for result in one.results if result.status != "withdrawn"]
    units = {result.unit for _, result in results if result.score is not None}
    return Seen(
        run_id=run.id,
        dots=_dots(titles, standings_of(run), run.outcome.get("map", [])),
        tests=[
            Outcome(one.hypothesis_id, one.sequence, result.score, result.sem, one.expected, one.expected_sd)
            for one, result in results
        ],
        traits=[TraitEffect.model_validate(one) for one in run.outcome.get("contributions", [])],
        clusters=clusters,
        unit=units.pop() if len(units) == 1 else "",
        advice=None if advice is None else Advice.model_validate(advice),
    )


def _dots(
    titles: Sequence[tuple[str, str]],
    standings: Mapping[int, Mapping[str, Any]],
    places: Sequence[Mapping[str, Any]],
) -> list[Dot]:
    place_of = {one["position"]: (one["x"], one["y"]) for one in places}
    order = [*standings, *(n for n in range(len(titles)) if n not in standings)]
    found = []
    for position in order:
        identity, title = titles[position]
        told = standings.get(position)
        known = {} if told is None else {name: told[name] for name in ("rank", "mean", "sd", "p_best")}
        tests = {} if told is None else {"tested": told["tested"], "failed": told["failed"]}
        found.append(Dot(identity, title, **known, **tests, place=place_of.get(position)))
    return found
