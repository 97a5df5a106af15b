"""Best so far: every result in its order, and how far chance would have come."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from api.pages.plots import svg
from api.pages.plots.by_chance import Chance, best_by_chance
from api.pages.plots.gathering import Outcome, Seen
from api.pages.plots.picture import Picture
from api.pages.plots.scales import Axis, below, beside
from records.written import number

WIDTH, HEIGHT = 460.0, 260.0
LEFT, TOP, RIGHT, BOTTOM = 52.0, 26.0, 12.0, 42.0
MOST_STEPS = 60
"""Numbers of picks at which chance is worked out; in between the line is straight."""


def trace(seen: Seen) -> Picture | None:
    """None before the first result."""
    tests = seen.tests
    if not tests:
        return None
    chance = _chance(seen, len(tests))
    best = _best_so_far(tests)
    across = Axis(0.5, len(tests) + 0.5, LEFT, WIDTH - RIGHT)
    ends = [one.score + side for one in tests if one.score is not None for side in _error(one)]
    ends += [end for one in chance for end in (one.low, one.high)]
    up = Axis.over(ends, HEIGHT - BOTTOM, TOP)
    titles = seen.titles
    drawn = svg.drawing(
        WIDTH,
        HEIGHT,
        "Best score so far",
        beside(up, LEFT, seen.score_label, WIDTH - RIGHT),
        _steps_below(across, HEIGHT - BOTTOM, len(tests)),
        *_band(chance, across, up),
        *_line(best, across, up),
        *(_mark(one, n, across, up, titles) for n, one in enumerate(tests, 1)),
    )
    return Picture(
        "trace",
        "Best so far",
        "Each result in the order in which it was asked for, with its standard error, and the best until"
        " then."
        + (
            " The grey line is what testing in random order would have found on average, the band where it"
            " would lie eight times in ten, if every candidate is worth what the ranking now expects of it."
            if chance
            else ""
        ),
        drawn,
        ("experiment", "hypothesis", "result", "standard error", "best so far"),
        tuple(
            (n, titles.get(one.hypothesis_id, ""), one.score, one.sem, top)
            for (n, one), top in zip(enumerate(tests, 1), best, strict=True)
        ),
        (("best", "best so far"), ("result", "a result"))
        + ((("lost", "failed"),) if any(one.score is None for one in tests) else ())
        + ((("chance", "by chance"),) if chance else ()),
    )


def _error(one: Outcome) -> tuple[float, float]:
    return (-(one.sem or 0.0), one.sem or 0.0)


def _best_so_far(tests: Sequence[Outcome]) -> list[float | None]:
    best: float | None = None
    found = []
    for one in tests:
        if one.score is not None:
            best = one.score if best is None else max(best, one.score)
        found.append(best)
    return found


def _chance(seen: Seen, steps: int) -> list[Chance]:
    """Over what the ranking expects of all candidates; nothing without a ranking or a result."""
    means = [dot.mean for dot in seen.dots if dot.rank is not None]
    if len(means) < 2 or not any(one.score is not None for one in seen.tests):
        return []
    last = min(steps, len(means))
    stride = -(-last // MOST_STEPS)
    return best_by_chance(means, sorted({*range(1, last + 1, stride), last}))


def _steps_below(across: Axis, y: float, count: int) -> Markup:
    """Whole numbers of experiments."""
    ticks = below(across, y, "experiment", y)
    if count > 12:
        return ticks
    numbers = [svg.text(across.at(n), y + 16, str(n), "soft", "middle") for n in range(1, count + 1)]
    return svg.group(
        *numbers, svg.text((across.first + across.last) / 2, y + 34, "experiment", "soft", "middle")
    )


def _band(chance: Sequence[Chance], across: Axis, up: Axis) -> list[Markup]:
    if not chance:
        return []
    upper = [(across.at(one.picks), up.at(one.high)) for one in chance]
    lower = [(across.at(one.picks), up.at(one.low)) for one in reversed(chance)]
    middle = [(across.at(one.picks), up.at(one.mean)) for one in chance]
    return [svg.path(upper + lower, "band", closed=True), svg.path(middle, "chance")]


def _line(best: Sequence[float | None], across: Axis, up: Axis) -> list[Markup]:
    """Steps: what is best stays so until something better comes."""
    points: list[tuple[float, float]] = []
    for n, value in enumerate(best, 1):
        if value is not None:
            points += [(across.at(n), points[-1][1])] if points else []
            points.append((across.at(n), up.at(value)))
    if points:
        points.append((across.at(len(best) + 0.5), points[-1][1]))
    return [svg.path(points, "best")] if points else []


def _mark(one: Outcome, n: int, across: Axis, up: Axis, titles: dict[str, str]) -> Markup:
    x = across.at(n)
    title = titles.get(one.hypothesis_id, "")[:160]
    href = f"/hypotheses/{one.hypothesis_id}"
    if one.score is None:
        told = f"Experiment {n}: failed. {title}"
        return svg.link(href, svg.cross(x, up.first - 6, 4, "lost"), told=told)
    told = f"Experiment {n}: {number(one.score)}. {title}"
    parts = [svg.dot(x, up.at(one.score), 3.6, "result")]
    if one.sem:
        parts.insert(0, svg.line(x, up.at(one.score - one.sem), x, up.at(one.score + one.sem), "error"))
    return svg.link(href, *parts, told=told)
