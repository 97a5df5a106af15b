"""Predicted against measured: what was expected of each experiment when it was asked for."""

from __future__ import annotations

import math

from markupsafe import Markup

from api.pages.plots import svg
from api.pages.plots.gathering import Outcome, Seen
from api.pages.plots.picture import Picture
from api.pages.plots.scales import Axis, below, beside
from records.written import number

SIZE, LEFT, TOP, RIGHT, BOTTOM = 420.0, 52.0, 26.0, 12.0, 42.0


def predicted(seen: Seen) -> Picture | None:
    """None while nothing was measured that something was expected of."""
    told = [one for one in seen.tests if one.score is not None and one.expected is not None]
    if not told:
        return None
    across = _axis(told)
    up = Axis(across.low, across.high, SIZE - BOTTOM, TOP)
    titles = seen.titles
    inside = sum(_covers(one) for one in told)
    drawn = svg.drawing(
        SIZE,
        SIZE,
        "Predicted against measured",
        beside(up, LEFT, f"measured {seen.score_label}", SIZE - RIGHT),
        below(across, SIZE - BOTTOM, f"expected {seen.score_label}", TOP),
        svg.line(across.first, up.first, across.last, up.last, "nought"),
        *(_mark(one, across, up, titles.get(one.hypothesis_id, "")) for one in told),
    )
    return Picture(
        "predicted",
        "Predicted against measured",
        "What was expected of each experiment at the moment when it was asked for, with two standard"
        f" deviations, against what was measured: {inside} of {len(told)} lie within. On the line both"
        " agree.",
        drawn,
        ("experiment", "hypothesis", "expected", "sd", "measured", "standard error"),
        tuple(
            (
                one.sequence,
                titles.get(one.hypothesis_id, ""),
                one.expected,
                one.expected_sd,
                one.score,
                one.sem,
            )
            for one in told
        ),
        (("result", "a result"), ("error", "± 2 sd of what was expected")),
    )


def _axis(told: list[Outcome]) -> Axis:
    """Of both: it holds what was expected and measured; an interval far wider than all that is cut off."""
    values = [value for one in told for value in (one.score or 0.0, one.expected or 0.0)]
    low, high = min(values), max(values)
    spare = (high - low) or abs(high) * 0.1 or 1.0
    ends = [min(max(end, low - spare), high + spare) for one in told for end in _reach(one)]
    return Axis.over([*ends, *values], LEFT, SIZE - RIGHT, room=0.04)


def _reach(one: Outcome) -> tuple[float, float]:
    middle, sd = one.expected or 0.0, one.expected_sd or 0.0
    return middle - 2 * sd, middle + 2 * sd


def _covers(one: Outcome) -> bool:
    """Whether the interval of what was expected, widened by the measurement's own error, holds the result."""
    spread = 2 * math.hypot(one.expected_sd or 0.0, one.sem or 0.0)
    return abs((one.score or 0.0) - (one.expected or 0.0)) <= spread


def _mark(one: Outcome, across: Axis, up: Axis, title: str) -> Markup:
    x, y = across.at(one.expected or 0.0), up.at(one.score or 0.0)
    low, high = (min(max(end, across.low), across.high) for end in _reach(one))
    told = f"Experiment {one.sequence}: expected {number(one.expected)}, measured {number(one.score)}."
    return svg.link(
        f"/hypotheses/{one.hypothesis_id}",
        svg.line(across.at(low), y, across.at(high), y, "error"),
        svg.dot(x, y, 4, "result"),
        told=f"{told} {title[:160]}",
    )
