"""``touchstone bench simulator``: simulated against reported outcomes."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from agents.requests import read_calibration
from cli.console import errors, output
from cli.results import check_folder
from config import load_settings
from records.errors import BadInput

MATCHERS = ("embedding", "recorded", "llm")
WORST = 3


def simulator(
    outcomes: Annotated[Path, typer.Option(help="Groups of hypotheses with reported outcomes, as JSON.")],
    matcher: Annotated[str, typer.Option(help="embedding, recorded or llm.")] = "embedding",
    calibration: Annotated[
        Path | None,
        typer.Option(help="A fit of `touchstone simulator fit`; without it, fitted on the other groups."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to draw predicted against reported (PNG).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare what the simulator says of hypotheses with what was reported of them.

    Each group is predicted by a calibration that was fitted on the others, unless one is given.
    """
    if matcher not in MATCHERS:
        raise BadInput("unknown_matcher", f"There is no matcher '{matcher}': use {', '.join(MATCHERS)}.")
    if out is not None:
        check_folder(out.parent)
    given = read_calibration(calibration) if calibration is not None else None
    from agents.benchmarks import outcomes as room
    from agents.benchmarks.judged import model_judge
    from knowledge.embedding import load_embedder
    from simulator.calibration import DEVELOPMENT, DEVELOPMENT_JUDGED, fit, predicted

    groups = room.read_outcomes(outcomes)
    settings = load_settings()
    judge = model_judge(settings.reasoner) if matcher == "llm" else nullcontext(None)
    with judge as ask:
        found = room.evidence(groups, load_embedder(settings.embedding), matcher=matcher, ask=ask)
    evidence = [one for one, _ in found]
    if given is None and len(evidence) < 3:
        given = DEVELOPMENT_JUDGED if matcher == "recorded" else DEVELOPMENT
        errors.print("Too few groups to fit to, so the shipped calibration is used.", highlight=False)
    unseen = (
        fit(evidence, fitted_on=outcomes.name)[1]
        if given is None
        else [predicted(given, one) for one in evidence]
    )
    answer = room.summary(unseen)
    if out is not None:
        from agents.benchmarks.outcome_plot import plot_outcomes

        plot_outcomes(unseen, out, f"{len(unseen)} groups, matcher: {matcher}")
    if as_json:
        print(json.dumps(answer))
        return
    output.print(_table(answer))
    order = sorted(
        range(len(unseen)), key=lambda n: (answer["groups"][n]["spearman"], -answer["groups"][n]["rmse"])
    )
    for place in order[:WORST]:
        group = answer["groups"][place]
        told = f"Group {group['group']} (Spearman {group['spearman']:.2f}, RMSE {group['rmse']:.2f}): "
        output.print(told + room.why(unseen[place], found[place][1]), markup=False, highlight=False)
    if out is not None:
        errors.print(f"{out} is drawn.", highlight=False)


def _table(answer: dict[str, Any]) -> Table:
    table = Table(
        title=f"{len(answer['groups'])} groups", title_justify="left", show_edge=False, pad_edge=False
    )
    for name in ("", "all", "95 %", "no truth", "95 %"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    rest = answer["without_truth"]
    for name in ("spearman", "rmse", "mae", "rmsle"):
        cells = [cell for part in (answer, rest) for cell in _cells(part, name)]
        table.add_row(name, *cells)
    counts = [f"{part['perfect']} of {part['ordered_groups']}" for part in (answer, rest)]
    table.add_row("in order", counts[0], "", counts[1], "")
    return table


def _cells(part: dict[str, Any], name: str) -> tuple[str, str]:
    low, high = part["intervals"][name]
    if part[name] is None:
        return "–", ""
    return f"{part[name]:.3f}", f"{low:.3f} to {high:.3f}"
