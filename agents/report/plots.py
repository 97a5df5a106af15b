"""The report's pictures: inline SVG with real text, each beside the table of what it shows."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from agents.report.document import Hypothesis, RunDocument
from records.written import number

ACCENT, INK, MUTED, RULE, FAIL = "#0b6e6e", "#1c2426", "#5d686b", "#d5dbdc", "#b3402a"
CLUSTER_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7a4fb3", "#666666")
CLUSTER_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "touchstone",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "axes.unicode_minus": True,
}
"""Any: matplotlib's stubs ask for the literal name of every setting."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its caption and its numbers."""

    name: str
    title: str
    caption: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def plots(document: RunDocument) -> list[Plot]:
    """Those pictures that the run has something to show in."""
    made = (trace(document), intervals(document), contributions(document), hypothesis_map(document))
    return [plot for plot in made if plot is not None]


def trace(document: RunDocument) -> Plot | None:
    """Every result in its order, and the best so far."""
    points = document.trace
    if not points:
        return None

    def draw(axes: Axes) -> None:
        steps = list(range(1, len(points) + 1))
        done = [(s, p.score) for s, p in zip(steps, points, strict=True) if p.score is not None]
        best = [math.nan if p.best_so_far is None else p.best_so_far for p in points]
        axes.step(steps, best, where="post", color=ACCENT, linewidth=1.8, label="best so far")
        if done:
            axes.plot(*zip(*done, strict=True), "o", color=INK, markersize=4.5, label="result")
        failed = [s for s, p in zip(steps, points, strict=True) if p.score is None]
        if failed:
            floor = min((score for _, score in done), default=0.0)
            axes.plot(failed, [floor] * len(failed), "x", color=FAIL, markersize=6, label="failed")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("experiment")
        axes.set_ylabel("score")
        axes.legend(frameon=False, loc="lower right", fontsize=8)

    return Plot(
        "trace",
        "Best so far",
        "Each result in the order in which it was asked for; the line is the best score until then.",
        _svg("trace", draw, 6.4, 3.0),
        ("experiment", "hypothesis", "result", "best so far"),
        tuple(
            (
                str(n),
                p.title,
                "failed" if p.score is None else number(p.score),
                number(p.best_so_far),
            )
            for n, p in enumerate(points, 1)
        ),
    )


SHOWN = 20


