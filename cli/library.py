"""``touchstone ingest`` and ``touchstone search``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.requests import read_text
from cli.console import errors, output, progress, show_left_out
from cli.session import Session, library, session
from records.errors import BadInput

if TYPE_CHECKING:
    from knowledge.search.request import Hit, Mode


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
    inspire: Annotated[
        bool, typer.Option("--inspire", help="TEXT is a question: find papers that might bring the idea.")
    ] = False,
    survey: Annotated[
        Path | None, typer.Option(help="A text file that tells what is known already.", show_default=False)
    ] = None,
    year_from: Annotated[int | None, typer.Option("--from", help="Not older.", show_default=False)] = None,
    year_to: Annotated[int | None, typer.Option("--to", help="Not younger.", show_default=False)] = None,
    venue: Annotated[str | None, typer.Option(help="A part of the venue's name.", show_default=False)] = None,
    source: Annotated[
        str | None, typer.Option(help="Who told of it: arxiv, a file.", show_default=False)
    ] = None,
    collection: Annotated[
        list[str] | None, typer.Option(help="A collection's name; several may be named.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the passages of the library that are nearest to a text, or papers that might inspire an answer."""
    known = read_text(survey, "survey") if survey is not None else ""
    from knowledge.generations import outdated
    from knowledge.library import SearchRequest
    from records.repositories import Filters

    with session() as opened, library(opened) as papers:
        filters = Filters(year_from, year_to, venue, source, collections=_collections(opened, collection))
        mode: Mode = "inspiration" if inspire else "relevance"
        hits = papers.search(SearchRequest(text, known, mode=mode, filters=filters, limit=limit))
        empty = not hits and not papers.paper_ids()
        if outdated(opened.settings, opened.database, opened.workspace_id):
            told = "The settings name another embedding model than the index; run: touchstone index rebuild"
            errors.print(told, highlight=False)
    if as_json:
        print(json.dumps({"hits": [asdict(hit) for hit in hits]}))
    elif empty:
        output.print("The library is empty; read papers into it with: touchstone ingest FILE")
    elif not hits:
        output.print("No paper passes these filters.")
    else:
        for place, hit in enumerate(hits, 1):
            _show(place, hit)


def _collections(opened: Session, names: Sequence[str] | None) -> tuple[str, ...]:
    if not names:
        return ()
    from records.repositories import Collections

    found = []
    with opened.database.read() as transaction:
        collections = Collections(transaction, opened.workspace_id)
        for name in names:
            one = collections.find(name)
            if one is None:
                raise BadInput("no_collection", f"There is no collection '{name}' in this workspace.")
            found.append(one.id)
    return tuple(found)


def _show(place: int, hit: Hit) -> None:
    year = f" ({hit.year})" if hit.year else ""
    mark = f" [{hit.retraction}]" if hit.retraction else ""
    output.print(f"{place}. {hit.title}{year}{mark}", style="bold", markup=False, highlight=False)
    ranks = (("meaning", hit.dense_rank), ("words", hit.lexical_rank))
    why = [f"{name} #{rank}" for name, rank in ranks if rank is not None]
    if hit.because:
        why = [f"{name} {value:+.1f}" for name, value in hit.parts.items()]
    if hit.terms:
        why.append(f"shares {', '.join(hit.terms)}")
    if hit.tier != "workspace":
        why.append("general library")
    output.print(f"   {', '.join(why)}", style="dim", markup=False, highlight=False)
    if hit.because:
        output.print(f"   speaks to: {hit.because}", style="dim", markup=False, highlight=False)
    output.print(f"   {hit.text}", markup=False, highlight=False)
