"""``touchstone jobs``: what the workers have to do, what failed, and having it tried again."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.console import output
from cli.session import session

app = typer.Typer(help="Look at the workers' jobs, and have a dead one tried again.")


@app.callback(invoke_without_command=True)
def jobs(
    context: typer.Context,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that will not be tried again.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Jobs to show.")] = 30,
) -> None:
    """Show the workspace's newest jobs, and why the last attempt of each failed."""
    if context.invoked_subcommand is not None:
        return
    from records.repositories import OwnJobs

    with session() as opened, opened.database.read() as records:
        rows = OwnJobs(records, opened.workspace_id).page(limit, state="dead" if dead else None)
    if not rows:
        output.print("No dead jobs." if dead else "No jobs.")
        return
    table = Table(show_edge=False, pad_edge=False)
    for name in ("id", "kind", "state", "attempt"):
        table.add_column(name, no_wrap=True)
    table.add_column("reason", ratio=1)
    for row in rows:
        attempts = f"{row.attempt} of {row.max_attempts}"
        table.add_row(row.id, row.kind, row.state, attempts, row.reason)
    output.print(table)


@app.command()
def retry(
    job_id: Annotated[str, typer.Argument(help="A dead or cancelled job's id.", show_default=False)],
) -> None:
    """Have a dead job tried again; the workers' schedule rings for it within seconds."""
    from records.repositories import Audit
    from workers.steering import retry as try_again

    with session() as opened, opened.database.write() as records:
        try_again(records, opened.workspace_id, job_id)
        Audit(records, opened.workspace_id).add("local", "job.retried", "job", job_id)
    output.print(f"Job {job_id} is queued again.", highlight=False)
