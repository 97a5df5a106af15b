"""How fast the simulated laboratory is, and what its landscapes and kinds of noise look like.

``python -m bench.simulator [--picture FILE]``: a million experiments, each with its own noise, against the
same number drawn one by one from numpy's generator, which would hang on the order of measuring.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from simulator import Landscape, Noise, performance

EXPERIMENTS = 1_000_000
RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--picture", type=Path, help="draw landscapes and noise into this PNG")
    asked = parser.parse_args()
    print(json.dumps({"experiments": EXPERIMENTS, **timed()}))
    if asked.picture is not None:
        draw(asked.picture)


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
