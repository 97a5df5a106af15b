"""``touchstone bench …``: how well the rooms do on published data."""

from __future__ import annotations

import typer

from cli.bench.simulator import simulator

app = typer.Typer(help="Measure on published data.", no_args_is_help=True)
app.command()(simulator)
