"""``touchstone papers``: what could not be taken in, and having it tried again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import Report, errors, output, progress
from cli.session import Session, library, session
from records.errors import BadInput

if TYPE_CHECKING:
    from knowledge.library import Library
    from records.models import PaperFailure

app = typer.Typer(no_args_is_help=True, help="Look at papers that failed, and have them tried again.")

MOST = 10_000


@app.command()
def failed(limit: Annotated[int, typer.Option(min=1, max=MOST, help="Papers to show.")] = 50) -> None:
    """Show the papers that could not be taken in, and why, newest first."""
    from records.repositories import Failures

    with session() as opened, opened.database.read() as records:
        failures = Failures(records, opened.workspace_id)
        rows, count = failures.page(limit), failures.count()
    if not rows:
        output.print("No paper failed.")
        return
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("source", no_wrap=True)
    table.add_column("paper", overflow="fold")
    table.add_column("reason", ratio=1)
    for row in rows:
        times = f" ({row.attempts} times)" if row.attempts > 1 else ""
        table.add_row(row.id, row.source, row.key, f"{row.reason}{times}")
    output.print(table)
    if count > len(rows):
        output.print(f"and {count - len(rows)} more", style="dim")


@app.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Of failed papers.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,
) -> None:
    """Try papers again that failed: their sources are asked, and their files read, once more."""
    from records.repositories import Failures

    if bool(ids) == everything:
        raise BadInput("ids_or_all", "Give the ids of failed papers, or --all.")
    with session() as opened:
        with opened.database.read() as records:
            failures = Failures(records, opened.workspace_id)
            wanted = failures.page(MOST) if everything else [failures.get(one) for one in ids or ()]
        with library(opened) as papers, progress() as report:
            for together in _by_place(wanted):
                try:
                    _try_again(opened, papers, together, report)
                except BadInput as error:
                    errors.print(error.message, style="bold red", markup=False, soft_wrap=True)
        with opened.database.read() as records:
            failures = Failures(records, opened.workspace_id)
            left = [row for one in wanted if (row := failures.get(one.id)).resolved_at is None]
    output.print(f"{len(wanted) - len(left)} of {len(wanted)} are in now.", highlight=False)
    for row in left:
        errors.print(f"{row.key}: {row.reason}", markup=False, highlight=False, soft_wrap=True)
    if left:
        raise typer.Exit(1)


def _by_place(failures: Sequence[PaperFailure]) -> list[list[PaperFailure]]:
    """What came from one feed or file together: it is asked or read once for all of it."""
    places: dict[tuple[str, ...], list[PaperFailure]] = defaultdict(list)
    for one in failures:
        file_id, path = one.payload.get("file_id", ""), one.payload.get("path", "")
        places[one.feed_id or "", str(file_id), str(path)].append(one)
    return list(places.values())


def _try_again(opened: Session, papers: Library, failures: list[PaperFailure], report: Report) -> None:
    """BadInput for a file that cannot be read, or a feed that is gone."""
    from knowledge.arrivals import welcome
    from knowledge.feeding import try_again
    from knowledge.stored import ingest_stored

    at = opened.database, opened.settings, opened.workspace_id
    first = failures[0]
    if first.feed_id is not None:
        added = try_again(*at, first.feed_id, failures, report).added_ids
    elif "file_id" in first.payload:
        added = ingest_stored(papers, *at, first.payload["file_id"], report).added_ids
    elif "path" in first.payload:
        added = papers.ingest([Path(first.payload["path"])], report, pdf=opened.settings.pdf).added_ids
    else:
        raise BadInput("feed_gone", f"the feed that {first.key} came from is gone; make it anew")
    welcome(papers, opened.database, opened.workspace_id, added, report)
