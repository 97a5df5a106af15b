"""Feeds: where papers come from by themselves, what the last run brought, and when the next one is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.forms import NO_VALUES, Typed, by_field, said
from api.pages.once import only_once
from api.pages.rendering import go
from api.pages.schedules import EVERY, USUAL, WEEKDAYS, choice_of, cron_of, in_words
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.problems import status_of
from api.routes import feeds as routes
from api.routes.failures import retry
from api.schemas.literature import FeedIn, FeedOut, failure_out
from records.errors import TouchstoneError
from records.repositories import Collections, Failures
from records.repositories.feeds import SOURCES

router = APIRouter(prefix="/literature/feeds", include_in_schema=False, route_class=PageRoute)

FIELDS = ("name", "source", "query", "since", "collection_id")
SOURCE_NAMES = {
    "arxiv": "arXiv",
    "crossref": "Crossref",
    "europe_pmc": "Europe PMC",
    "openalex": "OpenAlex",
    "pubmed": "PubMed",
    "rss": "RSS or Atom",
    "semantic_scholar": "Semantic Scholar",
    "folder": "a folder",
}


@router.get("")
def look(request: Request, caller: Reader) -> Response:
    """All feeds, and a form for one more."""
    return _shown(request, caller)


@router.post("")
def add(request: Request, caller: Writer, typed: Typed) -> Response:
    """One more feed; what was typed stays where something is wrong with it."""
    try:
        wanted = _wanted(typed)
        place = only_once(caller, typed, lambda once: _added(wanted, once))
    except ValidationError as error:
        return _shown(request, caller, typed=typed, wrong=by_field(error), status=422)
    except TouchstoneError as error:
        wrong = {"": sentence(error.message)}
        return _shown(request, caller, typed=typed, wrong=wrong, status=status_of(error))
    return go(place)


@router.post("/{feed_id}")
def change(feed_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    """Change a feed, switch it on or off, or remove it."""
    match = f'"{typed.get("version", "")}"'
    try:
        if typed.get("do") == "remove":
            routes.remove(feed_id, caller, match)
        elif typed.get("do") == "switch":
            present = routes.feed(feed_id, caller, Response())
            switched = {**present.model_dump(), "active": "active" in typed}
            wanted = FeedIn.model_validate({name: switched[name] for name in FeedIn.model_fields})
            routes.change(feed_id, wanted, caller, Response(), match)
        else:
            routes.change(feed_id, _wanted(typed), caller, Response(), match)
    except ValidationError as error:
        return _shown(request, caller, str(feed_id), typed, by_field(error), 422)
    except TouchstoneError as error:
        wrong = {"": sentence(error.message)}
        return _shown(request, caller, str(feed_id), typed, wrong, status_of(error))
    return go("/literature/feeds?kept=1")


@router.post("/{feed_id}/run")
def run_now(feed_id: UUID, caller: Writer, after: BackgroundTasks) -> Response:
    """Look for new papers now, whatever the schedule says."""
    last = routes.feed(feed_id, caller, Response()).last_run
    routes.run_now(feed_id, caller, after, Response())
    before = "" if last is None else last.strftime("%Y%m%d%H%M%S%f")
    return go(f"/literature/feeds?running={feed_id}&before={before}#feed-{feed_id}")


@router.post("/failures/{failure_id}")
def try_again(failure_id: UUID, caller: Writer, after: BackgroundTasks) -> Response:
    """Have a paper that could not be taken in tried once more."""
    retry(failure_id, caller, after, Response())
    return go("/literature/feeds?kept=1#failures")


def _added(wanted: FeedIn, caller: Caller) -> str:
    routes.add(wanted, caller, Response())
    return "/literature/feeds?kept=1"


def _wanted(typed: Typed) -> FeedIn:
    cron = cron_of(typed)
    when = {"cron": cron} if cron else {}
    return FeedIn.model_validate({**said(typed, FIELDS), **when, "active": "active" in typed})


def _filled_in(feed: FeedOut) -> dict[str, Any]:
    """A feed as the fields of its form."""
    return {**feed.model_dump(exclude_none=True), **choice_of(feed.cron)}


def _shown(
    request: Request,
    caller: Caller,
    changing: str = "",
    typed: Any = NO_VALUES,
    wrong: Any = NO_VALUES,
    status: int = 200,
) -> Response:
    with caller.read() as session:
        failures = Failures(session, caller.workspace_id).page(100)
        names = [(row.id, row.name) for row in Collections(session, caller.workspace_id).page(200)]
    found = routes.feeds(caller, 200).items
    values = {
        "feeds": found,
        "filled_in": {feed.id: _filled_in(feed) for feed in found},
        "in_words": in_words,
        "every": EVERY,
        "weekdays": WEEKDAYS,
        "usual": USUAL,
        "sources": [(source, SOURCE_NAMES[source]) for source in SOURCES],
        "source_names": SOURCE_NAMES,
        "collections": [("", "none"), *names],
        "failures": [failure_out(row) for row in failures],
        "changing": changing,
        "typed": typed,
        "wrong": wrong,
    }
    return show(request, caller, "feeds.html", values, status)
