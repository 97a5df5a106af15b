"""``touchstone novelty``: how new hypotheses are against what is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import output, progress
from cli.session import library, session

if TYPE_CHECKING:
    from knowledge.novelty import Checked


def novelty(
    which: Annotated[str, typer.Argument(help="A run's or a hypothesis' id.", show_default=False)],
) -> None:
    """Hold a hypothesis, or all of a run, against what is published: 1 is new, 0 is known."""
    from knowledge.embedding import load_embedder
    from knowledge.novelty import check_hypothesis, check_run
    from records.errors import NotFound
    from records.repositories import Hypotheses

    with session() as opened, library(opened) as papers, progress() as report:
        embedder = load_embedder(opened.settings.embedding)
        place = opened.database, opened.workspace_id
        papers.embed(report)

        def find(text: str, limit: int) -> Sequence[str]:
            return [hit.passage_id for hit in papers.search(text, limit=limit)]

        try:
            checked = check_hypothesis(*place, which, embedder, find)
        except NotFound:
            scores = check_run(*place, which, embedder, find, report)
            with opened.database.read() as records:
                titles = dict(Hypotheses(records, opened.workspace_id).titles(which))
            _show_run(scores, titles)
            return
    _show_one(checked)


def _show_run(scores: dict[str, float], titles: dict[str, str]) -> None:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("novelty", justify="right")
    table.add_column("hypothesis", ratio=1)
    for hypothesis_id, score in sorted(scores.items(), key=lambda one: -one[1]):
        table.add_row(f"{score:.2f}", titles[hypothesis_id])
    output.print(table)


def _show_one(checked: Checked) -> None:
    output.print(f"Novelty {checked.score:.2f}", style="bold", highlight=False)
    for paper in checked.nearest:
        year = f" ({paper['year']})" if paper["year"] else ""
        line = f"{paper['score']:.2f}  {paper['title']}{year}"
        output.print(line, markup=False, highlight=False)
        for point in paper["key_points"]:
            told = f"        states: {point['name']} ({point['strength']:.0%})"
            output.print(told, style="dim", markup=False, highlight=False)
