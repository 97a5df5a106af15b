"""The best-ranked hypotheses, each with its interval and what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from api.pages.plots import svg
from api.pages.plots.gathering import Dot, Seen
from api.pages.plots.picture import Picture
from api.pages.plots.scales import Axis, below, shortened
from records.written import number, share

SHOWN = 25
LONGEST = 60
"""Characters of a title."""
ROW = 32.0
WIDTH, LEFT, TOP, BOTTOM = 460.0, 30.0, 8.0, 44.0


def intervals(seen: Seen) -> Picture | None:
    """None before the first ranking."""
    ranked = [dot for dot in seen.dots if dot.rank is not None]
    if not ranked:
        return None
    shown = ranked[:SHOWN]
    measured: dict[str, list[float]] = {}
    for test in seen.tests:
        if test.score is not None:
            measured.setdefault(test.hypothesis_id, []).append(test.score)
    ends = [dot.mean + side * 2 * dot.sd for dot in shown for side in (-1, 1)]
    ends += [score for dot in shown for score in measured.get(dot.id, ())]
    height = TOP + ROW * len(shown) + BOTTOM
    across = Axis.over(ends, LEFT, WIDTH - 12, room=0.03)
    drawn = svg.drawing(
        WIDTH,
        height,
        "Ranked, with intervals",
        below(across, height - BOTTOM, seen.score_label, TOP),
        *(_row(dot, n, across, measured.get(dot.id, ())) for n, dot in enumerate(shown)),
    )
    return Picture(
        "intervals",
        "Ranked, with intervals",
        f"The {len(shown)} best-ranked of {len(ranked)}: expected score with two standard deviations to"
        " either side; rings are measurements.",
        drawn,
        ("rank", "hypothesis", "mean", "sd", "P(best)", "measured"),
        tuple(
            (dot.rank, dot.title, dot.mean, dot.sd, dot.p_best, _joined(measured.get(dot.id, ())))
            for dot in ranked
        ),
        (("mean", "expected"), ("interval", "± 2 sd"), ("measured", "measured")),
    )


def _row(dot: Dot, n: int, across: Axis, measured: Sequence[float]) -> Markup:
    y = TOP + ROW * n + 23
    told = (
        f"{dot.rank}. {dot.title[:160]}: {number(dot.mean)} ± {number(dot.sd)}, best with {share(dot.p_best)}"
    )
    return svg.link(
        f"/hypotheses/{dot.id}",
        svg.text(LEFT - 8, y - 9, str(dot.rank), "soft", "end"),
        svg.text(LEFT, y - 9, shortened(dot.title, LONGEST)),
        svg.line(across.at(dot.mean - 2 * dot.sd), y, across.at(dot.mean + 2 * dot.sd), y, "interval"),
        svg.line(across.at(dot.mean), y - 6, across.at(dot.mean), y + 6, "mean"),
        *(svg.dot(across.at(score), y, 3.6, "measured") for score in measured),
        told=told,
    )


def _joined(scores: Sequence[float]) -> str:
    return ", ".join(f"{score:.6g}" for score in scores)
