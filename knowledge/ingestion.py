"""Files that somebody hands in: read whole before anything is kept, then kept batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

from sqlalchemy.orm import Session

from config import PdfSettings
from knowledge.dedup import title_key
from knowledge.keeping import Keeper, Kept, Told
from knowledge.parsing import BrokenEntry, ParsedPaper, read
from knowledge.parsing.paper import plain_text
from knowledge.spool import Spool
from records.database import Database
from records.errors import BadInput
from records.repositories import Collections, Failed, Failures, Workspaces

Progress = Callable[[str, int, int], None]


def unseen(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


BATCH = 200
"""Papers of one transaction."""

FILE = "file"
"""The source of what comes in a file that is handed in."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of it."""

    paper_ids: tuple[str, ...]
    """All papers that the files hold, old and new, in the files' order."""
    added: int
    known: int
    broken: tuple[BrokenEntry, ...]
    linked: int = 0
    """Records that were found to be versions of one work."""
    added_ids: tuple[str, ...] = ()


class HowToRead(TypedDict, total=False):
    """What may be said about reading files in."""

    pdf: PdfSettings | None
    """What a PDF may ask for."""
    collection_id: str | None
    """Where the papers are put together as well."""
    again: Mapping[str, Any] | None
    """How to find the file of an entry that could not be read: a stored file's ``file_id``; else its path."""


def ingest_files(
    database: Database,
    workspace_id: str,
    files: Sequence[Path],
    report: Progress,
    *,
    at_least: int = 1,
    **how: Unpack[HowToRead],
) -> Ingested:
    """Read files in; killed anywhere and called again, nothing is lost or doubled.

    Raises BadInput for a file that cannot be used, or ``corpus_too_small`` for fewer than ``at_least`` papers
    in all; then nothing is kept.
    """
    with Spool() as spool:
        broken = _read(files, spool, report, at_least, how.get("pdf"))
        ids: dict[str, None] = {}
        added: list[str] = []
        linked = 0
        keeper = Keeper(workspace_id)
        for batch in spool.batches(BATCH):
            report("Keeping papers", len(ids), spool.count)
            kept = keep(database, keeper, workspace_id, batch, collection_id=how.get("collection_id"))
            ids.update(dict.fromkeys(kept.paper_ids))
            added += kept.added
            linked += kept.linked
        report("Keeping papers", spool.count, spool.count)
    _settle(database, workspace_id, files, broken, how.get("again") or {})
    return Ingested(tuple(ids), len(added), len(ids) - len(added), broken, linked, tuple(added))


def keep(
    database: Database,
    keeper: Keeper,
    workspace_id: str,
    batch: Sequence[Told],
    *,
    collection_id: str | None = None,
    beside: Callable[[Session, Kept], None] | None = None,
) -> Kept:
    """Keep a batch in a transaction of its own, with what has to be kept together with it."""
    with database.write() as session:
        Workspaces(session).hold(workspace_id)  # two who know nothing of each other would keep a paper twice
        kept = keeper.keep(session, batch)
        if collection_id is not None:
            Collections(session, workspace_id).add(collection_id, kept.paper_ids)
        if beside is not None:
            beside(session, kept)
    return kept


def _read(
    files: Sequence[Path], spool: Spool, report: Progress, at_least: int, pdf: PdfSettings | None
) -> tuple[BrokenEntry, ...]:
    broken: list[BrokenEntry] = []
    distinct = _Distinct(at_least)
    for place, path in enumerate(files):
        report("Reading papers", place, len(files))
        name = plain_text(path.name)
        for entry in read(path, pdf):
            if isinstance(entry, BrokenEntry):
                broken.append(entry)
            else:
                distinct.see(entry)
                spool.put(Told(entry, origin=name, source=FILE, source_id=name))
    report("Reading papers", len(files), len(files))
    distinct.check()
    return tuple(broken)


class _Distinct:
    """Counts different papers, as far as it has to."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._keys: set[str] = set()
        self._count = 0

    def see(self, paper: ParsedPaper) -> None:
        if self._count < self._wanted:
            keys = {key for key in (paper.doi, title_key(paper.title)) if key}
            self._count += not keys & self._keys
            self._keys |= keys

    def check(self) -> None:
        if self._count < self._wanted:
            count = f"{self._count} paper{'' if self._count == 1 else 's'}"
            raise BadInput(
                "corpus_too_small", f"the corpus holds {count}; at least {self._wanted} are needed"
            )


def _settle(
    database: Database,
    workspace_id: str,
    files: Sequence[Path],
    broken: Iterable[BrokenEntry],
    again: Mapping[str, Any],
) -> None:
    """Remember what is broken in these files now; what was broken before has been mended or taken out."""
    paths = {path.name: plain_text(str(path.absolute())) for path in files}
    failed = [
        Failed(f"{plain_text(one.file)}: {one.entry}", one.reason, again or {"path": paths.get(one.file, "")})
        for one in broken
    ]
    with database.write() as session:
        failures = Failures(session, workspace_id)
        failures.resolve_below(FILE, [f"{plain_text(name)}: " for name in paths])
        failures.note(FILE, failed)
