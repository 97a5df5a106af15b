"""Predicted against reported outcomes, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from simulator.validation import Group

INK, ACCENT, RULE = "#1c2426", "#0b6e6e", "#b8c0c2"


def plot_outcomes(groups: Sequence[Group], path: Path, title: str) -> None:
    """One point a candidate; the truths, which are right by definition, are hollow."""
    figure = Figure(figsize=(5.4, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=1)
    points = [
        (reported, predicted, truth)
        for group in groups
        for predicted, reported, truth in zip(group.predicted, group.reported, group.truth, strict=True)
    ]
    for truth, face in ((False, ACCENT), (True, "none")):
        chosen = [(reported, predicted) for reported, predicted, is_truth in points if is_truth == truth]
        if chosen:
            axes.scatter(
                [reported for reported, _ in chosen],
                [predicted for _, predicted in chosen],
                s=30,
                facecolors=face,
                edgecolors=ACCENT if truth else "none",
                alpha=0.8,
                label="ground truth" if truth else "candidate",
            )
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xlabel="reported outcome", ylabel="predicted outcome")
    axes.set_title(title, loc="left", color=INK, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    figure.savefig(path, dpi=150)
