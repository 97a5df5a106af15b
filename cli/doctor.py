"""``touchstone doctor``: what is well, what is not, and what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import errors, output
from cli.serve import DataDir, settings_for
from config.log import configure_logging

if TYPE_CHECKING:
    from workers.doctor import Finding

COLOURS = {"ok": "green", "warning": "yellow", "bad": "bold red"}


def doctor(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Check everything that Touchstone needs; exit code 1 where something is bad."""
    settings = settings_for(data_dir)
    configure_logging(settings.log_level)
    with errors.status("Looking at everything …"):
        from workers.doctor import examine

        found: list[Finding] = []
        for finding in examine(settings):
            found.append(finding)
            if not as_json:
                _show(finding)
    ill = any(finding.state == "bad" for finding in found)
    if as_json:
        print(json.dumps({"well": not ill, "findings": [asdict(finding) for finding in found]}, indent=1))
    raise typer.Exit(1 if ill else 0)


def _show(finding: Finding) -> None:
    output.print(f"{finding.state:8}", style=COLOURS[finding.state], end="")
    output.print(f"{finding.name:16} {finding.says}", markup=False, highlight=False, soft_wrap=True)
