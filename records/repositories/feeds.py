"""Feeds: where papers come from by themselves, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.base import now
from records.cron import next_time
from records.errors import BadInput, Conflict, NotFound
from records.models import Feed
from records.repositories.collections import Collections

SourceName = Literal[
    "arxiv", "crossref", "europe_pmc", "openalex", "pubmed", "rss", "semantic_scholar", "folder"
]
SOURCES: tuple[str, ...] = get_args(SourceName)
"""What ``knowledge.sources`` can open."""

ADDRESS = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)

CHANGEABLE = ("name", "source", "query", "cron", "active", "since", "collection_id")


class Feeds:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def create(
        self,
        name: str,
        source: str,
        query: str,
        cron: str,
        *,
        active: bool = True,
        since: str | None = None,
        collection_id: str | None = None,
    ) -> Feed:
        """A feed that is looked into from its next time on.

        Raises BadInput ``unknown_source``, ``bad_query``, ``bad_date`` or ``bad_cron``, NotFound
        ``collection_not_found``, Conflict ``feed_exists`` for a name in use.
        """
        self._check(source, query, since, collection_id)
        feed = Feed(
            workspace_id=self._workspace_id,
            name=name,
            source=source,
            query=query,
            cron=cron,
            active=active,
            since=since,
            collection_id=collection_id,
            next_run_at=_next(cron, active),
        )
        self._session.add(feed)
        self._flush(name)
        return feed

    def get(self, feed_id: str) -> Feed:
        mine = Feed.id == feed_id, Feed.workspace_id == self._workspace_id
        feed = self._session.scalar(select(Feed).where(*mine))
        if feed is None:
            raise NotFound("feed_not_found", f"there is no feed {feed_id} in this workspace")
        return feed

    def named(self, name: str) -> Feed:
        mine = Feed.workspace_id == self._workspace_id, Feed.name == name
        feed = self._session.scalar(select(Feed).where(*mine))
        if feed is None:
            raise NotFound("feed_not_found", f"there is no feed '{name}'; see: touchstone feeds list")
        return feed

    def page(self, limit: int, after: str | None = None) -> list[Feed]:
        """Feeds older than ``after``, newest first."""
        query = select(Feed).where(Feed.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(Feed.id < after)
        return list(self._session.scalars(query.order_by(Feed.id.desc()).limit(limit)))

    def change(self, feed_id: str, changes: Mapping[str, Any]) -> Feed:
        """Change some of a feed; the next time follows, and another question is asked from the beginning.

        Raises what ``create`` does.
        """
        feed = self.get(feed_id)
        asked = feed.source, feed.query, feed.since
        for name in CHANGEABLE:
            if name in changes:
                setattr(feed, name, changes[name])
        self._check(feed.source, feed.query, feed.since, feed.collection_id)
        if (feed.source, feed.query, feed.since) != asked:
            feed.state = {}
        feed.next_run_at = _next(feed.cron, feed.active)
        self._flush(feed.name)
        return feed

    def delete(self, feed_id: str) -> None:
        self._session.delete(self.get(feed_id))
        self._session.flush()

    def looked_into(self, feed_id: str, result: Mapping[str, Any]) -> None:
        """Keep what came of it; that is no change of the feed, so its version stays."""
        mine = Feed.id == feed_id, Feed.workspace_id == self._workspace_id
        change = {"last_run_at": now(), "last_result": dict(result)}
        self._session.execute(update(Feed).where(*mine).values(**change))

    def remember(self, feed_id: str, state: Mapping[str, Any]) -> None:
        """Keep what its source remembers, with the papers of a page; that is no change of the feed either."""
        mine = Feed.id == feed_id, Feed.workspace_id == self._workspace_id
        self._session.execute(update(Feed).where(*mine).values(state=dict(state)))

    def _check(self, source: str, query: str, since: str | None, collection_id: str | None) -> None:
        if source not in SOURCES:
            known = ", ".join(SOURCES)
            raise BadInput("unknown_source", f"there is no source '{source}'; use one of {known}")
        if source == "rss" and not ADDRESS.fullmatch(query.strip()):
            raise BadInput("bad_query", "an rss feed's query is its address, http://… or https://…")
        if source != "folder" and not query.strip():
            raise BadInput("bad_query", f"say what to look for: the source {source} needs a query")
        if since is not None and not _is_day(since):
            raise BadInput("bad_date", f"'{since}' is no day; write it as 2026-01-31")
        if collection_id is not None:
            Collections(self._session, self._workspace_id).get(collection_id)

    def _flush(self, name: str) -> None:
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict("feed_exists", f"there is a feed '{name}' already; choose another name") from error


@dataclass(frozen=True, slots=True)
class Due:
    """A feed whose time has come."""

    feed_id: str
    workspace_id: str
    cron: str
    planned: datetime


def due_feeds(session: Session, at: datetime) -> list[Due]:
    """The active feeds of all workspaces whose time has come, the longest overdue first."""
    query = select(Feed).where(Feed.active, Feed.next_run_at <= at).order_by(Feed.next_run_at)
    return [
        Due(feed.id, feed.workspace_id, feed.cron, feed.next_run_at)
        for feed in session.scalars(query)
        if feed.next_run_at is not None
    ]


def take(session: Session, due: Due, at: datetime) -> bool:
    """Plan the feed's next time behind ``at``, however many were missed; False where another was faster."""
    still = Feed.id == due.feed_id, Feed.active, Feed.next_run_at == due.planned
    change = update(Feed).where(*still).values(next_run_at=next_time(due.cron, at)).returning(Feed.id)
    return session.scalar(change, execution_options={"synchronize_session": False}) is not None


def _next(cron: str, active: bool) -> datetime | None:
    following = next_time(cron, now())  # also where it is not active: a wrong one is refused at once
    return following if active else None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
