"""The hypothesis map: near each other lie those that are like in their traits."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from api.pages.plots import svg
from api.pages.plots.gathering import Dot, Seen
from api.pages.plots.picture import Picture
from api.pages.plots.scales import Axis
from records.written import number, share

SHOWN = 200
"""Dots on the picture; all are in its table."""
LABELLED = 5
WIDTH, HEIGHT, EDGE = 460.0, 340.0, 16.0
SHADES = 5
"""Of a score, from the lowest to the highest fifth."""
COLOURS = 12
"""There are at most so many clusters."""


def hypothesis_map(seen: Seen, *, marked: str = "") -> Picture | None:
    """None where fewer than two have a place. ``marked``: the id of the one that a page is about."""
    placed = [dot for dot in seen.dots if dot.place is not None]
    if len(placed) < 2:
        return None
    shown = [dot for n, dot in enumerate(placed) if n < SHOWN or dot.tested or dot.id == marked][
        : SHOWN + 100
    ]
    across = Axis.over([dot.place[0] for dot in shown if dot.place], EDGE, WIDTH - EDGE)
    up = Axis.over([dot.place[1] for dot in shown if dot.place], HEIGHT - EDGE, EDGE)
    cluster_of = main_clusters(seen)
    shade_of = shades(shown)
    drawn = svg.drawing(
        WIDTH,
        HEIGHT,
        "Hypothesis map",
        *(
            _dot(seen, dot, across, up, cluster_of.get(dot.id), shade_of.get(dot.id), dot.id == marked)
            for dot in reversed(shown)  # the best lie on top
        ),
        *(_label(dot, across, up) for dot in shown if dot.rank is not None and dot.rank <= LABELLED),
    )
    names = [cluster.name for cluster in seen.clusters]
    caption = (
        "Near each other: like in their traits; the directions mean nothing. Ringed: tested. Numbers: the"
        " five best. A larger dot is more likely the best."
    )
    if marked:
        caption += " In a red ring: this one."
    if len(shown) < len(placed):
        caption += f" The {len(shown)} best-ranked and tested of {len(placed)} are drawn."
    return Picture(
        "map",
        "Hypothesis map",
        caption,
        drawn,
        ("rank", "hypothesis", "cluster", "mean", "sd", "x", "y"),
        tuple(
            (
                dot.rank,
                dot.title,
                names[cluster_of[dot.id]] if dot.id in cluster_of else "",
                dot.mean if dot.rank else None,
                dot.sd if dot.rank else None,
                *(dot.place or (None, None)),
            )
            for dot in placed
        ),
        tuple((f"c{n % COLOURS}", name) for n, name in enumerate(names[:COLOURS])),
    )


def main_clusters(seen: Seen) -> dict[str, int]:
    """Hypothesis id to the number of the cluster that most of it lies in."""
    best: dict[str, tuple[float, int]] = {}
    for n, cluster in enumerate(seen.clusters):
        for member, weight in cluster.members.items():
            if member not in best or weight > best[member][0]:
                best[member] = (weight, n)
    return {member: n for member, (_, n) in best.items()}


def shades(dots: Sequence[Dot]) -> dict[str, int]:
    """Id to the fifth of the range of expected scores that it lies in, from 0."""
    ranked = [dot for dot in dots if dot.rank is not None]
    low, high = min((d.mean for d in ranked), default=0.0), max((d.mean for d in ranked), default=0.0)
    span = high - low
    return {
        dot.id: SHADES // 2 if span <= 0 else min(SHADES - 1, int(SHADES * (dot.mean - low) / span))
        for dot in ranked
    }


def _dot(
    seen: Seen, dot: Dot, across: Axis, up: Axis, cluster: int | None, shade: int | None, marked: bool
) -> Markup:
    assert dot.place is not None
    told = dot.title[:90]
    if dot.rank is not None:
        told = f"{dot.rank}. {told}: {number(dot.mean)} ± {number(dot.sd)}, best with {share(dot.p_best)}"
    if cluster is not None:
        told = f"{told} ({seen.clusters[cluster].name[:60]})"
    classes = [
        "spot",
        "none" if cluster is None else f"c{cluster % COLOURS}",
        "" if shade is None else f"s{shade}",
        "tested" if dot.tested else "",
        "here" if marked else "",
    ]
    x, y = across.at(dot.place[0]), up.at(dot.place[1])
    radius = 4.0 + 7.0 * dot.p_best**0.5 if dot.rank else 4.0
    return svg.link(
        f"/hypotheses/{dot.id}",
        svg.dot(x, y, radius, " ".join(name for name in classes if name)),
        told=told,
        tabindex=-1,
    )


def _label(dot: Dot, across: Axis, up: Axis) -> Markup:
    assert dot.place is not None
    x, y = across.at(dot.place[0]), up.at(dot.place[1])
    return svg.text(x + 6 + 6 * dot.p_best**0.5, y - 6, str(dot.rank))
