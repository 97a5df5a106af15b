"""Feeds into the database: what is new in a source, page by page, and what failed before, once more."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from config import Settings
from knowledge.ingestion import Progress, keep, unseen
from knowledge.keeping import Keeper, Kept, Told
from knowledge.parsing import BrokenEntry
from knowledge.parsing.paper import plain_text
from knowledge.sources import Page, Query, SourceDown, open_source
from records.database import Database
from records.errors import BadInput
from records.models import Feed, PaperFailure
from records.repositories import Failed, Failures, Feeds, Workspaces

log = logging.getLogger(__name__)

FOLDER = "folder"
ARRIVED = "arrived"
"""In a feed's state, beside what its source remembers: new papers for which not all has been done yet."""

MOST_REASONS = 10
"""Different reasons that a feed's result tells; the failures themselves are all kept."""

PAGES_AGAIN = 2
"""Pages in which an entry is looked for that failed before: the one that it was on, and the next."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of looking into a feed."""

    added_ids: tuple[str, ...]
    """New papers, also those that an earlier call kept before it was killed; ``welcomed`` forgets them."""
    result: Mapping[str, Any]
    """JSON, which the feed keeps: ``added``, ``known``, ``linked``, ``failed``, ``reasons`` (how often each),
    ``down`` (why the source gave no more, or null) and ``more`` (whether time ran out before its end)."""


def look_into(
    database: Database,
    settings: Settings,
    workspace_id: str,
    feed_id: str,
    report: Progress = unseen,
    *,
    seconds: float | None = None,
) -> Fetched:
    """Fetch and keep what is new; killed anywhere and called again, it goes on with the page that it was at.

    A source that is down, or refuses the query, is told of in the result and raises nothing. Behind
    ``seconds`` no further page is begun, and the next call goes on. NotFound where the feed is gone.
    """
    feed, workspace = _feed(database, workspace_id, feed_id)
    reader = _Reader(database, workspace_id, feed)
    until = None if seconds is None else time.monotonic() + seconds
    state: Mapping[str, Any] = feed.state
    with open_source(feed.source, settings, workspace) as source:
        for page in _pages(source.fetch(_query(feed), state)):
            if isinstance(page, str):
                log.warning("feed %s: %s", feed.name, page)
                reader.down = page
                break
            reader.keep(page, state, remember=True)
            state = page.state
            report(f"Fetching from {feed.source}", reader.seen, max(page.total or 0, reader.seen))
            reader.more = until is not None and time.monotonic() > until
            if reader.more:
                break
    with database.write() as session:
        Feeds(session, workspace_id).looked_into(feed_id, reader.result)
    return Fetched(tuple(reader.added), reader.result)


def try_again(
    database: Database,
    settings: Settings,
    workspace_id: str,
    feed_id: str,
    failures: Sequence[PaperFailure],
    report: Progress = unseen,
) -> Fetched:
    """Ask a feed's source once more for entries that failed, on the pages where they were.

    Those that are whole now are kept, and their failures resolved; the others count an attempt more.
    """
    feed, workspace = _feed(database, workspace_id, feed_id)
    if feed.source == FOLDER:
        _forget(database, workspace_id, feed, {str(one.payload.get("file")) for one in failures})
        return look_into(database, settings, workspace_id, feed_id, report)
    reader = _Reader(database, workspace_id, feed)
    places: dict[str, set[str]] = defaultdict(set)
    for one in failures:
        places[json.dumps(one.payload.get("state", {}), sort_keys=True)].add(one.key)
    with open_source(feed.source, settings, workspace) as source:
        for done, (state, keys) in enumerate(places.items()):
            report(f"Fetching from {feed.source}", done, len(places))
            reader.keep_those_of(
                _pages(source.fetch(_query(feed), json.loads(state))), json.loads(state), keys
            )
    report(f"Fetching from {feed.source}", len(places), len(places))
    return Fetched(tuple(reader.added), reader.result)


def welcomed(database: Database, workspace_id: str, feed_id: str) -> None:
    """All has been done for the papers that came; NotFound where the feed is gone."""
    with database.write() as session:
        feeds = Feeds(session, workspace_id)
        state = {name: value for name, value in feeds.get(feed_id).state.items() if name != ARRIVED}
        feeds.remember(feed_id, state)


