"""``touchstone index``: the vector index, which can be made again from the database at any time."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.console import output, progress
from cli.session import session

app = typer.Typer(help="The index that search asks.", no_args_is_help=True)


@app.command()
def status() -> None:
    """Show which embedding model's index answers, and how far another is."""
    from knowledge.generations import outdated
    from records.repositories import Generations, Vectors

    with session() as opened:
        with opened.database.read() as transaction:
            generations = Generations(transaction, opened.workspace_id).all()
            vectors = Vectors(transaction, opened.workspace_id)
            passages = vectors.count()
            waiting = {one.model: vectors.waiting(one.model) for one in generations}
        changed = outdated(opened.settings, opened.database, opened.workspace_id)
    if not generations:
        none = f"{opened.settings.workspace} has no index of its own yet"
        output.print(f"{none}; it comes with its first papers: touchstone ingest FILE", highlight=False)
        return
    table = Table(show_edge=False, pad_edge=False)
    for name in ("model", "dimension", "state", "passages", "without vector"):
        table.add_column(name, justify="left" if name in ("model", "state") else "right", no_wrap=True)
    for one in generations:
        missing = waiting[one.model]
        cells = (one.model, str(one.dimension), one.state, str(passages - missing), str(missing))
        table.add_row(*cells)
    output.print(table)
    if changed:
        output.print("The settings name another model; its index is built by: touchstone index rebuild")


@app.command()
def rebuild(
    anew: Annotated[bool, typer.Option("--anew", help="Throw the model's index away first.")] = False,
) -> None:
    """Make the index whole from the database; after a change of the embedding model, build the new one.

    The index of the former model answers until the new one is complete, and is thrown away then.
    """
    from knowledge.generations import rebuild as build

    with session() as opened, progress() as report:
        done = build(opened.settings, opened.database, opened.workspace_id, report, anew=anew)
    told = f"{done.passages} passages under {done.model}, of which {done.added} were added."
    output.print(told, highlight=False)
    for model in done.dropped:
        output.print(f"The index of {model} is gone.", highlight=False)
