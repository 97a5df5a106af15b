"""A folder that people fill with PDF, BibTeX, RIS and JSON lines: a file is read once, and if it changes.

It lies below ``inbox`` in the data directory, in the workspace's own folder; nothing outside is ever read,
whatever the query says and wherever links lead.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from config import PdfSettings
from knowledge.parsing import BrokenEntry, ParsedPaper, read
from knowledge.sources.source import Page, Query
from records.errors import BadInput
from records.names import plain_name

NAME = "folder"
PAGE = 500
SETTLED_S = 2.0
"""A file that changed a moment ago may still be written; it is left for the next time."""

LARGEST = 256 * 2**20
"""Bytes of a file that is read in."""


class Folder:
    """The files of a workspace's inbox, or of a folder in it; a page is a file, or a part of a long one."""

    name = NAME

    def __init__(self, data_dir: Path, workspace: str, pdf: PdfSettings) -> None:
        self._data_dir = data_dir
        self._workspace = workspace
        self._pdf = pdf

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        folder = inbox(self._data_dir, self._workspace, query.text)
        found = dict(settled(folder))
        known: dict[str, str] = {name: mark for name, mark in state.get("read", {}).items() if name in found}
        taken = 0
        for name, (path, mark) in found.items():
            if known.get(name) == mark:
                continue
            if query.limit is not None and taken >= query.limit:
                return
            for page in self._pages(name, path, dict(known), {**known, name: mark}):
                yield page
                taken += len(page.papers)
            known[name] = mark

    def _pages(self, name: str, path: Path, before: dict[str, str], behind: dict[str, str]) -> Iterator[Page]:
        """A file's papers; it counts as read only once the last of them is kept."""
        with ExitStack() as stack:
            part: list[ParsedPaper | BrokenEntry] = []
            try:
                for one in read(stack.enter_context(_copied(path)), self._pdf):
                    if len(part) == PAGE:
                        yield _page(name, part, before)
                        part = []
                    part.append(one)
            except BadInput as error:
                # Of the copy; people know the file by the name that it has in the inbox.
                reason = re.sub(r"^\S*/touchstone-[^/]+/", "", error.message)
                part.append(BrokenEntry(name, "", reason))
            yield _page(name, part, behind)


def _page(name: str, part: list[ParsedPaper | BrokenEntry], files: dict[str, str]) -> Page:
    papers = [one for one in part if isinstance(one, ParsedPaper)]
    broken = [one for one in part if isinstance(one, BrokenEntry)]
    return Page(
        tuple(replace(paper, source=NAME, source_id=name) for paper in papers),
        {"read": files},
        tuple(replace(entry, file=name) for entry in broken),
    )


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """A copy to parse: what lies in the inbox can be exchanged at any moment, also for a link."""
    content = _content(path)
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:  # for its owner alone
        copy = Path(folder) / plain_name(path.name)
        copy.write_bytes(content)
        del content
        yield copy


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


def settled(folder: Path) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Settled files below the folder by their names in it, with a mark that changes when they do.

    Links are not followed and hidden files not read.
    """
    latest = time.time() - SETTLED_S
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            try:
                status = path.lstat()
            except FileNotFoundError:  # taken away meanwhile
                continue
            if name.startswith(".") or not stat.S_ISREG(status.st_mode) or status.st_mtime > latest:
                continue
            shown = path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()
            yield shown, (path, f"{status.st_size}-{status.st_mtime_ns}")


def _content(path: Path) -> bytes:
    # Opened without following a link that may have taken the file's place a moment ago.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise BadInput("unreadable", f"{path.name} cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput("too_large", f"{path.name} is larger than {LARGEST // 2**20} MB")
    return content
