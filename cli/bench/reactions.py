"""``touchstone bench reactions``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Printed

from cli.console import output, progress
from cli.results import check_folder


def reactions(
    table: Annotated[Path, typer.Option(help="CSV, one measured reaction a row.", show_default=False)],
    features: Annotated[
        list[str],
        typer.Option(help="Columns that may be chosen. Repeatable, or with commas.", show_default=False),
    ],
    target: Annotated[str, typer.Option(help="Column to maximise.", show_default=False)],
    smiles: Annotated[
        list[str] | None,
        typer.Option(help="Columns of SMILES. Repeatable, or separated by commas.", show_default=False),
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="Only these policies. Repeatable.", show_default=False)
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Experiments of each campaign.")] = 30,
    seeds: Annotated[int, typer.Option(min=1, help="Campaigns for each policy.")] = 20,
    out: Annotated[Path, typer.Option(help="Folder for the plot.")] = Path("out"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Follow the best measured value of a table as each policy tests its rows."""
    from agents.benchmarks.ranking_plots import plot_runs
    from agents.benchmarks.reactions import document, read_table, run_table

    check_folder(out)
    read = read_table(table, _names(features), target, _names(smiles or []))
    with progress() as report:
        runs = run_table(read, policy or [], budget, seeds, report)
    figures = document(runs)
    plots = plot_runs(runs, target, out)
    if as_json:
        print(json.dumps({**figures, "seeds": seeds, "plots": [str(path) for path in plots]}))
        return
    output.print(_table(figures, target))
    output.print(f"Plot: {plots[0]}", markup=False, highlight=False, soft_wrap=True)


def _names(given: list[str]) -> list[str]:
    return [name.strip() for one in given for name in one.split(",") if name.strip()]


def _table(figures: dict[str, Any], target: str) -> Printed:
    printed = Printed(title=f"Mean best {target} after so many experiments", title_justify="left")
    printed.add_column("policy", no_wrap=True)
    for mark in figures["best_after"]:
        printed.add_column(mark, justify="right")
    printed.add_column("ms a recommendation", justify="right")
    for name, one in figures["policies"].items():
        printed.add_row(
            name,
            *(f"{best:.1f}" for best in one["best_after"].values()),
            f"{1000 * one['seconds_per_recommendation']:.1f}",
        )
    return printed
