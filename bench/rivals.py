"""BayBE on a table of reactions, from the first experiments of ``touchstone bench reactions``, both timed.

``python -m bench.rivals TABLE.csv --python /tmp/rivals/bin/python --features Base Ligand Solvent Temp_C
--smiles Base_SMILES Ligand_SMILES Solvent_SMILES --target yield``. BayBE brings its own torch, so it lives in
an interpreter of its own: ``python -m venv /tmp/rivals && /tmp/rivals/bin/pip install 'baybe[chem]'``. A
feature that names the same things as a column of SMILES is encoded one-hot, or by MORDRED from its SMILES;
other categories are one-hot in both, numbers are discrete numbers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from agents.benchmarks.reactions import EVERY, first_row, read_table, run_table, summary

ENCODINGS = ("OHE", "MORDRED")

RIVAL = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd, torch
from baybe import Campaign
from baybe.objectives import SingleTargetObjective
from baybe.parameters import CategoricalParameter, NumericalDiscreteParameter, SubstanceParameter
from baybe.searchspace import SearchSpace
from baybe.targets import NumericalTarget
torch.set_num_threads(1)
asked = json.load(sys.stdin)
table, target = pd.read_csv(asked["table"]), asked["target"]
parameters = []
for name in asked["features"]:
    values = table[name]
    molecule = next((s for s in asked["smiles"] if len(set(zip(values, table[s]))) == values.nunique()
                     == table[s].nunique()), None)
    if asked["encoding"] != "OHE" and molecule:
        data = dict(zip(values, table[molecule]))
        parameters.append(SubstanceParameter(name, data=data, encoding=asked["encoding"]))
    elif pd.api.types.is_numeric_dtype(values):
        parameters.append(NumericalDiscreteParameter(name, values=sorted(set(values))))
    else:
        parameters.append(CategoricalParameter(name, values=sorted(set(values)), encoding="OHE"))
columns = asked["features"]
space = SearchSpace.from_dataframe(table[columns], parameters)
measured = {tuple(row[:-1]): row[-1] for row in table[columns + [target]].itertuples(index=False, name=None)}
for seed, first in enumerate(asked["first"]):
    torch.manual_seed(seed)
    campaign = Campaign(space, SingleTargetObjective(NumericalTarget(target)))
    campaign.add_measurements(table.loc[[first], columns + [target]])
    best, spent = [float(table.loc[first, target])], 0.0
    while len(best) < asked["budget"]:
        started = time.perf_counter()
        wanted = campaign.recommend(batch_size=1)
        spent += time.perf_counter() - started
        score = measured[tuple(wanted[columns].iloc[0])]
        wanted[target] = score
        campaign.add_measurements(wanted)
        best.append(max(best[-1], float(score)))
    print(json.dumps({"best": best, "seconds": spent / max(len(best) - 1, 1)}), flush=True)
"""
"""What the other interpreter runs: one line of JSON a seed."""


@dataclass(frozen=True, slots=True)
class Asked:
    table: Path
    features: list[str]
    smiles: list[str]
    target: str
    budget: int
    seeds: int
    python: Path
    json: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--features", nargs="+", required=True)
    parser.add_argument("--smiles", nargs="*", default=[])
    parser.add_argument("--target", required=True)
    parser.add_argument("--budget", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--python", type=Path, required=True, help="interpreter that has BayBE")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    asked = Asked(**vars(parser.parse_args()))
    figures = {"touchstone": _ours(asked), "touchstone, no SMILES": _ours(asked, smiles=False)}
    for encoding in ENCODINGS if asked.smiles else ENCODINGS[:1]:
        figures[f"BayBE {encoding}"] = _rival(asked, encoding)
    if asked.json:
        print(json.dumps({"seeds": asked.seeds, "methods": figures}))
    else:
        show(figures)


def _ours(asked: Asked, *, smiles: bool = True) -> dict[str, Any]:
    table = read_table(asked.table, asked.features, asked.target, asked.smiles if smiles else ())
    return summary(run_table(table, ["surrogate"], asked.budget, asked.seeds)["surrogate"])


def _rival(asked: Asked, encoding: str) -> dict[str, Any]:
    """BayBE's default recommender; an error of its process ends this one."""
    size = len(read_table(asked.table, asked.features, asked.target).yields)
    task = {
        "table": str(asked.table),
        "features": asked.features,
        "smiles": asked.smiles,
        "target": asked.target,
        "budget": min(asked.budget, size),
        "encoding": encoding,
        "first": [first_row(size, seed) for seed in range(asked.seeds)],
    }
    told = subprocess.run(
        [asked.python, "-c", RIVAL], input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True
    )
    runs = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    marks = range(EVERY, len(runs[0]["best"]) + 1, EVERY)
    return {
        "best_after": {str(mark): fmean(run["best"][mark - 1] for run in runs) for mark in marks},
        "seconds_per_recommendation": fmean(run["seconds"] for run in runs),
    }


def show(figures: dict[str, dict[str, Any]]) -> None:
    marks = list(next(iter(figures.values()))["best_after"])
    print(f"{'method':22s}" + "".join(f"{mark:>8s}" for mark in marks) + "  seconds a recommendation")
    for name, one in figures.items():
        best = "".join(f"{value:8.1f}" for value in one["best_after"].values())
        print(f"{name:22s}{best}  {one['seconds_per_recommendation']:.4f}")


if __name__ == "__main__":
    main()
