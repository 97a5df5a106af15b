"""The command's entry: its subcommands, and how an error becomes one line and an exit code."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version

import typer
from pydantic import ValidationError

from cli.console import errors
from cli.demo import demo
from cli.library import ingest, search
from cli.run import result, run
from ranking.errors import RankingError
from records.errors import TouchstoneError
from simulator.errors import SimulatorError

app = typer.Typer(
    name="touchstone",
    help="From a research question in chemistry to a short list of hypotheses worth testing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(result)
app.command()(ingest)
app.command()(search)
app.command()(demo)


@app.command()
def version() -> None:
    """Print the version."""
    print(installed_version("touchstone-chemistry"))


def main() -> None:
    """Run the command: exit code 0, 2 for bad input, 1 for a failure, 130 when interrupted."""
    try:
        app(standalone_mode=True)
    except TouchstoneError as error:
        _leave(error.message, error.exit_code)
    except (RankingError, SimulatorError) as error:
        _leave(str(error), 2)
    except ValidationError as error:
        first = error.errors()[0]
        place = "__".join(str(part) for part in first["loc"]).upper()
        _leave(f"Setting TOUCHSTONE_{place}: {first['msg']}.", 2)
    except KeyboardInterrupt:
        _leave("Interrupted; what was done is kept.", 130)


def _leave(message: str, code: int) -> None:
    errors.print(" ".join(message.split()), style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
