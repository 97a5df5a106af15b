"""``touchstone bench ranking``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from typer.core import TyperCommand

from cli.console import output, progress
from cli.results import check_folder


class Spread(TyperCommand):
    """A command whose repeatable options may also be given once, with several values: ``--pool A B C``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        repeatable = {name for one in self.params if getattr(one, "multiple", False) for name in one.opts}
        spread: list[str] = []
        option = ""
        for place, word in enumerate(args):
            if word.startswith("-"):
                option = word if word in repeatable else ""
            elif option and args[place - 1] != option:
                spread.append(option)
            spread.append(word)
        return super().parse_args(ctx, spread)


def ranking(
    pool: Annotated[list[Path], typer.Option(help="Pool files. Repeatable.", show_default=False)],
    truth: Annotated[
        Literal["out", "in"], typer.Option(help="Take the ground truth out of the pool, or keep it in.")
    ] = "out",
    policy: Annotated[
        list[str] | None, typer.Option(help="Only these policies. Repeatable.", show_default=False)
    ] = None,
    sigma2: Annotated[float, typer.Option(min=1e-9, help="Width of the simulator's curve.")] = 1000.0,
    noise: Annotated[float, typer.Option(min=0, help="Standard deviation of a measurement.")] = 0.05,
    landscape: Annotated[int, typer.Option(min=0, max=3, help="Ruggedness, 0 to 3.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Campaigns for each policy and pool.")] = 20,
    out: Annotated[Path, typer.Option(help="Folder for the plot.")] = Path("out"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count the experiments that each policy needs to find the best candidate of a pool."""
    from agents.benchmarks.ranking_plots import plot_trials
    from agents.benchmarks.trials import Setting, document, run_trials
    from config import load_settings
    from knowledge.embedding import load_embedder

    check_folder(out)
    setting = Setting(truth, sigma2, noise, landscape, seeds)
    with progress() as report:
        trials = run_trials(pool, policy or [], setting, load_embedder(load_settings().embedding), report)
    figures = document(trials)
    plots = plot_trials(trials, out)
    if as_json:
        print(json.dumps({**figures, "setting": asdict(setting), "plots": [str(path) for path in plots]}))
        return
    output.print(_table(figures, setting.truth))
    output.print(f"Plot: {plots[0]}", markup=False, highlight=False, soft_wrap=True)


def _table(figures: dict[str, Any], truth: str) -> Table:
    table = Table(
        title=f"Experiments until the best candidate is tested (truth {truth})", title_justify="left"
    )
    for name in ("policy", "mean", "median", "p90"):
        table.add_column(name, justify="left" if name == "policy" else "right", no_wrap=True)
    for name in figures["pools"]:
        table.add_column(name, justify="right")
    for count in figures["declared_regret"]:
        table.add_column(f"regret after {count}", justify="right")
    for name, one in figures["policies"].items():
        table.add_row(
            name,
            f"{one['trials_to_best']:.1f}",
            f"{one['trials_median']:.1f}",
            f"{one['trials_p90']:.1f}",
            *(f"{mean:.1f}" for mean in one["pools"].values()),
            *(f"{regret:.3f}" for regret in one["declared_regret"].values()),
        )
    return table
