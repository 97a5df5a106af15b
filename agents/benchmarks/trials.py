"""Policies on pools: how many experiments until the best candidate is tested, and what would be declared."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from agents.benchmarks.entrants import DEFAULT, POOL_ENTRANTS, Entrant, chosen
from agents.benchmarks.pools import Described, Pool, Truth, describe, read_pool
from knowledge.embedding import Embedder
from ranking import Campaign, policy
from records.errors import BadInput
from simulator.draws import generator
from simulator.response import Landscape

DECLARED = (5, 10, 20)
"""Numbers of experiments after which a policy has to say which candidate is the best."""

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the simulated laboratory is like."""

    truth: Truth = "out"
    sigma2: float = 1000.0
    noise: float = 0.05
    landscape: int = 0
    seeds: int = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One campaign on one pool under one seed."""

    experiments: int
    """Until the best candidate was tested."""
    regret: Mapping[int, float]
    """The best candidate's performance less that of the declared one, by number of experiments."""
    order: tuple[str, ...]
    """What was tested."""
    seconds: float
    """Per recommendation."""


def run_trial(
    pool: Pool,
    described: Described,
    entrant: Entrant,
    performance: Mapping[str, float],
    noise: float,
    seed: int,
) -> Trial:
    """Test what the policy recommends until the best candidate is found and all declarations are made.

    The noise of a measurement hangs on seed, pool and candidate alone, so that all policies meet the same.
    """
    campaign = Campaign(
        entrant.candidates(pool, described),
        policy=policy(entrant.policy),
        seed=seed,
        trait_vectors=described.trait_vectors,
    )
    best = max(performance.values())
    tested: list[str] = []
    regret: dict[int, float] = {}
    found, spent = 0, 0.0
    while not found or (len(tested) < max(DECLARED) and len(tested) < len(performance)):
        started = time.perf_counter()
        [id] = campaign.recommend()
        spent += time.perf_counter() - started
        tested.append(id)
        error = noise * generator("noise", seed, pool.name, id, 0).standard_normal()
        campaign.add_result(id, performance[id] + error, sem=noise)
        if not found and performance[id] >= best:
            found = len(tested)
        if len(tested) in DECLARED:
            regret[len(tested)] = best - performance[campaign.ranking()[0].id]
    return Trial(found, regret, tuple(tested), spent / len(tested))


def run_trials(
    paths: Sequence[Path],
    names: Sequence[str],
    setting: Setting,
    embedder: Embedder,
    report: Report = lambda stage, done, total: None,
) -> dict[str, dict[str, list[Trial]]]:
    """Trials by policy and pool, one a seed; BadInput for a file or a policy that is none."""
    entrants = [POOL_ENTRANTS[name] for name in chosen(names, list(POOL_ENTRANTS))]
    read = [read_pool(path, setting.truth) for path in paths]
    twice = {pool.name for pool, _ in read if sum(other.name == pool.name for other, _ in read) > 1}
    if twice:
        raise BadInput("same_pool", f"two of the files are named {min(twice)}; give each another name")
    described_pools = describe([pool for pool, _ in read], embedder)
    pools = [(pool, seen, hidden) for (pool, hidden), seen in zip(read, described_pools, strict=True)]
    trials: dict[str, dict[str, list[Trial]]] = {}
    total = len(pools) * setting.seeds
    for entrant in entrants:
        of_pool = trials[entrant.name] = {pool.name: [] for pool, _, _ in pools}
        for number in range(total):
            seed, place = divmod(number, len(pools))
            pool, described, hidden = pools[place]
            performance = _performance(hidden, setting, seed)
            of_pool[pool.name].append(run_trial(pool, described, entrant, performance, setting.noise, seed))
            report(entrant.name, number + 1, total)
    return trials


def _performance(hidden: Mapping[str, float], setting: Setting, seed: int) -> dict[str, float]:
    landscape = Landscape.draw(setting.landscape, seed)
    values = landscape.performance(list(hidden.values()), sigma2=setting.sigma2)
    return dict(zip(hidden, values.tolist(), strict=True))


def summary(of_pool: Mapping[str, Sequence[Trial]]) -> dict[str, Any]:
    """One policy's figures: over all trials, and the mean of each pool."""
    trials = [trial for some in of_pool.values() for trial in some]
    experiments = [trial.experiments for trial in trials]
    return {
        "trials_to_best": fmean(experiments),
        "trials_median": float(np.median(experiments)),
        "trials_p90": float(np.percentile(experiments, 90)),
        "pools": {name: fmean(trial.experiments for trial in some) for name, some in of_pool.items()},
        "declared_regret": {
            str(count): fmean(trial.regret[count] for trial in trials)
            for count in DECLARED
            if all(count in trial.regret for trial in trials)
        },
        "seconds_per_recommendation": fmean(trial.seconds for trial in trials),
    }


def document(trials: Mapping[str, Mapping[str, Sequence[Trial]]]) -> dict[str, Any]:
    """All figures as one object, those of the default policy (or of the only one) at its top."""
    policies = {name: summary(of_pool) for name, of_pool in trials.items()}
    first = DEFAULT if DEFAULT in policies else next(iter(policies))
    return {"policy": first, **policies[first], "policies": policies}
