"""Who takes part: every policy of the ranking, and orders that need none and show an artefact of a pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.benchmarks.pools import Described, Pool
from ranking import Candidate
from ranking.policies import POLICIES
from records.errors import BadInput

Belief = Callable[[Pool, Described], dict[str, float]]

DEFAULT = "surrogate"


@dataclass(frozen=True, slots=True)
class Entrant:
    """A policy, and what it is told to believe beforehand."""

    name: str
    policy: str
    belief: Belief | None

    def candidates(self, pool: Pool, described: Described) -> tuple[Candidate, ...]:
        if self.belief is None:
            return described.candidates
        believed = self.belief(pool, described)
        return tuple(replace(one, prior=believed[one.id]) for one in described.candidates)


def _to_question(pool: Pool, described: Described) -> dict[str, float]:
    return dict(described.to_question)


def _most_traits(pool: Pool, described: Described) -> dict[str, float]:
    return {one.id: float(len(one.traits)) for one in pool.members}


def _longest_text(pool: Pool, described: Described) -> dict[str, float]:
    return {one.id: float(len(one.text)) for one in pool.members}


POOL_ENTRANTS = {
    one.name: one
    for one in (
        *(Entrant(name, name, None) for name in POLICIES if name != "prior"),
        Entrant("surrogate-with-prior", "surrogate", _to_question),
        Entrant("prior", "prior", _to_question),
        Entrant("most-traits", "prior", _most_traits),
        Entrant("longest-text", "prior", _longest_text),
    )
}
"""As in a run on candidates that were brought along. Likeness to the question does not say which works, so it
is believed only where it is on trial itself."""


def chosen(names: Sequence[str], among: Sequence[str]) -> list[str]:
    """The names asked for, or all; BadInput ``unknown_policy``."""
    for name in names:
        if name not in among:
            raise BadInput("unknown_policy", f"there is no policy '{name}'; use one of {', '.join(among)}")
    return list(dict.fromkeys(names)) or list(among)
