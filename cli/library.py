"""``touchstone ingest`` and ``touchstone search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import output, progress, show_left_out
from cli.session import library, session


def ingest(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, BibTeX, RIS or PDF.", show_default=False)],
) -> None:
    """Read papers into the library: once each, whatever file they come in."""
    from knowledge.arrivals import welcome

    with session() as opened, library(opened) as papers, progress() as report:
        ingested = papers.ingest(files, report, pdf=opened.settings.pdf)
        touched = welcome(papers, opened.database, opened.workspace_id, ingested.added_ids, report)
    output.print(f"{ingested.added} papers added, {ingested.known} known already.", highlight=False)
    if ingested.linked:
        output.print(f"{ingested.linked} linked as versions of one work.", highlight=False)
    if touched:
        output.print(f"{touched} hypotheses are touched by what is new.", highlight=False)
    show_left_out(ingested.broken)
    if ingested.broken:
        raise typer.Exit(2)


def search(
    text: Annotated[str, typer.Argument(help="What to look for, in words.", show_default=False)],
    limit: Annotated[int, typer.Option(min=1, max=200, help="Passages to show.")] = 10,
) -> None:
    """Find the passages of the library that are nearest to a text, by meaning and by words."""
    with session() as opened, library(opened) as papers:
        hits = papers.search(text, limit=limit)
    if not hits:
        output.print("The library is empty; read papers into it with: touchstone ingest FILE")
    for place, hit in enumerate(hits, 1):
        year = f" ({hit.year})" if hit.year else ""
        ranks = ", ".join(
            f"{name} #{rank}"
            for name, rank in (("meaning", hit.dense_rank), ("words", hit.lexical_rank))
            if rank is not None
        )
        output.print(f"{place}. {hit.title}{year}", style="bold", markup=False, highlight=False)
        output.print(f"   {ranks}", style="dim", markup=False, highlight=False)
        output.print(f"   {hit.text}", markup=False, highlight=False)
