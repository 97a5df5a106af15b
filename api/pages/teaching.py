"""What an experiment would teach: the traits of its hypothesis whose effects are least known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.caller import Caller
from api.pages.plots import Seen
from api.schemas.experiments import NextOut
from records.repositories import Hypotheses

MOST = 3


@dataclass(frozen=True, slots=True)
class Lesson:
    trait: str
    low: float
    """The 95 % interval of its effect so far."""
    high: float


def teaching(caller: Caller, seen: Seen, waiting: Iterable[NextOut]) -> Mapping[str, list[Lesson]]:
    """By the experiment's id up to three traits, widest interval first; nothing before the first result."""
    if not any(test.score is not None for test in seen.tests):
        return {}  # nothing is known of any trait yet: what intervals there are say how wide the scale is
    known = {one.trait: one for one in seen.traits}
    told: dict[str, list[Lesson]] = {}
    with caller.read() as session:
        hypotheses = Hypotheses(session, caller.workspace_id)
        for one in waiting:
            row = hypotheses.get(one.experiment.hypothesis_id)
            names = [f"{p.role}: {p.name}" if row.origin == "table" else p.name for p in row.key_points]
            effects = [known[name] for name in dict.fromkeys(names) if name in known]
            effects.sort(key=lambda effect: effect.low - effect.high)
            told[one.experiment.id] = [Lesson(e.trait, e.low, e.high) for e in effects[:MOST]]
    return told
