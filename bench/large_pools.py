"""How long one recommendation takes in a large pool of texts, and how much memory.

``OMP_NUM_THREADS=1 python -m bench.large_pools 10000 1000 [--traits] [--prior] [--runs 3]``: candidates and
results; prints one JSON object. A result comes in before every recommendation, so that each fits anew. Texts
have 384 dimensions in single precision; traits are 4 a candidate, drawn from 400 names. Seconds are those of
the processor: what runs beside this does not count.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ranking import Campaign, Candidate

DIMENSION = 384
NAMES = 400
TRAITS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    candidates: int
    results: int
    traits: bool
    prior: bool
    runs: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("candidates", type=int)
    parser.add_argument("results", type=int)
    parser.add_argument("--traits", action="store_true")
    parser.add_argument("--prior", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    print(json.dumps(measured(Asked(**vars(parser.parse_args())))))


def measured(asked: Asked) -> dict[str, float | list[float]]:
    """Seconds and gigabytes; every recommended candidate gets a result that its text decides."""
    random = np.random.default_rng(0)
    vectors = random.standard_normal((asked.candidates, DIMENSION), dtype=np.float32)
    direction = random.standard_normal(DIMENSION)
    named = {f"trait {n}": random.standard_normal(DIMENSION).tolist() for n in range(NAMES)}
    names = list(named)
    sets = random.integers(NAMES, size=(asked.candidates, TRAITS))
    pool = [
        Candidate(
            str(n),
            traits=tuple(names[t] for t in sets[n]) if asked.traits else (),
            vector=vectors[n],
            prior=float(n % 97) if asked.prior else None,
        )
        for n in range(asked.candidates)
    ]
    before = _peak()
    started, campaign = time.process_time(), Campaign(pool, trait_vectors=named if asked.traits else {})
    seconds: dict[str, float | list[float]] = {"campaign": time.process_time() - started}

    def result(place: int) -> None:
        score = float(vectors[place] @ direction) / DIMENSION**0.5 + 0.3 * random.standard_normal()
        campaign.add_result(str(place), score)

    for place in random.choice(asked.candidates, asked.results, replace=False).tolist():
        result(place)
    times = []
    for _ in range(asked.runs):
        times.append(_timed(campaign.recommend))
        result(int(campaign.recommend()[0]))
    peak = _peak()
    seconds |= {"recommend": times, "ranking": _timed(campaign.ranking)}
    return {**seconds, "gigabytes_of_the_pool": before, "gigabytes_to_recommend": peak}


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _peak() -> float:
    """Most memory that the process ever held (Linux counts in kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
