"""What an error means to the person at the keyboard: one line, and an exit code."""

from __future__ import annotations

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from records.errors import TouchstoneError

USAGE = typer.BadParameter.__bases__[0]
"""Typer's UsageError, which it gives no public name."""


def told(error: Exception) -> tuple[str, int] | None:
    """The line and the code, or None for what nobody but a programmer can mend."""
    if isinstance(error, TouchstoneError):
        return error.message, error.exit_code
    if isinstance(error, USAGE):
        return _misused(error), 2
    if isinstance(error, ValidationError) and error.title == "Settings":
        first = error.errors()[0]
        place = "__".join(str(part) for part in first["loc"]).upper()
        return f"Setting TOUCHSTONE_{place}: {first['msg']}.", 2
    if isinstance(error, SettingsError):
        return f"A setting cannot be read: {error}.", 2
    return _refused(error)


def _misused(error: Exception) -> str:
    message = error.format_message().rstrip(".")  # type: ignore[attr-defined]
    context = error.ctx  # type: ignore[attr-defined]
    return f"{message}. See: {context.command_path if context else 'touchstone'} --help"


def _refused(error: Exception) -> tuple[str, int] | None:
    """What the ground floor refuses; its rooms are imported only now, for they bring scipy."""
    from moe.errors import MoeError
    from ranking.errors import RankingError
    from simulator.errors import SimulatorError

    return (str(error), 2) if isinstance(error, MoeError | RankingError | SimulatorError) else None
