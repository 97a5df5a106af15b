"""Asking a question: a form that checks what it was given, shows it, and loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.candidates import COLUMNS, Candidates, read_candidates
from api.pages.forms import NO_VALUES, Typed, by_field, said
from api.pages.rendering import go
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.routes import questions
from api.schemas.questions import PlanIn, PolicyName, QuestionIn
from records.errors import BadInput, NotFound
from records.repositories import Papers

router = APIRouter(prefix="/ask", include_in_schema=False, route_class=PageRoute)

NUMBERS = ("hypotheses", "budget", "batch", "seed", "token_budget", "money_budget")
PREVIEWED = 20
NONE = Candidates()


@router.get("")
def form(request: Request, caller: Reader) -> Response:
    return _shown(request, caller, {"laboratory": "human"})


@router.post("")
def answer(request: Request, caller: Writer, after: BackgroundTasks, typed: Typed) -> Response:
    """Look at the candidates, or ask; what is wrong is said where it was typed."""
    typed = {**typed, "candidates": typed.get("file") or typed.get("candidates", "")}
    candidates = read_candidates(typed["candidates"])
    if typed.get("do") == "preview":
        return _shown(request, caller, typed, candidates)
    if candidates.errors:
        return _shown(request, caller, typed, candidates, {"candidates": "Some lines cannot be used"}, 422)
    try:
        asked = _question(typed, candidates)
        accepted = questions.ask(asked, caller, after, Response())
    except ValidationError as error:
        return _shown(request, caller, typed, candidates, _wrong(error), 422)
    except NotFound:
        raise
    except BadInput as error:
        return _shown(request, caller, typed, candidates, {"": sentence(error.message)}, 422)
    return go(f"/runs/{accepted.id}")


def _question(typed: Mapping[str, str], candidates: Candidates) -> QuestionIn:
    plan: dict[str, Any] = said(typed, (*NUMBERS, "reasoner", "policy"))
    plan["laboratory"] = {"kind": typed.get("laboratory", "human")}
    plan["candidates"] = candidates.found
    told = {"question": typed.get("question", ""), "survey": typed.get("survey", "")}
    return QuestionIn.model_validate({**told, "plan": plan})


def _wrong(error: ValidationError) -> dict[str, str]:
    """By the form's field: a plan's parts stand in the form by themselves."""
    return {name.removeprefix("plan").strip("/"): why for name, why in by_field(error).items()}


def _shown(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    candidates: Candidates = NONE,
    wrong: Mapping[str, str] = NO_VALUES,
    status: int = 200,
) -> Response:
    with caller.read() as session:
        papers = Papers(session, caller.workspace_id).count()
    values = {
        "typed": typed,
        "wrong": wrong,
        "candidates": candidates,
        "previewed": PREVIEWED,
        "columns": COLUMNS,
        "papers": papers,
        "defaults": PlanIn(),
        "policies": [(name, name) for name in get_args(PolicyName)],
    }
    return show(request, caller, "ask.html", values, status)
