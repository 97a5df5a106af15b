"""What all services' sources have in common, each against a service that answers in its format."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from answers import FORMATS, Format, Known
from literature_service import LiteratureService, Reply

from knowledge.sources import NAMES, Page, Query, Refused, Source, SourceDown

GELS = Query("gels")
WEB_PAGE = Reply(b"<!DOCTYPE html><html><body>We will be back soon.</body></html>")


@dataclass(frozen=True, slots=True)
class Case:
    """A source, and the service that it asks."""

    name: str
    source: Source
    service: LiteratureService
    format: Format
    naps: list[float]

    def run(
        self, query: Query = GELS, state: dict[str, Any] | None = None
    ) -> tuple[list[str], dict[str, Any]]:
        """All titles of a run and the state behind it."""
        titles: list[str] = []
        kept = state or {}
        for page in self.source.fetch(query, kept):
            titles += titles_of(page)
            kept = stored(page)
        return titles, kept


def titles_of(page: Page) -> list[str]:
    return [paper.title.rstrip(".") for paper in page.papers]


def stored(page: Page) -> dict[str, Any]:
    """The state as it comes back from the database."""
    kept: dict[str, Any] = json.loads(json.dumps(page.state))
    return kept


@pytest.fixture(params=sorted(FORMATS))
def case(
    request: pytest.FixtureRequest,
    service: LiteratureService,
    opened: Callable[..., Source],
    naps: list[float],
) -> Case:
    """A service that knows 230 papers on gels."""
    name: str = request.param
    known = [Known(number) for number in range(1, 231)]
    answers = FORMATS[name](known)
    service.answer = answers
    return Case(name, opened(name, tries=3, backoff_s=4.0), service, answers, naps)


def expected(numbers: Iterator[int] | range) -> list[str]:
    return [Known(number).title for number in numbers]


def test_every_paper_comes_once_over_all_pages(case):
    pages = list(case.source.fetch(GELS, {}))
    assert [title for page in pages for title in titles_of(page)] == expected(range(1, 231))
    assert len([page for page in pages if page.papers]) == 3
    assert all(paper.source == case.name and paper.source_id for page in pages for paper in page.papers)
    assert not any(page.broken for page in pages)


def test_a_paper_is_told_with_its_authors_and_its_day(case):
    paper = next(case.source.fetch(GELS, {})).papers[0]
    assert paper.abstract.endswith(Known(1).abstract)
    assert paper.authors == ("Ada Doe", "Bo Lee")
    assert (paper.year, paper.published_on) == (2024, "2024-03-01")
    assert paper.url is not None


def test_a_run_that_was_killed_goes_on_behind_the_last_page_that_was_kept(case):
    first = next(case.source.fetch(GELS, {}))
    requests = len(case.service.asked)
    rest, _ = case.run(state=stored(first))
    assert titles_of(first) + rest == expected(range(1, 231))
    again = len(case.service.asked) - requests
    assert again <= 2 * 3, "what was kept is not asked for again"


def test_the_next_run_asks_only_for_what_is_new(case):
    today = datetime.now(UTC).date()
    _, state = case.run()
    case.format.known.append(Known(500, today))
    titles, state = case.run(state=state)
    assert titles == expected(range(500, 501))
    case.format.known.append(Known(501, today - timedelta(days=2)))  # indexed late
    titles, _ = case.run(state=state)
    assert set(titles) >= {Known(501).title}


def test_another_query_begins_anew(case):
    _, state = case.run()
    titles, _ = case.run(Query("gels kind"), state)
    assert titles == expected(range(1, 231))


def test_a_limited_run_ends_with_its_page_and_the_next_one_goes_on(case):
    limited = Query("gels", limit=100)
    state: dict[str, Any] = {}
    got: list[str] = []
    for _ in range(3):
        titles, state = case.run(limited, state)
        assert len(titles) <= 100
        got += titles
    assert got == expected(range(1, 231))


def test_a_service_that_wants_to_be_left_alone_is(case):
    case.service.instead(Reply(b"slow down", 429, {"Retry-After": "7"}))
    titles, _ = case.run()
    assert len(titles) == 230
    [nap] = case.naps
    assert 4 < nap <= 7


def test_a_service_that_stumbles_is_asked_again_later_and_later(case):
    case.service.instead(Reply(status=500), Reply(b"<h1>Bad gateway</h1>", 502))
    titles, _ = case.run()
    assert len(titles) == 230
    first, second = case.naps
    assert 2.0 <= first <= 4.0 <= second <= 8.0


@pytest.mark.parametrize("how", ["cut", "unmeasured"])
def test_an_answer_that_breaks_off_is_asked_for_again(case, how):
    whole = case.format(asked_first(case))
    if how == "cut":
        case.service.instead(Reply(whole.body, headers=whole.headers, cut=True))
    else:
        half = whole.body[: len(whole.body) // 2]
        case.service.instead(Reply(half, headers=whole.headers, unmeasured=True))
    titles, _ = case.run()
    assert titles == expected(range(1, 231))


def asked_first(case: Case) -> Any:
    """What the source asks first; then it is as if it had not been asked."""
    next(case.source.fetch(GELS, {}))
    first = case.service.asked[0]
    case.service.asked.clear()
    return first


def test_a_web_page_in_place_of_an_answer_is_nonsense(case):
    case.service.answer = lambda asked: WEB_PAGE
    with pytest.raises(SourceDown, match=f"^{case.name} gave an answer that cannot be read: .*web page"):
        case.run()
    assert len(case.service.asked) == 3


def test_a_source_that_goes_down_in_the_middle_goes_on_there_when_it_is_back(case):
    pages = case.source.fetch(GELS, {})
    first = next(pages)
    case.service.instead(*itertools.repeat(Reply(status=503), 3))
    with pytest.raises(SourceDown, match="answered 503"):
        next(pages)
    rest, _ = case.run(state=stored(first))
    assert titles_of(first) + rest == expected(range(1, 231))


def test_a_query_that_is_refused_is_not_asked_again(case):
    case.service.answer = lambda asked: Reply(b'{"message": "Unknown field\\n: colour"}', 400)
    with pytest.raises(Refused, match=r"answered 400 \(Unknown field : colour\)"):
        case.run()
    assert len(case.service.asked) == 1


def test_a_cursor_that_the_service_has_forgotten_begins_the_walk_anew(case):
    first = next(case.source.fetch(GELS, {}))
    case.service.instead(Reply(b'{"error": "cursor expired"}', 404))
    titles, _ = case.run(state=stored(first))
    assert titles == expected(range(1, 231))


def test_nothing_found_is_no_fault(case):
    case.format.known.clear()
    assert case.run()[0] == []


def test_every_source_has_its_name():
    assert set(FORMATS) == set(NAMES) - {"rss", "folder"}
