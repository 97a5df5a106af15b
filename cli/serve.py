"""``touchstone serve`` and ``touchstone migrate``: the service on this machine, and its database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import errors, output
from config import Settings, load_settings
from config.log import configure_logging

DataDir = Annotated[
    Path | None, typer.Option(help="Everything that is kept.", show_default="TOUCHSTONE_DATA_DIR")
]


def settings_for(data_dir: Path | None = None, host: str | None = None, port: int | None = None) -> Settings:
    """The settings of the environment, with what was given on the command line instead."""
    settings = load_settings()
    server = {"host": host, "port": port}
    given = {name: value for name, value in server.items() if value is not None}
    changed = {
        "data_dir": (data_dir or settings.data_dir).expanduser().absolute(),
        "server": settings.server.model_copy(update=given),
    }
    return settings.model_copy(update=changed)


def serve(
    data_dir: DataDir = None,
    host: Annotated[
        str | None, typer.Option(help="Address of this machine.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0: any that is free.", show_default="8765")
    ] = None,
) -> None:
    """Serve Touchstone on this machine: web, workers, schedule, broker and index, until Ctrl-C."""
    from workers.supervisor import Started
    from workers.supervisor import serve as serve_until_stopped

    settings = settings_for(data_dir, host, port)
    configure_logging(settings.log_level)
    tokens: list[str] = []

    def prepare() -> None:
        token = _prepare(settings)
        if token is not None:
            tokens.append(token)

    def started(ready: Started) -> None:
        _print(f"Touchstone is ready at {ready.url} ({ready.seconds:.1f} s)")
        for token in tokens:
            _print(f"Sign in, once, at {ready.url}/sign-in?token={token}")

    serve_until_stopped(settings, _complain, started, prepare)


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to this version's form; safe at any time, and on several machines at once."""
    from records.database import Database

    settings = settings_for(data_dir)
    configure_logging(settings.log_level)
    database = Database(settings.database)
    try:
        database.migrate()
        _print(f"{database.place} is at this version's form.")
    finally:
        database.close()


def _prepare(settings: Settings) -> str | None:
    """Migrate; on the very first start, a token to sign in with."""
    from records.database import Database
    from records.first_start import first_start

    database = Database(settings.database)
    try:
        database.migrate()
        return first_start(database, settings)
    finally:
        database.close()


def _print(line: str) -> None:
    output.print(line, markup=False, highlight=False, soft_wrap=True)
    output.file.flush()


def _complain(line: str) -> None:
    errors.print(line, markup=False, highlight=False, soft_wrap=True)
