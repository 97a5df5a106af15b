"""Novelty on the pages: what a hypothesis is like that was published, and papers that touch hypotheses."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Form, Response

from api.caller import Caller
from api.pages.rendering import go, inside
from api.pages.visiting import PageRoute, Writer
from api.routes import novelty
from records.repositories import Hypotheses, Novelties
from records.repositories.papers import Papers

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MOST_SHOWN = 8


def touching(caller: Caller) -> dict[str, Any]:
    """For a page: new papers that touch hypotheses, which nobody has seen yet."""
    with caller.read() as session:
        rows = Novelties(session, caller.workspace_id).flags(MOST_SHOWN + 1, seen=False)
        titles = Novelties(session, caller.workspace_id).titles({row.paper_id for row in rows})
        named = Hypotheses(session, caller.workspace_id).named({row.hypothesis_id for row in rows})
        own = Papers(session, caller.workspace_id).all({row.paper_id for row in rows})
    shown = [
        (row, titles[row.paper_id][0], named[row.hypothesis_id])
        for row in rows
        if row.paper_id in titles and row.hypothesis_id in named
    ]
    return {
        "touching": shown[:MOST_SHOWN],
        "more_touching": len(rows) > MOST_SHOWN,
        "own_papers": {paper.id for paper in own},
    }


def against(caller: Caller, hypothesis_id: UUID) -> dict[str, Any]:
    """For a hypothesis' page: how new it is, and the published statements that come nearest."""
    found = novelty.of_hypothesis(hypothesis_id, caller)
    passages = {point.passage_id for paper in found.nearest for point in paper.key_points}
    with caller.read() as session:
        told = Novelties(session, caller.workspace_id).passages("", passages)
        own = Papers(session, caller.workspace_id).all({paper.paper_id for paper in found.nearest})
    return {
        "new": found,
        "statements": {one.id: one.text for one in told},
        "own_papers": {paper.id for paper in own},
    }


@router.post("/runs/{run_id}/novelty")
def check(
    run_id: UUID, caller: Writer, after: BackgroundTasks, back: Annotated[str, Form()] = "/"
) -> Response:
    """Have the run's hypotheses held against what is published."""
    novelty.check(run_id, caller, after, Response())
    return go(f"{inside(back)}?checking=1#novelty")


@router.post("/literature/flags/{flag_id}")
def seen(flag_id: UUID, caller: Writer, back: Annotated[str, Form()] = "/") -> Response:
    """Somebody has looked at what touches a hypothesis."""
    novelty.see(flag_id, caller)
    return go(inside(back))
