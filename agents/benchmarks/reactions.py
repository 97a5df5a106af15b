"""Policies on a table of measured reactions: the best yield after so many experiments."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from agents.benchmarks.entrants import DEFAULT, chosen
from agents.molecules import descriptors
from ranking import Campaign, Candidate, policy
from ranking.policies import POLICIES
from records.errors import BadInput

EVERY = 5
"""Experiments between two figures."""

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Table:
    """Measured reactions: what may be seen of each, and what came out."""

    candidates: tuple[Candidate, ...]
    yields: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One campaign under one seed."""

    order: tuple[int, ...]
    """Rows in the order of testing."""
    best: tuple[float, ...]
    """Best yield so far, after each experiment."""
    seconds: float
    """Per recommendation."""


def read_table(path: Path, features: Sequence[str], target: str, smiles: Sequence[str] = ()) -> Table:
    """The table's rows as candidates; BadInput for a file or a column that is none, or a target no number.

    A feature whose values are numbers is a quantity, any other a category. One that names the same things as
    a column of SMILES is left to their descriptors: two descriptions of one thing would count it twice.
    """
    columns = _columns(path, [*features, *smiles, target])
    values = [_number(path, target, row, text) for row, text in enumerate(columns[target], 2)]
    if len(values) < 2:
        raise BadInput("bad_table", f"{path} has fewer than two rows")
    molecules = {name: descriptors(columns[name]) for name in dict.fromkeys(smiles)}
    plain = [
        name
        for name in dict.fromkeys(features)
        if name not in molecules and not any(_same(columns[name], columns[one]) for one in molecules)
    ]
    known = {name: _quantities(columns[name]) or columns[name] for name in plain}
    candidates = tuple(
        Candidate(
            id=str(row),
            features={name: column[row] for name, column in known.items()},
            descriptors={name: column[row] for name, column in molecules.items()},
        )
        for row in range(len(values))
    )
    return Table(candidates, tuple(values))


def _columns(path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = reader.fieldnames or []
            missing = [name for name in names if name not in header]
            if missing:
                raise BadInput(
                    "no_column", f"{path} has no column '{missing[0]}'; it has {', '.join(header) or 'none'}"
                )
            rows = list(reader)
    except OSError as error:
        raise BadInput("no_table", f"{path} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput("bad_table", f"{path} is not a table of comma-separated values ({error})") from None
    for number, row in enumerate(rows, 2):
        empty = [name for name in names if not (row[name] or "").strip()]
        if empty:
            raise BadInput("bad_table", f"{path}, line {number}: nothing stands under '{empty[0]}'")
    return {name: [row[name].strip() for row in rows] for name in names}


def _number(path: Path, name: str, line: int, text: str) -> float:
    number = _parsed(text)
    if number is None:
        raise BadInput("bad_table", f"{path}, line {line}: '{text}' under '{name}' is no number")
    return number


def _parsed(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _quantities(texts: Sequence[str]) -> list[float] | None:
    numbers = [_parsed(text) for text in texts]
    found = [number for number in numbers if number is not None]
    return found if len(found) == len(texts) else None


def _same(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether two columns tell the same rows apart."""
    return len(set(left)) == len(set(right)) == len(set(zip(left, right, strict=True)))


def first_row(size: int, seed: int) -> int:
    """The experiment with which every method starts under a seed, the rivals of ``bench`` too."""
    return int(np.random.default_rng(seed).integers(size))


def run_one(table: Table, name: str, budget: int, seed: int) -> Run:
    """One policy under one seed, from the seed's first experiment on."""
    campaign = Campaign(table.candidates, policy=policy(name), seed=seed)
    row = first_row(len(table.yields), seed)
    order, best, spent = [row], [table.yields[row]], 0.0
    campaign.add_result(str(row), table.yields[row])
    while len(best) < min(budget, len(table.yields)):
        started = time.perf_counter()
        [id] = campaign.recommend()
        spent += time.perf_counter() - started
        score = table.yields[int(id)]
        campaign.add_result(id, score)
        order.append(int(id))
        best.append(max(best[-1], score))
    return Run(tuple(order), tuple(best), spent / max(len(best) - 1, 1))


def run_table(
    table: Table,
    names: Sequence[str],
    budget: int,
    seeds: int,
    report: Report = lambda stage, done, total: None,
) -> dict[str, list[Run]]:
    """Runs by policy, one a seed. Without a prior score the pre-experiment ranking has nothing to say."""
    runs: dict[str, list[Run]] = {}
    for name in chosen(names, [name for name in POLICIES if name != "prior"]):
        runs[name] = []
        for seed in range(seeds):
            runs[name].append(run_one(table, name, budget, seed))
            report(name, seed + 1, seeds)
    return runs


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """One policy's figures, means over the seeds."""
    length = len(runs[0].best)
    marks = sorted({*range(EVERY, length + 1, EVERY), length})
    return {
        "best_after": {str(mark): fmean(run.best[mark - 1] for run in runs) for mark in marks},
        "seconds_per_recommendation": fmean(run.seconds for run in runs),
    }


def document(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """All figures as one object, those of the default policy (or of the only one) at its top."""
    policies = {name: summary(of_policy) for name, of_policy in runs.items()}
    first = DEFAULT if DEFAULT in policies else next(iter(policies))
    return {"policy": first, **policies[first], "policies": policies}
