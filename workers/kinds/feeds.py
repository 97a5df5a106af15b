"""Feeds: new papers come by themselves, each once. The source ``folder`` is a folder that people fill.

It lies below ``inbox`` in the data directory, in the workspace's own folder; nothing outside is ever read,
whatever the feed's query says and wherever links lead.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from config import Settings
from records.errors import BadInput, NotFound
from records.models import Job
from records.repositories import Feeds
from workers.kinds.literature import ingest_content
from workers.opened import database, workspace_name

SETTLED_S = 2.0
"""A file that changed a moment ago may still be written; it is left for the next time."""

LARGEST = 256 * 2**20
"""Bytes of a file that is read in."""


def run_feed(settings: Settings, job: Job) -> dict[str, Any] | None:
    """Read in what is new in the feed's source; what has been read is written down file by file."""
    feed_id: str = job.payload["feed_id"]
    try:
        with database().read() as session:
            feed = Feeds(session, job.workspace_id).get(feed_id)
    except NotFound:
        return None  # it was deleted meanwhile
    read: dict[str, str] = dict((feed.last_result or {}).get("read", {}))
    totals: dict[str, Any] = {"added": 0, "known": 0, "files": 0, "failed": {}}
    folder = inbox(settings.data_dir, workspace_name(job.workspace_id), feed.query)
    found = dict(_files(folder))
    read = {name: mark for name, mark in read.items() if name in found}
    for name, (path, mark) in found.items():
        if read.get(name) == mark:
            continue
        _read_in(settings, job.workspace_id, name, path, totals)
        read[name] = mark
        with database().write() as session:
            Feeds(session, job.workspace_id).looked_into(feed_id, {**totals, "read": read})
    with database().write() as session:
        Feeds(session, job.workspace_id).looked_into(feed_id, {**totals, "read": read})
    return totals


def _read_in(settings: Settings, workspace_id: str, name: str, path: Path, totals: dict[str, Any]) -> None:
    totals["files"] += 1
    try:
        ingested = ingest_content(settings, workspace_id, path.name, _content(path))
    except BadInput as error:
        totals["failed"][name] = error.message
        return
    totals["added"] += ingested["added"]
    totals["known"] += ingested["known"]


def inbox(data_dir: Path, workspace: str, query: str) -> Path:
    """The folder that a feed reads; BadInput ``bad_folder`` for a query that leads out of the inbox."""
    own = quote(workspace, safe=" ").lstrip(".") or "%2E"
    wanted = PurePosixPath(query.replace("\\", "/") or ".")
    if wanted.is_absolute() or ".." in wanted.parts or "\0" in query:
        raise BadInput("bad_folder", f"'{query}' is no folder below the inbox; give a name, without '..'")
    base = data_dir / "inbox" / own
    folder = base / wanted
    if not folder.resolve().is_relative_to((data_dir / "inbox").resolve() / own):
        raise BadInput("bad_folder", f"'{query}' leads out of the inbox; replace the link by a folder")
    return folder


def _files(folder: Path) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Settled files below the folder by their names in it, with a mark that changes when they do.

    Links are not followed and hidden files not read.
    """
    settled = time.time() - SETTLED_S
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            status = path.lstat()
            if name.startswith(".") or not stat.S_ISREG(status.st_mode) or status.st_mtime > settled:
                continue
            shown = path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()
            yield shown, (path, f"{status.st_size}-{status.st_mtime_ns}")


def _content(path: Path) -> bytes:
    # Opened without following a link that may have taken the file's place a moment ago.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput("too_large", f"{path.name} is larger than {LARGEST // 2**20} MB")
    return content
