"""Where a run's results go: ``report.html`` and ``run.json``, in a folder tried before any work is done."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from agents.report import RunDocument, render
from records.errors import BadInput


def prepare_folder(folder: Path) -> Path:
    """The folder, made if need be and shown to be writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(
            "not_writable", f"{folder} cannot be written to ({error.strerror}); choose another with --out."
        ) from None
    return folder


def write_results(
    document: RunDocument, folder: Path, *, report: str = "report.html", data: str = "run.json"
) -> Path:
    """Write both files, each whole or not at all; the report's path."""
    _replace(folder / data, document.model_dump_json(indent=2) + "\n")
    return _replace(folder / report, render(document))


def _replace(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(
            "not_writable", f"{path} cannot be written ({error.strerror}); make room or choose another --out."
        ) from None
    return path
