"""Exports: a run as a file to take away."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from config import Settings
from records.base import now
from records.errors import BadInput
from records.models import Job
from records.repositories import Files
from workers.opened import database

if TYPE_CHECKING:
    from agents.report import RunDocument

KEPT = timedelta(days=7)
"""An export can be made again, so its file is thrown away after this."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of an archive's members: the same run gives the same archive."""


@dataclass(frozen=True, slots=True)
class Written:
    name: str
    media_type: str
    content: bytes


def export(settings: Settings, job: Job) -> dict[str, Any]:
    """Write a run into a stored file, once however often the job is tried."""
    from agents.documents import build_document

    document = build_document(database(), job.workspace_id, job.payload["run_id"])
    written = write(document, job.payload["format"])
    with database().write() as session:
        file = Files(session, job.workspace_id).add(
            written.name,
            written.media_type,
            written.content,
            created_by=job.created_by,
            expires_at=now() + KEPT,
            file_id=job.id,
        )
    return {"file_id": file.id, "name": file.name, "media_type": file.media_type, "size": file.size}


def write(document: RunDocument, form: str) -> Written:
    """``json``: everything; ``csv``: the ranked table; ``zip``: report, both, and the results' table."""
    from agents.tables import ranking_csv

    name = f"run-{document.run.id}"
    if form == "json":
        return Written(f"{name}.json", "application/json", document.model_dump_json(indent=1).encode())
    if form == "csv":
        return Written(f"{name}.csv", "text/csv", ranking_csv(document).encode("utf-8-sig"))
    if form == "zip":
        return Written(f"{name}.zip", "application/zip", _archive(document))
    raise BadInput("unknown_format", f"there is no export '{form}'; use json, csv or zip")


def _archive(document: RunDocument) -> bytes:
    from agents.report import render
    from agents.tables import ranking_csv, results_csv

    members = {
        "report.html": render(document).encode(),
        "run.json": document.model_dump_json(indent=1).encode(),
        "ranking.csv": ranking_csv(document).encode("utf-8-sig"),
        "results.csv": results_csv(document).encode("utf-8-sig"),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
