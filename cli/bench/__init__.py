"""``touchstone bench …``: how well the rooms do on published data."""

from __future__ import annotations

import typer

from cli.bench.ranking import Spread, ranking
from cli.bench.reactions import reactions
from cli.bench.retrieval import retrieval
from cli.bench.simulator import simulator

app = typer.Typer(help="Measure on published data.", no_args_is_help=True)
app.command(cls=Spread)(ranking)
app.command(cls=Spread)(reactions)
app.command()(retrieval)
app.command()(simulator)
