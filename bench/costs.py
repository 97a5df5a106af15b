"""What knowing the costs saves: pools whose candidates cost unequally, the policy told so or not.

``python -m bench.costs POOL.json... [--truth in] [--seeds 10] [--json]``. Costs are drawn for each seed, with
mean 1, and are the same for both; the figure is the sum of costs until the best is tested.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from agents.benchmarks.pools import Described, Pool, describe, read_pool
from config import load_settings
from knowledge.embedding import load_embedder
from ranking import Campaign
from simulator.draws import generator
from simulator.response import performance

NOISE = 0.05

Draw = Callable[[np.random.Generator, NDArray[np.float64]], NDArray[np.float64]]


def _dear(random: np.random.Generator, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    standing = (scores - scores.mean()) / scores.std()
    return np.asarray(np.exp(0.5 * standing + 0.7 * random.standard_normal(len(scores))))


COSTS: Mapping[str, Draw] = {
    "unequal (log-normal, 1)": lambda random, scores: np.exp(random.standard_normal(len(scores))),
    "nearly equal (log-normal, 0.4)": lambda random, scores: np.exp(
        0.4 * random.standard_normal(len(scores))
    ),
    "1 or 10": lambda random, scores: np.where(random.random(len(scores)) < 0.5, 1.0, 10.0),
    "the better, the dearer": _dear,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pools", nargs="+", type=Path)
    parser.add_argument("--truth", choices=("out", "in"), default="out")
    parser.add_argument("--sigma2", type=float, default=1000.0)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    asked = parser.parse_args()
    read = [read_pool(path, asked.truth) for path in asked.pools]
    seen = describe([pool for pool, _ in read], load_embedder(load_settings().embedding))
    figures = {}
    for name, draw in COSTS.items():
        pairs = []
        for (pool, hidden), described in zip(read, seen, strict=True):
            values = performance(list(hidden.values()), sigma2=asked.sigma2)
            scores = dict(zip(hidden, map(float, values), strict=True))
            pairs += [_pair(pool, described, scores, draw, seed) for seed in range(asked.seeds)]
        blind, told = (fmean(pair[n] for pair in pairs) for n in (0, 1))
        lower = fmean(pair[1] < pair[0] for pair in pairs)
        figures[name] = {"blind": blind, "told": told, "lower": lower}
    if asked.json:
        print(json.dumps({"seeds": asked.seeds, "costs": figures}))
        return
    print(f"{'costs':32s}{'not told':>10s}{'told':>8s}  lower in")
    for name, one in figures.items():
        print(f"{name:32s}{one['blind']:10.1f}{one['told']:8.1f}  {one['lower']:.0%}")


def _pair(
    pool: Pool, described: Described, scores: Mapping[str, float], draw: Draw, seed: int
) -> tuple[float, float]:
    """What it costs to find the best without and with knowing the costs."""
    random = generator("costs", seed, pool.name)
    drawn = draw(random, np.array([scores[one.id] for one in described.candidates]))
    costs = {one.id: float(c) for one, c in zip(described.candidates, drawn / drawn.mean(), strict=True)}
    plain = Campaign(described.candidates, seed=seed, trait_vectors=described.trait_vectors)
    told = Campaign(
        [replace(one, cost=costs[one.id]) for one in described.candidates],
        seed=seed,
        trait_vectors=described.trait_vectors,
    )
    blind, aware = (_spent(campaign, pool, scores, costs, seed) for campaign in (plain, told))
    return blind, aware


def _spent(
    campaign: Campaign, pool: Pool, scores: Mapping[str, float], costs: Mapping[str, float], seed: int
) -> float:
    best, total = max(scores.values()), 0.0
    while True:
        [id] = campaign.recommend()
        total += costs[id]
        if scores[id] >= best:
            return total
        error = NOISE * generator("noise", seed, pool.name, id, 0).standard_normal()
        campaign.add_result(id, scores[id] + error, sem=NOISE)


if __name__ == "__main__":
    main()
