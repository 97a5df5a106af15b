"""The command's entry: its subcommands, and how they end."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version

import typer

from cli.accounts import accounts, workspaces
from cli.backup import backup, restore
from cli.bench import app as bench
from cli.console import errors
from cli.demo import demo
from cli.doctor import doctor
from cli.faults import told
from cli.feeds import app as feeds
from cli.index import app as index
from cli.jobs import app as jobs
from cli.keys import app as keys
from cli.library import ingest, search
from cli.moe import app as moe
from cli.novelty import novelty
from cli.papers import app as papers
from cli.run import result, run
from cli.serve import migrate, serve
from cli.simulator import app as simulator
from cli.topics import app as topics

INTERRUPTED = 130

app = typer.Typer(
    name="touchstone",
    help="From a research question in chemistry to a short list of hypotheses worth testing.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(result)
app.command()(ingest)
app.command()(search)
app.command()(novelty)
app.command()(demo)
app.command()(serve)
app.command()(migrate)
app.command()(backup)
app.command()(restore)
app.command()(doctor)
app.add_typer(feeds, name="feeds")
app.add_typer(papers, name="papers")
app.add_typer(topics, name="topics")
app.add_typer(index, name="index")
app.add_typer(jobs, name="jobs")
app.add_typer(keys, name="key")
app.add_typer(accounts, name="account")
app.add_typer(workspaces, name="workspace")
app.add_typer(bench, name="bench")
app.add_typer(simulator, name="simulator")
app.add_typer(moe, name="moe")


@app.command()
def version() -> None:
    """Print the version."""
    print(installed_version("touchstone-chemistry"))


def main() -> None:
    """Run the command: exit code 0, 2 for bad input, 1 for a failure, 130 when interrupted."""
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="touchstone", standalone_mode=False)
    except Exception as error:
        line = told(error)
        if line is None:
            raise
        _leave(*line)
    if code == INTERRUPTED:
        _leave("Interrupted; what was done is kept.", INTERRUPTED)
    sys.exit(code)


def _leave(message: str, code: int) -> None:
    errors.print(" ".join(message.split()), style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
