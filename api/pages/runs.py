"""A run: how far it is, what ranks where and why, what to test next, and the buttons that steer it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request, Response

from api.pages.intervals import Scale
from api.pages.ranking_table import ORDERS, Wanted, table_of, titles_of
from api.pages.rendering import go
from api.pages.visiting import PageRoute, Reader, Writer, show
from api.routes import runs
from api.routes.experiments import next_experiments
from api.routes.hypotheses import clusters, ranking
from api.schemas.hypotheses import TraitEffect
from api.schemas.runs import RunOut
from records.base import now
from records.repositories.events import first_id_at
from records.repositories.runs import FINAL

router = APIRouter(prefix="/runs", include_in_schema=False, route_class=PageRoute)

Word = Annotated[str, Query(max_length=200)]
PageNumber = Annotated[int, Query(ge=1, le=10_000)]

Wish = Literal["pause", "resume", "cancel", "rerank", "clone"]

STAGES = ("retrieve", "propose", "decompose", "cluster", "recommend", "measure", "conclude")
TRAITS_SHOWN = 12
KNOWN_BEFORE = "known before"
"""What the experiments of before the run are asked for by."""


@router.get("/{run_id}")
def look(
    run_id: UUID,
    request: Request,
    caller: Reader,
    q: Word = "",
    cluster: Word = "",
    sort: Word = "rank",
    page: PageNumber = 1,
) -> Response:
    """All of a run on one page."""
    since = first_id_at(now() - timedelta(seconds=1))
    run = runs.look(run_id, caller, Response())
    ranked, categories = ranking(run_id, caller), clusters(run_id, caller).clusters
    wanted = Wanted(q, cluster, sort, page)
    strongest = sorted(ranked.contributions, key=lambda one: -abs(one.effect))[:TRAITS_SHOWN]
    values = {
        **followed(run, since),
        "stages": _stages(run),
        "tests": _tests(run),
        "wanted": wanted,
        "orders": tuple(ORDERS),
        "clusters": categories,
        "table": table_of(caller, run.id, ranked, categories, wanted),
        "advice": ranked.advice,
        "traits": strongest,
        "trait_scale": trait_scale(strongest),
        "waiting": next_experiments(run_id, caller),
        "titles": titles_of(caller, run.id, ranked),
    }
    return show(request, caller, "run.html", values)


def followed(run: RunOut, since: str) -> dict[str, Any]:
    """What a page needs to follow its run: events behind ``since`` are news."""
    return {"run": run, "since": since, "over": run.state in FINAL}


def trait_scale(traits: Sequence[TraitEffect]) -> Scale:
    """For traits' effects, with nought on it."""
    return Scale.over(((one.low, one.high) for one in traits), also=0.0)


def _tests(run: RunOut) -> dict[str, int]:
    """Experiments that are over: asked for in this run, known before it, and failed."""
    over = [one for one in run.experiments if one.state in ("done", "failed")]
    known = sum(one.recommended_by == KNOWN_BEFORE for one in over)
    failed = sum(one.state == "failed" for one in over)
    return {"asked": len(over) - known, "known": known, "failed": failed}


def _stages(run: RunOut) -> list[dict[str, Any]]:
    """The steps of the way, with the seconds that each has taken, and which one ended last."""
    return [
        {"name": name, "seconds": run.seconds.get(name), "last": name == run.stage}
        for name in STAGES
        if name in run.seconds or run.state not in FINAL
    ]


@router.post("/{run_id}")
def steer(run_id: UUID, caller: Writer, after: BackgroundTasks, wish: Annotated[Wish, Form()]) -> Response:
    """Pause, resume, cancel, rank again, or ask the same once more; then look."""
    shown = str(run_id)
    match wish:
        case "pause":
            runs.pause(run_id, caller)
        case "resume":
            runs.resume(run_id, caller, after)
        case "cancel":
            runs.cancel(run_id, caller)
        case "rerank":
            runs.rerank(run_id, caller, after)
        case "clone":
            shown = runs.clone(run_id, caller, after, Response()).id
    return go(f"/runs/{shown}{'?ranking=again' if wish == 'rerank' else ''}")