def intervals(document: RunDocument) -> Plot | None:
    """The best-ranked hypotheses, each with its mean, two standard deviations, and its measurements."""
    ranked = _ranked(document)[:SHOWN]
    if not ranked:
        return None

    def draw(axes: Axes) -> None:
        for place, one in enumerate(ranked):
            assert one.mean is not None
            sd = one.sd or 0.0
            axes.plot([one.mean - 2 * sd, one.mean + 2 * sd], [place, place], color=RULE, linewidth=5)
            axes.plot([one.mean], [place], "|", color=ACCENT, markersize=11, markeredgewidth=2.2)
            scores = [r.score for r in one.results if r.score is not None]
            axes.plot(scores, [place] * len(scores), "o", color=INK, markersize=4)
        axes.set_yticks(range(len(ranked)), [f"{one.rank}  {_short(one.title, 46)}" for one in ranked])
        axes.set_ylim(len(ranked) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("score (bar: mean ± 2 sd; dot: measured)")

    return Plot(
        "intervals",
        "Ranked, with uncertainty",
        f"The {len(ranked)} best-ranked: expected score with two standard deviations to either side.",
        _svg("intervals", draw, 7.4, 0.9 + 0.24 * len(ranked)),
        ("rank", "hypothesis", "mean", "sd", "measured"),
        tuple(
            (
                str(one.rank),
                one.title,
                number(one.mean),
                number(one.sd),
                ", ".join(number(r.score) for r in one.results if r.score is not None) or "–",
            )
            for one in ranked
        ),
    )


TRAITS_SHOWN = 12


def contributions(document: RunDocument) -> Plot | None:
    """What each trait adds to the score or takes from it."""
    strongest = sorted(document.contributions, key=lambda c: (-abs(c.effect), c.trait))[:TRAITS_SHOWN]
    if not strongest or not any(point.score is not None for point in document.trace):
        return None
    strongest.sort(key=lambda c: -c.effect)

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=MUTED, linewidth=0.8)
        for place, one in enumerate(strongest):
            colour = ACCENT if one.effect > 0 else FAIL
            axes.plot([one.low, one.high], [place, place], color=colour, linewidth=1.2, alpha=0.6)
            axes.plot([one.effect], [place], "s", color=colour, markersize=5)
        axes.set_yticks(range(len(strongest)), [_short(one.trait, 46) for one in strongest])
        axes.set_ylim(len(strongest) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("effect on the score, with 95 % interval")

    return Plot(
        "traits",
        "What the traits contribute",
        "The strongest effects that the results speak for; an interval across zero is no more than a hint.",
        _svg("traits", draw, 7.4, 0.9 + 0.26 * len(strongest)),
        ("trait", "effect", "from", "to", "candidates with it"),
        tuple(
            (one.trait, number(one.effect), number(one.low), number(one.high), str(one.candidates))
            for one in strongest
        ),
    )


LABELLED = 5


def hypothesis_map(document: RunDocument) -> Plot | None:
    """Hypotheses in two dimensions: near ones use like traits."""
    placed = [one for one in document.hypotheses if one.x is not None and one.y is not None]
    if len(placed) < 2:
        return None
    cluster_of = {one.id: _main_cluster(one, document) for one in placed}

    def draw(axes: Axes) -> None:
        for place, cluster in enumerate([*document.clusters, None]):
            group = [one for one in placed if cluster_of[one.id] == (cluster.id if cluster else None)]
            if not group:
                continue
            style = place % len(CLUSTER_COLOURS) if cluster else -1
            axes.scatter(
                [one.x or 0.0 for one in group],
                [one.y or 0.0 for one in group],
                s=[26 + 90 * (one.p_best or 0.0) for one in group],
                c=CLUSTER_COLOURS[style],
                marker=CLUSTER_MARKERS[style],
                linewidths=[1.6 if one.tested else 0 for one in group],
                edgecolors=INK,
                label=_short(cluster.name, 36) if cluster else "none",
                alpha=0.85,
            )
        for one in placed:
            if one.rank is not None and one.rank <= LABELLED:
                axes.annotate(
                    str(one.rank), (one.x, one.y), textcoords="offset points", xytext=(6, 5), fontsize=9
                )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))

    return Plot(
        "map",
        "Hypothesis map",
        "Near each other: like in their traits. Colour and shape: cluster. Ringed: tested. Numbers: the five "
        "best. Distances are all that counts here; the directions mean nothing.",
        _svg("map", draw, 7.4, 4.0),
        ("rank", "hypothesis", "cluster", "x", "y"),
        tuple(
            (
                "–" if one.rank is None else str(one.rank),
                one.title,
                next((c.name for c in document.clusters if c.id == cluster_of[one.id]), "–"),
                number(one.x),
                number(one.y),
            )
            for one in placed[:200]
        ),
    )


def _main_cluster(one: Hypothesis, document: RunDocument) -> str | None:
    known = [cluster.id for cluster in document.clusters]
    mine = [member for member in one.clusters if member.id in known]
    return max(mine, key=lambda m: (m.weight, -known.index(m.id))).id if mine else None


def _ranked(document: RunDocument) -> list[Hypothesis]:
    ranked = [one for one in document.hypotheses if one.rank is not None and one.mean is not None]
    return sorted(ranked, key=lambda one: (one.rank or 0, one.position))


def _short(text: str, length: int) -> str:
    """A label that fits; a dollar sign would start mathematics."""
    text = " ".join(text.split()).replace("$", r"\$")
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _svg(name: str, draw: Callable[[Axes], None], width: float, height: float) -> str:
    """A drawing as an SVG element, its ids its own among the page's others."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(xlink:href|href)="#', rf'\1="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = svg.replace("'DejaVu Sans'", "inherit").replace("<svg ", '<svg role="img" ', 1)
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"|height="[\d.]+pt" width="[\d.]+pt"', "", svg, count=1)


__all__: Sequence[str] = ["Plot", "plots"]
