"""Asking a question: a form that checks what it was given, shows it, and loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.decimals import with_points
from api.pages.candidates import ROLES, Candidates, read_candidates
from api.pages.forms import NO_VALUES, UNREADABLE, Typed, by_field, said
from api.pages.laboratory import Laboratory, read_laboratory
from api.pages.once import only_once
from api.pages.rendering import go
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.routes import questions
from api.schemas.questions import PlanIn, PolicyName, QuestionIn
from records.errors import BadInput, NotFound
from records.repositories import Papers
from records.repositories.collections import Collections

router = APIRouter(prefix="/ask", include_in_schema=False, route_class=PageRoute)

NUMBERS = ("hypotheses", "budget", "batch", "seed", "token_budget", "money_budget")
PREVIEWED = 20
MOST_COLLECTIONS = 100
MOST_COLUMNS = 40
NOTHING = Candidates()
NOBODY = Laboratory({"kind": "human"})


@router.get("")
def form(request: Request, caller: Reader) -> Response:
    return _shown(request, caller, {"laboratory": "human"})


@router.post("")
def answer(request: Request, caller: Writer, after: BackgroundTasks, typed: Typed) -> Response:
    """Look at what was brought along, or ask; what is wrong is said where it was typed."""
    typed = {
        **typed,
        "candidates": typed.get("file") or typed.get("candidates", ""),
        "table": typed.get("table_file") or typed.get("table", ""),
    }
    candidates = read_candidates(typed["candidates"], _roles(typed))
    laboratory = read_laboratory(typed)
    brought = (candidates, laboratory)
    if typed.get("do") == "preview" and not typed.get(UNREADABLE):
        return _shown(request, caller, typed, *brought)
    wrong = {}
    if typed.get(UNREADABLE):
        wrong[""] = sentence(typed[UNREADABLE])
    if candidates.errors:
        wrong["candidates"] = "Some lines cannot be used"
    if laboratory.errors:
        wrong["laboratory"] = "What measures cannot be used so"
    if wrong:
        return _shown(request, caller, typed, *brought, wrong, 422)
    try:
        asked = _question(caller, typed, candidates, laboratory)
        place = only_once(
            caller, typed, lambda once: f"/runs/{questions.ask(asked, once, after, Response()).id}"
        )
    except ValidationError as error:
        return _shown(request, caller, typed, *brought, _wrong(error), 422)
    except NotFound:
        raise
    except BadInput as error:
        return _shown(request, caller, typed, *brought, {"": sentence(error.message)}, 422)
    return go(place)


def _roles(typed: Mapping[str, str]) -> dict[str, str]:
    """Column to role, as the person chose after a look."""
    return {
        typed[f"column-{number}"]: typed.get(f"role-{number}", "")
        for number in range(MOST_COLUMNS)
        if f"column-{number}" in typed
    }


def _question(
    caller: Caller, typed: Mapping[str, str], candidates: Candidates, laboratory: Laboratory
) -> QuestionIn:
    plan: dict[str, Any] = with_points(said(typed, (*NUMBERS, "reasoner", "policy")), ("money_budget",))
    plan["laboratory"] = laboratory.plan
    plan["candidates"] = candidates.found
    told: dict[str, Any] = {"question": typed.get("question", ""), "survey": typed.get("survey", "")}
    if typed.get("collection"):
        with caller.read() as session:
            collections = Collections(session, caller.workspace_id)
            told["paper_ids"] = collections.paper_ids(typed["collection"])
    return QuestionIn.model_validate({**told, "plan": plan})


def _wrong(error: ValidationError) -> dict[str, str]:
    """By the form's field: a plan's parts stand in the form by themselves."""
    return {name.removeprefix("plan").strip("/"): why for name, why in by_field(error).items()}


def _shown(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    candidates: Candidates = NOTHING,
    laboratory: Laboratory = NOBODY,
    wrong: Mapping[str, str] = NO_VALUES,
    status: int = 200,
) -> Response:
    with caller.read() as session:
        papers = Papers(session, caller.workspace_id).readable_count()
        collections = Collections(session, caller.workspace_id)
        sizes = collections.sizes()
        named = [(row.id, row.name, sizes.get(row.id, 0)) for row in collections.page(MOST_COLLECTIONS)]
    values = {
        "typed": typed,
        "wrong": wrong,
        "candidates": candidates,
        "laboratory": laboratory,
        "previewed": PREVIEWED,
        "roles": ROLES,
        "papers": papers,
        "collections": named,
        "defaults": PlanIn(),
        "policies": [(name, name) for name in get_args(PolicyName)],
    }
    return show(request, caller, "ask.html", values, status)
