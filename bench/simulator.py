"""How fast the simulated laboratory is, how it looks, and how it compares with a plain embedding.

``python -m bench.simulator [--picture FILE] [--outcomes FILE]``: seconds for a million experiments, each with
noise of its own; a picture of landscapes and kinds of noise; and on reported outcomes the matchers beside the
cosine of whole texts, all predicted by fits on the other groups.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from agents.benchmarks.outcomes import OutcomeGroup, evidence, read_outcomes, summary
from config import load_settings
from knowledge.embedding import Embedder, load_embedder
from simulator import Landscape, Noise, performance
from simulator.calibration import Evidence, fit

EXPERIMENTS = 1_000_000
RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--picture", type=Path, help="draw landscapes and noise into this PNG")
    parser.add_argument("--outcomes", type=Path, help="groups of hypotheses with reported outcomes")
    asked = parser.parse_args()
    print(json.dumps({"experiments": EXPERIMENTS, **timed()}))
    if asked.picture is not None:
        draw(asked.picture)
    if asked.outcomes is not None:
        compare(read_outcomes(asked.outcomes))


def compare(groups: Sequence[OutcomeGroup]) -> None:
    """A line for each way to judge a candidate."""
    embedder = load_embedder(load_settings().embedding)
    bare = [
        replace(group, key_points=(), candidates=tuple(replace(one, traits=()) for one in group.candidates))
        for group in groups
    ]
    ways = {
        "cosine of the texts": [cosine(group, embedder) for group in groups],
        "embedding": [one for one, _ in evidence(groups, embedder)],
        "embedding, texts alone": [one for one, _ in evidence(bare, embedder)],
    }
    if all(one.judged for group in groups for one in group.candidates):
        recorded = [one for one, _ in evidence(groups, embedder, matcher="recorded")]
        ways["recorded overlap"] = [replace(one, direct=None) for one in recorded]
        ways["recorded"] = recorded
    print("way                     spearman  in order   rmse  | without the truth: spearman   rmse")
    for name, found in ways.items():
        answer = summary(fit(found, fitted_on="the others")[1])
        rest = answer["without_truth"]
        print(
            f"{name:22s}  {answer['spearman']:8.3f}  {answer['perfect']:3d} of {len(found):2d}"
            f"  {answer['rmse']:.3f}  |  {rest['spearman']:26.3f}  {rest['rmse']:.3f}"
        )


def cosine(group: OutcomeGroup, embedder: Embedder) -> Evidence:
    """The rival: likeness of the whole texts, with no key point in between."""
    vectors = embedder.embed([group.ground_truth, *(one.text for one in group.candidates)]).astype(float)
    likeness = np.clip(vectors[1:] @ vectors[0], 0.0, 1.0)
    return Evidence(
        group.name,
        tuple((100 * likeness).tolist()),
        (True,) * len(group.candidates),
        tuple(one.outcome for one in group.candidates),
        tuple(one.text.strip() == group.ground_truth.strip() for one in group.candidates),
    )


def timed() -> dict[str, dict[str, float]]:
    """Seconds for a million experiments: the least, median and most of some runs."""
    rng = np.random.default_rng(0)
    s = rng.uniform(0, 100, EXPERIMENTS)
    keys = rng.integers(0, 2**63, EXPERIMENTS).astype(np.uint64)
    everything = Noise(0.05, proportional=0.1, drift=0.01, outlier_rate=0.01, failure_rate=0.05)
    cases = {
        "smooth, additive noise": (Landscape.draw(0, 1), Noise(0.05)),
        "rugged (level 3), every kind of noise": (Landscape.draw(3, 1), everything),
    }
    found = {}
    for name, (landscape, noise) in cases.items():
        seconds = []
        for run in range(RUNS):
            started = time.perf_counter()
            noise.measure(landscape.performance(s), keys, seed=run)
            seconds.append(time.perf_counter() - started)
        found[name] = {"least": min(seconds), "median": median(seconds), "most": max(seconds)}
    return found


def draw(path: Path) -> None:
    figure = Figure(figsize=(12, 9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, 3)
    s = np.linspace(0, 100, 2000)
    for level, panel in zip(range(4), axes.flat, strict=False):
        for seed in range(3):
            panel.plot(s, Landscape.draw(level, seed).performance(s), linewidth=1)
        panel.set_title(f"landscape, level {level}: three seeds", fontsize=10)
    kinds = {
        "additive 0.05": Noise(),
        "proportional 0.2": Noise(0.0, proportional=0.2),
        "heteroscedastic, 8 times": Noise(0.01, heteroscedastic=8),
        "detection limit 0.1, saturation 0.8": Noise(0.05, detection_limit=0.1, saturation=0.8),
        "outliers, 5 %": Noise(0.02, outlier_rate=0.05),
    }
    keys = np.arange(len(s), dtype=np.uint64)
    for (name, noise), panel in zip(kinds.items(), axes.flat[4:], strict=True):
        panel.plot(s, noise.measure(performance(s), keys, seed=1)[0], ".", markersize=2, color="#0b6e6e")
        panel.plot(s, performance(s), color="#1c2426", linewidth=1)
        panel.set_title(name, fontsize=10)
    for panel in axes[-1]:
        panel.set_xlabel("similarity s to the hidden truth")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
