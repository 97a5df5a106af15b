"""Where a run's results go: ``report.html`` and ``run.json``, in a folder tried before any work is done."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import BadInput

if TYPE_CHECKING:
    from agents.report import RunDocument

FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


def check_folder(folder: Path) -> Path:
    """The folder, shown to be writable, or where it is not there yet, to be one that can be made."""
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise _not_writable(folder, error) from None
    return folder


def write_results(
    document: RunDocument, folder: Path, *, report: str = "report.html", data: str = "run.json"
) -> Path:
    """Write both files, whole or not at all; the report's path."""
    from agents.report import render

    texts = {folder / data: document.model_dump_json(indent=2) + "\n", folder / report: render(document)}
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, draft in drafts.items():
            draft.write_text(texts[path], encoding="utf-8")
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise _not_writable(folder, error) from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return folder / report


def write_text(path: Path, text: str) -> None:
    """One file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise _not_writable(path, error) from None
    finally:
        draft.unlink(missing_ok=True)


def _not_writable(folder: Path, error: OSError) -> BadInput:
    what_to_do = "make room or choose another --out" if error.errno in FULL else "choose another --out"
    return BadInput("not_writable", f"{folder} cannot be written to ({error.strerror}); {what_to_do}.")