class _Reader:
    """Keeps the pages of one feed, and counts."""

    def __init__(self, database: Database, workspace_id: str, feed: Feed) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._feed = feed
        self._keeper = Keeper(workspace_id)
        self._file = ""
        self._reasons: Counter[str] = Counter()
        self.added: list[str] = list(feed.state.get(ARRIVED, []))
        self._before = len(self.added)
        self._known = self._linked = 0
        self.seen = 0
        self.down: str | None = None
        self.more = False

    @property
    def result(self) -> dict[str, Any]:
        return {
            "added": len(self.added) - self._before,
            "known": self._known,
            "linked": self._linked,
            "failed": self._reasons.total(),
            "reasons": dict(self._reasons.most_common(MOST_REASONS)),
            "down": self.down,
            "more": self.more,
        }

    def keep(self, page: Page, before: Mapping[str, Any], *, remember: bool) -> None:
        """Keep a page with its failures and, to go on behind it, what the source remembers: all or nothing.

        ``before`` is the state that led to the page.
        """
        failed = [_failed(self._feed, one, before) for one in page.broken]
        file = self._new_file(page)

        def beside(session: Session, kept: Kept) -> None:
            failures = Failures(session, self._workspace_id)
            if file is not None:  # it is read anew: what was broken in it may be mended or gone
                failures.resolve(FOLDER, [file])
                failures.resolve_below(FOLDER, [f"{file}: "])
            elif self._feed.source != FOLDER:
                failures.resolve(self._feed.source, [paper.source_id for paper in page.papers])
            failures.note(self._feed.source, failed, feed_id=self._feed.id)
            self.added += kept.added
            if remember:
                state = {**page.state, ARRIVED: self.added}
                Feeds(session, self._workspace_id).remember(self._feed.id, state)

        told = [
            Told(
                paper,
                origin=plain_text(paper.source_id) if self._feed.source == FOLDER else paper.source,
                source=paper.source,
                source_id=plain_text(paper.source_id),
            )
            for paper in page.papers
        ]
        kept = keep(
            self._database,
            self._keeper,
            self._workspace_id,
            told,
            collection_id=self._feed.collection_id,
            beside=beside,
        )
        self._known += len(kept.paper_ids) - len(kept.added)
        self._linked += kept.linked
        self._reasons.update(one.reason for one in failed)
        self.seen += len(page.papers) + len(page.broken)

    def keep_those_of(self, pages: Iterable[Page | str], state: Mapping[str, Any], keys: set[str]) -> None:
        """Keep pages until all entries of these keys have come by, two pages at most."""
        left = set(keys)
        for place, page in enumerate(pages, 1):
            if isinstance(page, str):
                self.down = page
                return
            self.keep(page, state, remember=False)
            state = page.state
            left -= {paper.source_id for paper in page.papers} | {one.entry for one in page.broken}
            if not left or place == PAGES_AGAIN:
                return

    def _new_file(self, page: Page) -> str | None:
        """The file of which this page is the first, where the source is a folder."""
        if self._feed.source != FOLDER:
            return None
        file = page.papers[0].source_id if page.papers else page.broken[0].file if page.broken else ""
        before, self._file = self._file, file
        return file if file != before else None


def _feed(database: Database, workspace_id: str, feed_id: str) -> tuple[Feed, str]:
    with database.read() as session:
        feed = Feeds(session, workspace_id).get(feed_id)
        return feed, Workspaces(session).get(workspace_id).name


def _query(feed: Feed) -> Query:
    return Query(feed.query, since=date.fromisoformat(feed.since) if feed.since else None)


def _pages(pages: Iterable[Page]) -> Iterator[Page | str]:
    """The pages, and at last the reason where there are no more because something is wrong."""
    try:
        yield from pages
    except (SourceDown, BadInput) as error:
        yield error.message


def _failed(feed: Feed, broken: BrokenEntry, before: Mapping[str, Any]) -> Failed:
    if feed.source == FOLDER:
        key = f"{broken.file}: {broken.entry}" if broken.entry else broken.file
        return Failed(plain_text(key), broken.reason, {"file": broken.file})
    return Failed(plain_text(broken.entry), broken.reason, {"state": dict(before)})


def _forget(database: Database, workspace_id: str, feed: Feed, files: set[str]) -> None:
    """Have these files of a folder read again."""
    read = {name: mark for name, mark in feed.state.get("read", {}).items() if name not in files}
    with database.write() as session:
        Feeds(session, workspace_id).remember(feed.id, {**feed.state, "read": read})
