"""Several hypotheses at once: accepted, rejected, set aside or tagged, and all of it undone with one key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.forms import LONGEST_FIELD, by_field
from api.pages.judging import review_in, said_of
from api.pages.plots import gather
from api.pages.ranking_table import Wanted, marks_of, table_of, trait_filter
from api.pages.rendering import go
from api.pages.runs import MarkedAgain, shown
from api.pages.visiting import PageRoute, Reader, Writer, sentence
from api.problems import Refused, status_of
from api.schemas.hypotheses import ReviewIn
from records.errors import BadInput, NotFound
from records.repositories import Judging, Remarks, Runs
from records.repositories.remarks import normal

router = APIRouter(prefix="/runs", include_in_schema=False, route_class=PageRoute)

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Form:
    fields: Mapping[str, str]
    picked: Sequence[str]
    """Ids of the rows that were marked."""


async def _form(request: Request) -> Form:
    async with request.form(max_fields=1000, max_part_size=LONGEST_FIELD) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Form(fields, [value for value in form.getlist("pick") if isinstance(value, str)])


@router.post("/{run_id}/hypotheses")
def treat(run_id: UUID, request: Request, caller: Writer, form: Annotated[Form, Depends(_form)]) -> Response:
    """Do the same to all that are marked, or to all that fit the filter; what is refused stays marked."""
    told: dict[str, Any] = {name: form.fields.get(name, "") for name in NARROWING}
    page = form.fields.get("page", "")
    wanted = Wanted(**told, page=int(page) if PAGE.fullmatch(page) else 1)
    try:
        return _treated(caller, run_id, form, wanted)
    except NotFound:
        raise
    except (Refused, BadInput) as error:
        again = MarkedAgain(form.picked, form.fields, sentence(error.message))
        return shown(run_id, request, caller, wanted, again, status_of(error))


def _treated(caller: Caller, run_id: UUID, form: Form, wanted: Wanted) -> Response:
    ids = _meant(caller, str(run_id), form, wanted)
    back = f"/runs/{run_id}?{wanted.query()}"
    if form.fields.get("do") == "tag":
        _tag(caller, str(run_id), ids, form.fields.get("tags", ""))
        return go(f"{back}&tagged={len(ids)}#ranking-title")
    said = _said(form.fields)
    with caller.write() as session:
        judging = Judging(session, caller.workspace_id, caller.name)
        action_id, count = judging.say_of_all(ids, said_of(said))
        detail = {**said.model_dump(mode="json"), "hypotheses": count}
        caller.audit(session, "reviews.added", "run", str(run_id), detail)
    return go(f"{back}&done={action_id}&kept={count}#ranking-title")


@router.get("/{run_id}/hypotheses")
def back(run_id: UUID, _caller: Reader) -> Response:
    """Where a refused form was sent to, asked for once more."""
    return go(f"/runs/{run_id}")


NARROWING = ("q", "cluster", "trait", "status", "opinion", "reviewer", "tag", "least", "sort")
PAGE = re.compile(r"[1-9]\d{0,3}")


def _meant(caller: Caller, run_id: str, form: Form, wanted: Wanted) -> list[str]:
    with caller.read() as session:
        Runs(session, caller.workspace_id).get(run_id)
        if form.fields.get("all"):
            marks = marks_of(session, caller.workspace_id, caller.name, run_id)
            trait = trait_filter(session, caller.workspace_id, run_id, wanted)
            ids = list(table_of(gather(caller, run_id), marks, wanted, trait).found)
        else:
            ids = Judging(session, caller.workspace_id, caller.name).known(form.picked, run_id)
    if not ids:
        raise Refused(422, "nothing_marked", "mark the rows first that this is meant for, and try again")
    return ids[:MOST]


def _said(fields: Mapping[str, str]) -> ReviewIn:
    verdicts = {"accept": ("submitted", "accept"), "reject": ("submitted", "reject")}
    status, verdict = verdicts.get(fields.get("do", ""), ("discarded", None))
    try:
        return review_in(fields, status=status, verdict=verdict)
    except ValidationError as error:
        raise Refused(422, "bad_review", "; ".join(by_field(error).values())) from error


def _tag(caller: Caller, run_id: str, ids: Sequence[str], text: str) -> None:
    """Add these tags to those that they have."""
    names = normal(text.split(","))
    if not names:
        raise Refused(422, "no_tag", "name the tag first, and try again")
    with caller.write() as session:
        Remarks(session, caller.workspace_id).add_tags(ids, names, caller.name)
        caller.audit(
            session, "hypotheses.tagged", "run", run_id, {"tags": list(names), "hypotheses": len(ids)}
        )
