"""``touchstone simulator fit`` and ``touchstone simulator explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from agents.requests import read_laboratory
from cli.bench.simulator import MATCHERS
from cli.console import errors, output
from config import load_settings
from records.errors import BadInput

app = typer.Typer(help="Calibrate the simulated laboratory, and ask it why.", no_args_is_help=True)


@app.command()
def fit(
    outcomes: Annotated[Path, typer.Option(help="Groups of hypotheses with reported outcomes, as JSON.")],
    matcher: Annotated[str, typer.Option(help="embedding or recorded.")] = "embedding",
    out: Annotated[Path, typer.Option(help="The calibration's file.")] = Path("calibration.json"),
) -> None:
    """Fit the response to reported outcomes, and say how wrong it is on groups that it has not seen."""
    if matcher not in MATCHERS[:2]:
        raise BadInput(
            "unknown_matcher", f"There is nothing to fit for '{matcher}': use embedding or recorded."
        )
    from agents.benchmarks import outcomes as room
    from cli.results import write_text
    from knowledge.embedding import load_embedder
    from simulator import calibration

    groups = room.read_outcomes(outcomes)
    found = room.evidence(groups, load_embedder(load_settings().embedding), matcher=matcher)
    made, unseen = calibration.fit([one for one, _ in found], fitted_on=outcomes.name)
    write_text(out, json.dumps({**made.to_json(), "left_out": _short(room.summary(unseen))}, indent=2) + "\n")
    summary = room.summary(unseen)
    output.print(
        f"Fitted on {made.groups} groups; each left out once: Spearman {summary['spearman']:.3f}, "
        f"{summary['perfect']} perfectly ordered, RMSE {summary['rmse']:.3f}.",
        highlight=False,
    )
    errors.print(f"{out} is written.", highlight=False, soft_wrap=True)


def _short(summary: dict[str, object]) -> dict[str, object]:
    return {name: summary[name] for name in ("spearman", "perfect", "rmse", "mae", "rmsle")}


@app.command()
def explain(
    truth: Annotated[
        Path, typer.Argument(help="The ground truth of a simulated laboratory.", show_default=False)
    ],
    text: Annotated[str | None, typer.Argument(help="The candidate, in words.", show_default=False)] = None,
    point: Annotated[
        list[str] | None,
        typer.Option(help="A key point, NAME or NAME: ROLE, instead of the text. Repeatable."),
    ] = None,
) -> None:
    """Show which key points of the truth a candidate matches, how far and why, and what comes of it."""
    if (text is None) == (not point):
        raise BadInput("text_or_points", "Give the candidate either as a text or by --point.")
    spec = read_laboratory(f"simulated:{truth}")
    from agents.whatif import explain as explained
    from knowledge.embedding import load_embedder

    answer = explained(spec, load_embedder(load_settings().embedding), text=text or "", points=point or [])
    table = Table(show_edge=False, pad_edge=False)
    for name, side in (
        ("weight", "right"),
        ("key point of the truth", "left"),
        ("found in the candidate", "left"),
    ):
        table.add_column(name, justify="right" if side == "right" else "left")
    table.add_column("m", justify="right")
    table.add_column("because")
    for match in answer.matches:
        table.add_row(
            f"{match.key_point.weight:.0f}",
            match.key_point.name,
            match.found.name if match.found else "–",
            f"{match.m:.2f}",
            match.reason,
        )
    output.print(table)
    relevance = "" if answer.relevant else " The candidate is without what the truth rests on most, so R = 0."
    output.print(
        f"s = {answer.similarity:.1f}, x = R s − 100 = {answer.distance:.1f}, response f(x) = "
        f"{answer.performance:.3f}.{relevance}",
        highlight=False,
        soft_wrap=True,
    )
