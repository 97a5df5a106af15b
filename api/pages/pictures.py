"""The pictures of a run: on a page of their own, and each as a file to take away."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.pages.plots import draw, draw_all, gather
from api.pages.runs import followed
from api.pages.visiting import PageRoute, Reader, show
from api.routes import runs
from records.base import now
from records.repositories.events import first_id_at

router = APIRouter(prefix="/runs", include_in_schema=False, route_class=PageRoute)

TYPES = {"svg": "image/svg+xml", "csv": "text/csv; charset=utf-8"}


@router.get("/{run_id}/pictures")
def look(run_id: UUID, request: Request, caller: Reader) -> Response:
    """All that the run has something to show in."""
    since = first_id_at(now() - timedelta(seconds=1))
    run = runs.look(run_id, caller, Response())
    values = {**followed(run, since), "pictures": draw_all(gather(caller, run.id))}
    return show(request, caller, "pictures.html", values)


@router.get("/{run_id}/pictures/{name}.{kind}")
def take_away(run_id: UUID, name: str, kind: Literal["svg", "csv"], caller: Reader) -> Response:
    """One picture as an SVG that needs nothing else, or its numbers as CSV."""
    picture = draw(gather(caller, str(run_id)), name)
    content = picture.as_file() if kind == "svg" else picture.as_csv()
    headers = {"Content-Disposition": f'attachment; filename="{name}-{run_id}.{kind}"'}
    return Response(content, media_type=TYPES[kind], headers=headers)
