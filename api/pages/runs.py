"""A run: how far it is, what ranks where and why, what to test next, and the buttons that steer it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Form, Query, Request, Response

from api.caller import Caller
from api.pages.once import FIELD, only_once
from api.pages.plots import PICTURES, Seen, gather
from api.pages.ranking_table import ORDERS, Marks, Wanted, marks_of, table_of, trait_filter
from api.pages.rendering import go
from api.pages.visiting import PageRoute, Reader, Writer, show
from api.routes import runs
from api.routes.experiments import next_experiments
from api.schemas.runs import RunOut
from records.base import now
from records.repositories.events import first_id_at
from records.repositories.runs import FINAL

router = APIRouter(prefix="/runs", include_in_schema=False, route_class=PageRoute)

Word = Annotated[str, Query(max_length=200)]
PageNumber = Annotated[int, Query(ge=1, le=10_000)]

Wish = Literal["pause", "resume", "cancel", "rerank", "clone"]

STAGES = ("retrieve", "propose", "decompose", "cluster", "recommend", "measure", "conclude")
TRAITS_OFFERED = 60
SHOWN = ("trace", "traits")
"""Pictures on this page; all are on their own."""
KNOWN_BEFORE = "known before"
"""What the experiments of before the run are asked for by."""


@dataclass(frozen=True, slots=True)
class MarkedAgain:
    """What was to be done with several hypotheses, and was not."""

    picked: Collection[str]
    fields: Mapping[str, str]
    why: str


def _wanted(
    q: Word = "",
    cluster: Word = "",
    trait: Annotated[str, Query(max_length=500)] = "",
    status: Word = "",
    opinion: Word = "",
    reviewer: Word = "",
    tag: Word = "",
    least: Word = "",
    sort: Word = "rank",
    page: PageNumber = 1,
) -> Wanted:
    return Wanted(q, cluster, trait, status, opinion, reviewer, tag, least, sort, page)


@router.get("/{run_id}")
def look(
    run_id: UUID, request: Request, caller: Reader, wanted: Annotated[Wanted, Depends(_wanted)]
) -> Response:
    """All of a run on one page."""
    return shown(run_id, request, caller, wanted)


def shown(
    run_id: UUID,
    request: Request,
    caller: Reader,
    wanted: Wanted,
    marked: MarkedAgain | None = None,
    status: int = 200,
) -> Response:
    """``marked``: rows and fields of a form that was refused."""
    since = first_id_at(now() - timedelta(seconds=1))
    run = runs.look(run_id, caller, Response())
    seen = gather(caller, run.id)
    with caller.read() as session:
        marks = marks_of(session, caller.workspace_id, caller.name, run.id)
        with_trait = trait_filter(session, caller.workspace_id, run.id, wanted)
    values = {
        **followed(run, since),
        "stages": _stages(run),
        "tests": _tests(run),
        "wanted": wanted,
        "orders": tuple(ORDERS),
        "clusters": seen.clusters,
        "filters": _filters(seen, marks),
        "table": table_of(seen, marks, wanted, with_trait),
        "to_review": sum(queue == "pending" for queue in marks.queues.values()),
        "advice": seen.advice,
        "pictures": [picture for name in SHOWN if (picture := PICTURES[name](seen)) is not None],
        "waiting": next_experiments(run_id, caller),
        "titles": seen.titles,
        "marked": marked,
    }
    return show(request, caller, "run.html", values, status)


def _filters(seen: Seen, marks: Marks) -> dict[str, Sequence[str]]:
    """What there is to choose from."""
    strongest = sorted(seen.traits, key=lambda one: -abs(one.effect))[:TRAITS_OFFERED]
    return {
        "trait": sorted({one.trait for one in strongest}),
        "status": ("untested", "waiting", "tested", "failed"),
        "opinion": ("unreviewed", "accepted", "rejected", "disputed") if marks.queues else (),
        "reviewer": marks.reviewers,
        "tag": marks.all_tags,
    }


def followed(run: RunOut, since: str) -> dict[str, Any]:
    """What a page needs to follow its run: events behind ``since`` are news."""
    return {"run": run, "since": since, "over": run.state in FINAL}


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
def steer(
    run_id: UUID,
    caller: Writer,
    after: BackgroundTasks,
    wish: Annotated[Wish, Form()],
    once: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Pause, resume, cancel, rank again, or ask the same once more; then look."""
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
            typed = {"run": str(run_id), FIELD: once}
            return go(only_once(caller, typed, lambda one: f"/runs/{_cloned(run_id, one, after)}"))
    return go(f"/runs/{run_id}")


def _cloned(run_id: UUID, caller: Caller, after: BackgroundTasks) -> str:
    return runs.clone(run_id, caller, after, Response()).id
