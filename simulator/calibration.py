"""What may be fitted to reported outcomes, the fit, and its error on groups that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from simulator.errors import SimulatorError
from simulator.response import OPTIMUM, performance
from simulator.validation import Group

Array = NDArray[np.float64]

SCHEMA = 1

PULL = 3e-3
"""Towards the start: keeps what few groups cannot tell from running away."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a candidate's evidence to its predicted outcome; small and plain enough for a JSON file."""

    sigma2: float
    """Width of the response curve; without meaning where a judge's own estimates are used."""
    direct: float = 0.0
    """Share of a judge's own estimate beside the matched key points; 0 where there is none."""
    sharpness: float = 1.0
    """Power of the mixture: judges are kinder than laboratories."""
    noise: float = 0.0
    """Root mean square error on groups that the fit has not seen: what a prediction is good for."""
    fitted_on: str = "nothing"
    groups: int = 0

    def predict(self, similarity: Array, relevant: Array, direct: Array | None = None) -> Array:
        """Outcomes in [0, 1] for s in [0, 100], R in {0, 1}, and estimates in [0, 1]; all of one shape."""
        if direct is None or self.direct == 0:
            return performance(similarity, sigma2=self.sigma2, relevance=relevant)
        overlap = relevant * similarity / OPTIMUM
        return np.asarray((self.direct * direct + (1 - self.direct) * overlap) ** self.sharpness)

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """SimulatorError ``bad_calibration`` for a form that this version does not know.

        ``left_out``, the errors that a fit's file tells to a reader, is passed over.
        """
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
            raise SimulatorError("bad_calibration", "this is no calibration that this version can read")
        known = {name: value for name, value in data.items() if name not in ("schema", "left_out")}
        try:
            made = cls(**known)
            valid = made.sigma2 > 0 and 0 <= made.direct <= 1 and made.sharpness > 0 and made.noise >= 0
        except TypeError as error:
            raise SimulatorError("bad_calibration", f"the calibration is not whole: {error}") from None
        if not valid:
            raise SimulatorError("bad_calibration", "a figure of the calibration is out of its range")
        return made


DEVELOPMENT = Calibration(2303.4, noise=0.2471, fitted_on="15 development groups", groups=15)
"""The shipped default, for the embedding matcher: ``touchstone simulator fit`` on 15 groups of hypotheses
with reported outcomes (collected from published papers with MOOSE-Chem3)."""

DEVELOPMENT_JUDGED = Calibration(
    1000.0, 0.7472, 1.3059, noise=0.2035, fitted_on="15 development groups", groups=15
)
"""The same where a language model judged overlaps and gave its own estimates."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the candidates of one question before anything is predicted; [n] each."""

    name: str
    similarity: tuple[float, ...]
    relevant: tuple[bool, ...]
    reported: tuple[float, ...]
    truth: tuple[bool, ...]
    direct: tuple[float, ...] | None = None


def predicted(calibration: Calibration, evidence: Evidence) -> Group:
    """The candidate that is the truth word for word performs as the truth does, whatever is fitted."""
    outcomes = calibration.predict(
        np.array(evidence.similarity),
        np.array(evidence.relevant, dtype=np.float64),
        None if evidence.direct is None else np.array(evidence.direct),
    )
    outcomes = np.where(evidence.truth, 1.0, outcomes)
    return Group(evidence.name, tuple(outcomes.tolist()), evidence.reported, evidence.truth)


def fit(groups: Sequence[Evidence], *, fitted_on: str) -> tuple[Calibration, list[Group]]:
    """The least squares fit over all groups, and predictions of each group by a fit on the others.

    Where the groups carry direct estimates, their share and the sharpness are fitted too. SimulatorError
    ``too_few_groups`` for fewer than three: nothing could be left out.
    """
    if len(groups) < 3:
        raise SimulatorError("too_few_groups", f"{len(groups)} groups are too few to fit to; give 3 or more")
    unseen = [
        predicted(_least_squares([*groups[:place], *groups[place + 1 :]]), group)
        for place, group in enumerate(groups)
    ]
    errors = [_mean_square(group) for group in unseen]
    whole = _least_squares(groups)
    noise = float(np.sqrt(np.mean(errors)))
    return replace(whole, noise=round(noise, 4), fitted_on=fitted_on, groups=len(groups)), unseen


def _least_squares(groups: Sequence[Evidence]) -> Calibration:
    judged = all(group.direct is not None for group in groups)

    def made(parameters: Any) -> Calibration:
        sigma2 = float(np.exp(np.clip(parameters[0], 3.0, 12.0)))  # 20 to 160,000
        if not judged:
            return Calibration(sigma2)
        share = 1 / (1 + np.exp(-parameters[1]))
        return Calibration(sigma2, float(share), float(np.exp(np.clip(parameters[2], -2.0, 2.0))))

    def loss(parameters: Any) -> float:
        calibration = made(parameters)
        pull = PULL * float(((np.asarray(parameters) - start) ** 2).sum())
        return float(np.mean([_mean_square(predicted(calibration, group)) for group in groups])) + pull

    # To begin with, an estimate of the whole tells twice as much as the sum of its parts.
    start = [float(np.log(1000.0)), float(np.log(2.0)), 0.0] if judged else [float(np.log(1000.0))]
    best = minimize(
        loss, start, method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-4, "fatol": 1e-9}
    )
    found = made(best.x)
    return replace(
        found,
        sigma2=round(found.sigma2, 1),
        direct=round(found.direct, 4),
        sharpness=round(found.sharpness, 4),
    )


def _mean_square(group: Group) -> float:
    """Without the truth, which is right by definition."""
    kept = ~np.array(group.truth, dtype=bool)
    if not kept.any():
        return 0.0
    return float(np.mean((np.array(group.predicted)[kept] - np.array(group.reported)[kept]) ** 2))
