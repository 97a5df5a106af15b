"""How the next experiment is chosen: one value a policy, behind one protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ranking.errors import RankingError
from ranking.policies.cluster import ClusterPolicy
from ranking.policies.epistemic import EpistemicPolicy
from ranking.policies.greedy import GreedyPolicy
from ranking.policies.linear import LinearPolicy
from ranking.policies.prior import PriorPolicy
from ranking.policies.random import RandomPolicy
from ranking.policies.surrogate import SurrogatePolicy
from ranking.view import View


class Policy(Protocol):
    """Chooses among open candidates."""

    @property
    def name(self) -> str: ...

    def choose(self, view: View, count: int) -> list[int]:
        """Places of at most ``count`` different open candidates, most wanted first."""
        ...


POLICIES: dict[str, Callable[[], Policy]] = {
    "surrogate": SurrogatePolicy,
    "linear": LinearPolicy,
    "cluster": ClusterPolicy,
    "epistemic": EpistemicPolicy,
    "greedy": GreedyPolicy,
    "prior": PriorPolicy,
    "random": RandomPolicy,
}
"""The default first."""


def policy(name: str) -> Policy:
    """The policy of this name with its usual settings."""
    if name not in POLICIES:
        raise RankingError("unknown_policy", f"there is no policy '{name}'; use one of {', '.join(POLICIES)}")
    return POLICIES[name]()


__all__ = [
    "POLICIES",
    "ClusterPolicy",
    "EpistemicPolicy",
    "GreedyPolicy",
    "LinearPolicy",
    "Policy",
    "PriorPolicy",
    "RandomPolicy",
    "SurrogatePolicy",
    "policy",
]
