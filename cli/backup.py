"""``touchstone backup`` and ``touchstone restore``: all that is kept, in one file and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import output
from cli.serve import DataDir, settings_for
from config.log import configure_logging

File = Annotated[Path, typer.Argument(metavar="FILE.tar", show_default=False)]


def backup(file: File, data_dir: DataDir = None) -> None:
    """Write everything that is kept into a new file, also while Touchstone serves."""
    from records.backup import back_up
    from records.restoring import recover

    settings = settings_for(data_dir)
    configure_logging(settings.log_level)
    recover(settings.data_dir)
    made = back_up(settings, file)
    _print(f"{file} is written: {len(made.members)} files, {made.size / 1e6:.1f} MB. It holds secrets.")


def restore(
    file: File,
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Put a backup in the place of what is there; a Touchstone that serves is paused for it."""
    from records.restoring import restore as put_back

    settings = settings_for(data_dir)
    configure_logging(settings.log_level)
    made = put_back(settings, file, force=force)
    _print(f"Restored the backup of {made.made_at} into {settings.data_dir}.")


def _print(line: str) -> None:
    output.print(line, markup=False, highlight=False, soft_wrap=True)
