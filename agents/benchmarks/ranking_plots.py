"""What a benchmark looks like: shares of campaigns that found the best, and best yields, by experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agents.benchmarks.entrants import DEFAULT
from agents.benchmarks.reactions import Run
from agents.benchmarks.trials import Trial

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
"""Told apart by the colour-blind too (Okabe and Ito); the second half of the lines is dashed."""


def plot_trials(trials: Mapping[str, Mapping[str, Sequence[Trial]]], folder: Path) -> list[Path]:
    """ECDF of experiments to the best candidate, a line a policy: ``ranking.svg`` and ``ranking.png``."""
    figure, axes = _sheet()
    for name, style in _styles(list(trials)):
        counts = np.sort([trial.experiments for some in trials[name].values() for trial in some])
        shares = np.arange(1, len(counts) + 1) / len(counts)
        axes.step([0, *counts], [0, *shares], where="post", label=f"{name} ({counts.mean():.1f})", **style)
    axes.set(
        xlabel="experiments", ylabel="share of campaigns that tested the best", xlim=(0, None), ylim=(0, 1)
    )
    axes.legend(title="policy (mean)", fontsize=8, title_fontsize=8, frameon=False, loc="lower right")
    return _saved(figure, folder, "ranking")


def plot_runs(runs: Mapping[str, Sequence[Run]], target: str, folder: Path) -> list[Path]:
    """Mean best-so-far with its standard error: ``reactions.svg`` and ``reactions.png``."""
    figure, axes = _sheet()
    for name, style in _styles(list(runs)):
        best = np.array([run.best for run in runs[name]])
        mean, error = best.mean(axis=0), best.std(axis=0) / np.sqrt(len(best))
        number = np.arange(1, len(mean) + 1)
        axes.plot(number, mean, label=name, **style)
        axes.fill_between(number, mean - error, mean + error, color=style["color"], alpha=0.12, linewidth=0)
    axes.set(xlabel="experiments", ylabel=f"best {target} so far, mean over seeds", xlim=(1, None))
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return _saved(figure, folder, "reactions")


def _sheet() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _styles(names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            name,
            {
                "color": COLOURS[place % len(COLOURS)],
                "linestyle": "-" if place < len(COLOURS) else "--",
                "linewidth": 2.6 if name == DEFAULT else 1.4,
            },
        )
        for place, name in enumerate(names)
    ]


def _saved(figure: Figure, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{form}" for form in ("svg", "png")]
    for path in paths:
        figure.savefig(path, dpi=150)
    return paths
