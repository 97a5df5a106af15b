"""Search: passages of the literature that are near to a text or could inspire an answer, and why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.caller import Caller
from api.pages.forms import by_field
from api.pages.visiting import PageRoute, Reader, show
from api.routes import papers
from api.schemas.literature import SearchIn
from records.repositories import Collections

router = APIRouter(prefix="/literature/search", include_in_schema=False, route_class=PageRoute)

PATIENCE_S = 20.0
SHOWN = 20
Word = Annotated[str, Query(max_length=4_000)]


@router.get("")
async def look(
    request: Request,
    caller: Reader,
    q: Word = "",
    survey: Annotated[str, Query(max_length=40_000)] = "",
    mode: Word = "relevance",
    year_from: Word = "",
    year_to: Word = "",
    venue: Word = "",
    collection: Word = "",
) -> Response:
    """The passages that were found; while a worker still looks, the page says so."""
    typed = {"q": q, "survey": survey, "mode": mode, "venue": venue, "collection": collection}
    typed |= {"year_from": year_from, "year_to": year_to}
    values: dict[str, Any] = {"typed": typed, "hits": None, "wrong": {}}
    status = 200
    if q.strip():
        try:
            asked = _asked(typed)
        except ValidationError as error:
            values["wrong"], status = by_field(error), 422
        else:
            found = await papers.search(asked, caller, Response(), PATIENCE_S)
            values |= {"hits": found.hits, "looking": found.hits is None}
    return await run_in_threadpool(_shown, request, caller, values, status)


def _asked(typed: dict[str, str]) -> SearchIn:
    filters = {name: typed[name] for name in ("year_from", "year_to", "venue") if typed[name].strip()}
    within = {"collections": [typed["collection"]]} if typed["collection"] else {}
    said = {"text": typed["q"], "survey": typed["survey"], "mode": typed["mode"], "limit": SHOWN}
    return SearchIn.model_validate({**said, **filters, **within})


def _shown(request: Request, caller: Caller, values: dict[str, Any], status: int) -> Response:
    with caller.read() as session:
        kept = [(row.id, row.name) for row in Collections(session, caller.workspace_id).page(200)]
    return show(request, caller, "search.html", {**values, "collections": kept}, status)
