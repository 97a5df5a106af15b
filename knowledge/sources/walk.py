"""The way through a service's answer: from page to page, remembered so that it can be gone on with.

The state of a walk is JSON: ``asked`` (the query it belongs to), ``since`` (from which day on the next walk
asks for what is new), and, as long as a walk is unfinished, ``walk`` with its days and its ``cursor``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from knowledge.parsing.paper import BrokenEntry, ParsedPaper
from knowledge.sources.source import Page, Query, Refused, SourceDown


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a walk covers."""

    since: date | None
    """Published on this day or later."""
    until: date | None
    new_since: date | None
    """Made known on this day or later: what is new since the last walk; None in the first."""

    @property
    def published_since(self) -> date | None:
        """For services that know only when a paper was published."""
        days = [day for day in (self.since, self.new_since) if day]
        return max(days, default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """One page as a service gave it."""

    papers: tuple[ParsedPaper, ...]
    broken: tuple[BrokenEntry, ...] = ()
    cursor: str | None = None
    """Where the next page is; None behind the last one."""
    total: int | None = None
    skipped: tuple[str, ...] = ()
    """Records that are left out and no faults."""

    @property
    def entries(self) -> tuple[str, ...]:
        """All that the page holds."""
        told = tuple(paper.source_id or paper.title for paper in self.papers)
        return told + tuple(entry.entry for entry in self.broken) + self.skipped


Ask = Callable[[Window, str | None], Answer]
"""The page at a cursor; None is the first one."""


def walk(
    source: str, query: Query, state: Mapping[str, Any], ask: Ask, *, overlap_days: int
) -> Iterator[Page]:
    """The pages of a query from where ``state`` stands; see Source.fetch.

    ``overlap_days``: so many days before the last walk are asked for again, for services index late.
    """
    if not query.text.strip():
        raise Refused(source, "cannot be asked for nothing; give the feed a query")
    asked = _mark_of(source, query)
    if state.get("asked") != asked:  # another query, or none yet
        state = {"asked": asked}
    step = _Step.from_state(query, state)
    seen: set[bytes] = set()
    taken = 0
    while True:
        step, answer = _asked_at(step, ask)
        if _repeated(answer, seen):
            raise SourceDown(source, "gives the same page again and again")
        over = answer.cursor is None or answer.cursor == step.cursor or not answer.entries
        if over:
            start = step.started - timedelta(days=overlap_days)
            kept: dict[str, Any] = {"asked": asked, "since": start.isoformat()}
        else:
            step = replace(step, cursor=answer.cursor, resumed=False)
            kept = {"asked": asked, **step.state()}
        yield Page(answer.papers, kept, answer.broken, answer.total)
        taken += len(answer.papers)
        if over or (query.limit is not None and taken >= query.limit):
            return


@dataclass(frozen=True, slots=True)
class _Step:
    """Where a walk stands."""

    window: Window
    started: date
    cursor: str | None = None
    resumed: bool = False

    @staticmethod
    def from_state(query: Query, state: Mapping[str, Any]) -> _Step:
        unfinished = state.get("walk")
        if unfinished:
            window = Window(query.since, query.until, _day(unfinished.get("new_since")))
            started = _day(unfinished.get("started")) or _today()
            return _Step(window, started, unfinished.get("cursor"), resumed=True)
        return _Step(Window(query.since, query.until, _day(state.get("since"))), _today())

    def state(self) -> dict[str, Any]:
        new_since = self.window.new_since
        told = {"started": self.started.isoformat(), "cursor": self.cursor}
        return {"walk": {**told, "new_since": new_since.isoformat() if new_since else None}}


def _asked_at(step: _Step, ask: Ask) -> tuple[_Step, Answer]:
    try:
        return step, ask(step.window, step.cursor)
    except Refused:
        if not step.resumed or step.cursor is None:
            raise
        # Services forget cursors after minutes or days: then the walk begins anew.
        anew = replace(step, cursor=None, resumed=False)
        return anew, ask(anew.window, None)


def _mark_of(source: str, query: Query) -> str:
    # The limit is not part of it: whoever raises it wants to go on, not to begin anew.
    words = "\n".join([source, query.text, str(query.since), str(query.until)])
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _repeated(answer: Answer, seen: set[bytes]) -> bool:
    """Whether a page holds what an earlier one held, which is written down."""
    mark = hashlib.sha256("\n".join(answer.entries).encode()).digest()
    again = bool(answer.entries) and mark in seen
    seen.add(mark)
    return again


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _today() -> date:
    return datetime.now(UTC).date()
