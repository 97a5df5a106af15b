"""From page to page, and never around in a circle."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from knowledge.parsing.paper import BrokenEntry, ParsedPaper
from knowledge.sources import Query, Refused, SourceDown
from knowledge.sources.walk import Answer, Window, walk

GELS = Query("gels", since=date(2024, 1, 1))


def paper(name: str) -> ParsedPaper:
    return ParsedPaper(name, "A gel.", source_id=name)


def test_nobody_is_asked_for_nothing():
    with pytest.raises(Refused, match="give the feed a query"):
        next(walk("x", Query("  "), {}, lambda window, at: Answer((paper("1"),)), overlap_days=1))


def test_a_service_that_gives_one_page_under_ever_new_cursors_is_down():
    cursors = iter("abcdefgh")
    pages = walk(
        "openalex", GELS, {}, lambda window, at: Answer((paper("1"),), cursor=next(cursors)), overlap_days=1
    )
    assert next(pages).papers == (paper("1"),)
    with pytest.raises(SourceDown, match="gives the same page again and again"):
        next(pages)


def test_a_cursor_that_stays_where_it_is_is_the_end():
    pages = list(
        walk("x", GELS, {}, lambda window, at: Answer((paper("1"),), cursor=at or None), overlap_days=1)
    )
    assert len(pages) == 1
    assert "walk" not in pages[0].state


def test_an_empty_page_is_the_end_whatever_it_promises():
    pages = list(walk("x", GELS, {}, lambda window, at: Answer((), cursor="more"), overlap_days=1))
    assert len(pages) == 1
    assert "walk" not in pages[0].state


def test_a_page_of_nothing_but_what_is_left_out_is_not_the_end():
    def ask(window: Window, at: str | None) -> Answer:
        if at is None:
            return Answer((), (BrokenEntry("x", "1", "it has no title"),), cursor="2", skipped=("0",))
        return Answer((paper("2"),))

    pages = list(walk("x", GELS, {}, ask, overlap_days=1))
    assert [len(page.papers) for page in pages] == [0, 1]


def test_the_next_walk_asks_from_the_last_one_s_beginning_less_an_overlap():
    windows: list[Window] = []

    def ask(window: Window, at: str | None) -> Answer:
        windows.append(window)
        return Answer((paper(str(at)),), cursor={None: "2", "2": "3"}.get(at))

    first, second, third = walk("x", GELS, {}, ask, overlap_days=5)
    list(walk("x", GELS, third.state, ask, overlap_days=5))
    assert windows[:3] == [Window(date(2024, 1, 1), None, None)] * 3
    new_since = windows[-1].new_since
    assert new_since is not None
    assert new_since == date.fromisoformat(first.state["walk"]["started"]) - timedelta(days=5)
    assert windows[-1].published_since == new_since

    # Killed on its way, it goes on with the days that it began with.
    killed = {**second.state["walk"], "started": "2024-06-10", "new_since": "2024-06-01"}
    last = list(walk("x", GELS, {**second.state, "walk": killed}, ask, overlap_days=5))[-1]
    assert windows[-1].new_since == date(2024, 6, 1)
    assert last.state["since"] == "2024-06-05"


def test_a_state_that_nobody_can_have_written_begins_anew():
    def ask(window: Window, at: str | None) -> Answer:
        assert (window.new_since, at) == (None, None)
        return Answer((paper("1"),))

    done = next(walk("x", GELS, {}, ask, overlap_days=1)).state
    broken: dict[str, Any] = {**done, "since": "yesterday"}
    assert len(list(walk("x", GELS, broken, ask, overlap_days=1))) == 1
