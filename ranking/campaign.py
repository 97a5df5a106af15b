"""A campaign: candidates, their results, and what to test next. The one object here with a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ranking.advice import Advice, advice
from ranking.candidates import Candidate, canonical, check, read, written
from ranking.contributions import Contribution, contributions, ordered
from ranking.costs import expected, relative
from ranking.errors import RankingError
from ranking.explanation import Explanation, explanation, turned
from ranking.kernels import Array, Places, setting_kernel, text_kernel, trait_kernel
from ranking.matches import Matches, match_kernel
from ranking.numbers import scatter, usable
from ranking.observations import Observations
from ranking.policies import Policy, SurrogatePolicy, policy
from ranking.standing import Standing, chances_of_best, expected_improvement
from ranking.surrogate import Surrogate, fit_surrogate
from ranking.view import View

SCHEMA = 2
"""2 brought descriptors; 1 is read too."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result: a score, or the fact that there was none to be had."""

    id: str
    score: float | None
    sem: float | None = None
    """Standard error of the score."""
    cost: float | None = None


class Campaign:
    """Says which candidate to test next, takes the result, and says again.

    The order in which candidates are given does not matter; ``seed`` settles ties. Raises RankingError for a
    pool that cannot be ranked.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        policy: Policy | None = None,
        seed: int = 0,
        maximise: bool = True,
        trait_vectors: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self._trait_vectors = dict(trait_vectors or {})
        check(candidates, self._trait_vectors)
        self._given = tuple(candidates)
        self._candidates = canonical(candidates, seed)
        self._place = {one.id: place for place, one in enumerate(self._candidates)}
        self._policy: Policy = policy or SurrogatePolicy()
        self._seed = seed
        self._sign = 1.0 if maximise else -1.0
        self._outcomes: list[Outcome] = []
        self._pending: dict[str, None] = {}
        self._excluded: dict[str, None] = {}
        self._traits = trait_kernel(self._candidates, self._trait_vectors)
        self._matches = match_kernel(self._traits)
        self._text = text_kernel(self._candidates)
        self._settings = setting_kernel(self._candidates)
        self._prior = _standardised(self._candidates, self._sign)
        self._costs = relative(self._candidates)
        self._surrogate: Surrogate | None = None

    def recommend(self, n: int = 1) -> list[str]:
        """Ids of up to ``n`` candidates to test next: none tested, failed, pending or excluded."""
        if n < 1:
            raise RankingError("bad_count", f"{n} recommendations cannot be made; ask for one or more")
        view = View(
            fitted=self._fitted,
            seen=self._observations(),
            failed=self._failed(),
            pending=np.sort(self._places(list(self._pending))),
            open=self._open(),
            prior=self._prior,
            costs=self._costs,
        )
        return [self._candidates[place].id for place in self._policy.choose(view, n)]

    def mark_pending(self, id: str) -> None:
        """The candidate is being tested; it is not recommended again, and others are chosen knowing that."""
        self._check(id)
        self._pending[id] = None

    def add_result(
        self,
        id: str,
        score: float | None,
        *,
        sem: float | None = None,
        status: Literal["done", "failed"] = "done",
        cost: float | None = None,
    ) -> None:
        """Take a result of any candidate, recommended or not; a further one of the same is a replicate.

        A failed experiment has no score, and is not a low one. Raises RankingError.
        """
        self._check(id)
        outcome = _outcome(id, score, sem, status, cost)
        self._pending.pop(id, None)
        self._outcomes.append(outcome)
        self._surrogate = None

    def amend_result(
        self,
        id: str,
        score: float | None,
        *,
        sem: float | None = None,
        status: Literal["done", "failed"] = "done",
        cost: float | None = None,
    ) -> None:
        """Put another result in the place of the candidate's last one (RankingError ``no_result``)."""
        self._check(id)
        places = [place for place, one in enumerate(self._outcomes) if one.id == id]
        if not places:
            raise RankingError("no_result", f"'{id}' has no result that could be amended")
        self._outcomes[places[-1]] = _outcome(id, score, sem, status, cost)
        self._surrogate = None

    def withdraw(self, id: str) -> None:
        """Take back all results of a candidate; it may be recommended again."""
        self._check(id)
        self._outcomes = [one for one in self._outcomes if one.id != id]
        self._pending.pop(id, None)
        self._surrogate = None

    def exclude(self, id: str) -> None:
        """The candidate cannot be tested; it is still ranked."""
        self._check(id)
        self._excluded[id] = None

    def ranking(self) -> list[Standing]:
        """All candidates, best first; equal ones by their prior score, then by a shuffle of the seed."""
        surrogate = self._fitted()
        mean, sd = surrogate.moments()
        seen = self._observations()
        best = float(mean[seen.places].max()) if len(seen.places) else None
        gain = expected_improvement(mean, sd, best)
        chances = chances_of_best(surrogate, self._seed)
        belief = self._prior if self._prior is not None else np.zeros(len(mean))
        tested = np.bincount(seen.places, minlength=len(mean))
        failed = np.bincount(self._failed(), minlength=len(mean))
        height = np.round((mean - surrogate.center) / surrogate.scale, 9)
        order = np.lexsort((np.arange(len(mean)), -belief, -height))
        return [
            Standing(
                id=self._candidates[n].id,
                rank=rank,
                mean=self._sign * float(mean[n]) + 0.0,  # no -0.0
                sd=float(sd[n]),
                p_best=float(chances[n]),
                expected_improvement=float(gain[n]),
                tested=int(tested[n]),
                failed=int(failed[n]),
            )
            for rank, n in enumerate(order, 1)
        ]

    def expected(self, id: str) -> tuple[float, float] | None:
        """Mean and standard deviation of its score; none before the first result, when no scale is known."""
        self._check(id)
        if not len(self._observations().places):
            return None
        mean, sd = self._fitted().moments()
        place = self._place[id]
        return self._sign * float(mean[place]) + 0.0, float(sd[place])

    def contributions(self) -> list[Contribution]:
        """What each trait does to the score, largest first."""
        found = contributions(self._adding())
        if self._sign > 0:
            return found
        return ordered(one.turned() for one in found)

    def explain(self, id: str) -> Explanation:
        """Why a candidate stands where it does (RankingError for one of another campaign)."""
        self._check(id)
        surrogate = self._fitted()
        names = {int(place): self._candidates[place].id for place in surrogate.observed}
        found = explanation(surrogate, self._adding(), self._place[id], id, names)
        return found if self._sign > 0 else turned(found)

    def stop_advice(self, worth: float | None = None) -> Advice:
        """Whether another experiment is worth it; ``worth`` is the cost that one unit of the score is worth.

        Where results say what they cost, the unit is theirs, otherwise that of the candidates. Raises
        RankingError ``bad_worth``.
        """
        if worth is not None and not (usable(worth) and worth > 0):
            raise RankingError("bad_worth", "say what one unit of the score is worth, as a number above 0")
        paid = [(one.id, one.cost) for one in self._outcomes if one.cost is not None]
        price = None if worth is None else expected(self._candidates, self._place, paid) / worth
        return advice(self._fitted(), self._untested(), self._seed, price)

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON; ``from_json`` makes a campaign of it that recommends the same.

        A policy is kept by its name: one of those that ``policy`` gives, with its usual settings.
        """
        return {
            "schema": SCHEMA,
            "candidates": [written(one) for one in self._given],
            "policy": self._policy.name,
            "seed": self._seed,
            "maximise": self._sign > 0,
            "trait_vectors": {name: list(map(float, v)) for name, v in self._trait_vectors.items()},
            "outcomes": [asdict(one) for one in self._outcomes],
            "pending": list(self._pending),
            "excluded": list(self._excluded),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Campaign:
        """Raises RankingError for a form that this version does not know."""
        if data.get("schema") not in (1, SCHEMA):
            raise RankingError("unknown_schema", f"campaigns of form {data.get('schema')} cannot be read")
        campaign = cls(
            [read(one) for one in data["candidates"]],
            policy=policy(data["policy"]),
            seed=data["seed"],
            maximise=data["maximise"],
            trait_vectors=data["trait_vectors"],
        )
        campaign._outcomes = [Outcome(**one) for one in data["outcomes"]]
        campaign._pending = dict.fromkeys(data["pending"])
        campaign._excluded = dict.fromkeys(data["excluded"])
        return campaign

    def _fitted(self) -> Surrogate:
        if self._surrogate is None:
            self._surrogate = self._fit(self._matches)
        return self._surrogate

    def _adding(self) -> Surrogate:
        """The same results in a model in which traits add up, to tell what each does."""
        return self._fitted() if self._matches is None else self._fit(None)

    def _fit(self, matches: Matches | None) -> Surrogate:
        return fit_surrogate(
            self._traits,
            self._text,
            self._settings,
            self._prior,
            len(self._candidates),
            self._observations(),
            matches,
        )

    def _observations(self) -> Observations:
        """The scores, turned so that higher is better; in canonical order, so that theirs cannot matter."""
        rows = sorted(
            (self._place[one.id], self._sign * one.score, -1.0 if one.sem is None else one.sem)
            for one in self._outcomes
            if one.score is not None
        )
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        # -1 until here because NaN has no place in an order.
        sems = np.where(table[:, 2] < 0, np.nan, table[:, 2])
        return Observations(table[:, 0].astype(np.intp), table[:, 1], sems)

    def _failed(self) -> Places:
        return np.sort(self._places([one.id for one in self._outcomes if one.score is None]))

    def _open(self) -> Places:
        """What may be recommended."""
        return np.setdiff1d(self._untested(), self._places(list(self._pending)))

    def _untested(self) -> Places:
        """What may still turn out best without having been measured: also what is being measured."""
        closed = {one.id for one in self._outcomes} | self._excluded.keys()
        return self._places([one.id for one in self._candidates if one.id not in closed])

    def _places(self, ids: Sequence[str]) -> Places:
        return np.array([self._place[one] for one in ids], dtype=np.intp)

    def _check(self, id: str) -> None:
        if id not in self._place:
            raise RankingError("unknown_candidate", f"the campaign has no candidate '{id}'")


def _standardised(candidates: Sequence[Candidate], sign: float) -> Array | None:
    """Prior scores, higher for better, of mean 0 and deviation 1; None where they tell nothing apart."""
    known = np.array([one.prior for one in candidates if one.prior is not None], dtype=np.float64)
    spread = scatter(known)
    if not spread:
        return None
    middle = float(known.mean())
    return np.array(
        [0.0 if one.prior is None else sign * (one.prior - middle) / spread for one in candidates]
    )


def _outcome(id: str, score: float | None, sem: float | None, status: str, cost: float | None) -> Outcome:
    """Raises RankingError for what is no result."""
    if status == "failed":
        score, sem = None, None
    elif score is None or not usable(score):
        raise RankingError("bad_score", f"the score of '{id}' is no finite number; say that it failed")
    if sem is not None and not (usable(sem) and sem >= 0):
        raise RankingError("bad_sem", f"the standard error of '{id}' should be finite and 0 or more")
    if cost is not None and not (usable(cost) and cost >= 0):
        raise RankingError("bad_cost", f"the cost of testing '{id}' should be finite and 0 or more")
    return Outcome(id, _plain(score), _plain(sem), _plain(cost))


def _plain(number: float | None) -> float | None:
    """A number that JSON can hold, also where numpy made it."""
    return None if number is None else float(number)
