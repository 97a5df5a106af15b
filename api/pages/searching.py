"""Search: passages of the literature that are near to a text, and why each was found."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.pages.forms import by_field
from api.pages.visiting import PageRoute, Reader, show
from api.routes import papers
from api.schemas.literature import SearchIn

router = APIRouter(prefix="/literature/search", include_in_schema=False, route_class=PageRoute)

PATIENCE_S = 20.0
Word = Annotated[str, Query(max_length=4_000)]


@router.get("")
async def look(
    request: Request, caller: Reader, q: Word = "", year_from: Word = "", year_to: Word = ""
) -> Response:
    """The nearest passages; while a worker still looks, the page says so."""
    values: dict[str, Any] = {"q": q, "year_from": year_from, "year_to": year_to, "hits": None, "wrong": {}}
    status = 200
    if q.strip():
        years = {"year_from": year_from, "year_to": year_to}
        try:
            asked = SearchIn.model_validate(
                {"text": q, "limit": 20, **{name: year for name, year in years.items() if year.strip()}}
            )
        except ValidationError as error:
            values["wrong"], status = by_field(error), 422
        else:
            found = await papers.search(asked, caller, Response(), PATIENCE_S)
            values |= {"hits": found.hits, "looking": found.hits is None}
    return await run_in_threadpool(show, request, caller, "search.html", values, status)
