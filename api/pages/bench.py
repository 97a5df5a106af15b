"""The bench: what to test next and why, and what came of it, one at a time or as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.decimals import with_points
from api.pages.forms import UNREADABLE, Typed, by_field, in_utc, said
from api.pages.plots import gather
from api.pages.plots.trace import trace
from api.pages.rendering import go
from api.pages.runs import followed
from api.pages.teaching import teaching
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.problems import Refused
from api.routes import experiments, results_table, runs
from api.schemas.experiments import AmendedIn, ResultIn, ResultOut
from api.versions import etag
from records.base import now
from records.errors import BadInput, NotFound, TouchstoneError
from records.repositories import Experiments
from records.repositories.events import first_id_at

router = APIRouter(include_in_schema=False, route_class=PageRoute)

FIELDS = ("status", "score", "sem", "unit", "cost", "source", "note", "measured_at")
NUMBERS = ("score", "sem", "cost")
BEST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Refusal:
    """A form that was not kept: whose it is, what was typed, and what is wrong with it."""

    about: str
    """Id of the experiment or the result, or ``table``."""
    typed: Mapping[str, str]
    wrong: Mapping[str, str]
    current: ResultOut | None = None
    """The newer version, where somebody else was faster."""


@router.get("/runs/{run_id}/bench")
def bench(run_id: UUID, request: Request, caller: Reader) -> Response:
    return _shown(request, caller, run_id)


@router.get("/runs/{run_id}/sheet")
def sheet(run_id: UUID, request: Request, caller: Reader) -> Response:
    """What waits to be tested, to be printed and written on."""
    values = {
        "run": runs.look(run_id, caller, Response()),
        "waiting": experiments.next_experiments(run_id, caller),
        "printed": now(),
    }
    return show(request, caller, "sheet.html", values)


@router.get("/runs/{run_id}/bench.csv")
def table_to_fill(run_id: UUID, caller: Reader) -> Response:
    """What waits to be tested, as the table that can be handed in once the results stand in it.

    Its rows say ``done``, so that one left without a score is told of and not taken for a failure.
    A cell of a spreadsheet that begins with = + - or @ would be computed, so a title gets a mark before it.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("experiment_id", "title", "status", "score", "sem", "unit", "cost", "replicate", "note"))
    for one in experiments.next_experiments(run_id, caller):
        title = f"'{one.title}" if one.title.startswith(("=", "+", "-", "@", "\t")) else one.title
        writer.writerow((one.experiment.id, title, "done", *[""] * 6))
    name = f'attachment; filename="bench-{run_id}.csv"'
    return Response("\ufeff" + text.getvalue(), media_type="text/csv", headers={"Content-Disposition": name})


@router.get("/runs/{run_id}/results")
def back_to_bench(run_id: UUID, _caller: Reader) -> Response:
    """Where a refused form was sent to, asked for once more."""
    return go(f"/runs/{run_id}/bench")


@router.get("/experiments/{experiment_id}/results")
def back_from_experiment(experiment_id: UUID, caller: Reader) -> Response:
    run_id = experiments.experiment(experiment_id, caller).run_id
    return go(f"/runs/{run_id}/bench#experiment-{experiment_id}")


@router.get("/results/{result_id}")
def back_from_result(result_id: UUID, caller: Reader) -> Response:
    return go(f"/runs/{_run_of(caller, str(result_id))}/bench")


@router.post("/experiments/{experiment_id}/results")
def enter(
    experiment_id: UUID, request: Request, caller: Writer, after: BackgroundTasks, typed: Typed
) -> Response:
    """Keep a result, or say what is wrong with it beside what was typed."""
    run_id = UUID(experiments.experiment(experiment_id, caller).run_id)
    try:
        told = in_utc(said(typed, (*FIELDS, "replicate")), typed, "measured_at")
        result = ResultIn.model_validate(with_points(told, NUMBERS))
        experiments.enter_result(experiment_id, result, caller, after, Response())
    except (ValidationError, TouchstoneError) as error:
        return _again(request, caller, run_id, str(experiment_id), typed, error)
    return go(f"/runs/{run_id}/bench?entered=1")


@router.post("/experiments/{experiment_id}/abandon")
def abandon(experiment_id: UUID, caller: Writer, after: BackgroundTasks) -> Response:
    run_id = experiments.abandon(experiment_id, caller, after).run_id
    return go(f"/runs/{run_id}/bench")


@router.post("/results/{result_id}")
def amend(
    result_id: UUID, request: Request, caller: Writer, after: BackgroundTasks, typed: Typed
) -> Response:
    """Correct or withdraw a result, over the version that was seen."""
    run_id = _run_of(caller, str(result_id))
    seen = etag(int(typed["version"])) if typed.get("version", "").isdecimal() else None
    try:
        if typed.get("status") == "withdrawn":
            experiments.withdraw(result_id, caller, after, Response(), seen)
        else:
            told = in_utc(said(typed, FIELDS), typed, "measured_at")
            amended = AmendedIn.model_validate(with_points(told, NUMBERS))
            experiments.amend(result_id, amended, caller, after, Response(), seen)
    except (ValidationError, TouchstoneError) as error:
        return _again(request, caller, run_id, str(result_id), typed, error)
    return go(f"/runs/{run_id}/bench?entered=1")


@router.post("/runs/{run_id}/results")
def enter_table(
    run_id: UUID, request: Request, caller: Writer, after: BackgroundTasks, typed: Typed
) -> Response:
    """Keep a whole table of results, or nothing of it and the reasons by row."""
    table = typed.get("file") or typed.get("table", "")
    try:
        if typed.get(UNREADABLE):
            raise Refused(422, "not_text", typed[UNREADABLE])
        results_table.enter_table(run_id, caller, after, table.encode())
    except TouchstoneError as error:
        return _again(request, caller, run_id, "table", {"table": table}, error)
    return go(f"/runs/{run_id}/bench?entered=1")


def _again(
    request: Request,
    caller: Caller,
    run_id: UUID,
    about: str,
    typed: Mapping[str, str],
    error: ValidationError | TouchstoneError,
) -> Response:
    """The bench once more, with what was typed where it was typed; what concerns no form is raised."""
    if isinstance(error, ValidationError):
        return _shown(request, caller, run_id, Refusal(about, typed, by_field(error)), 422)
    if isinstance(error, NotFound):
        raise error
    if isinstance(error, Refused) and error.status == 412:
        current = ResultOut.model_validate(error.more["current"])
        return _shown(request, caller, run_id, Refusal(about, typed, {}, current), 412)
    if isinstance(error, Refused):
        by_row = {one["pointer"].strip("/"): one["detail"] for one in error.more.get("errors", ())}
        refusal = Refusal(about, typed, by_row or {"": sentence(error.message)})
        return _shown(request, caller, run_id, refusal, error.status)
    if isinstance(error, BadInput):
        return _shown(request, caller, run_id, Refusal(about, typed, {"": sentence(error.message)}), 409)
    raise error


def _shown(
    request: Request, caller: Caller, run_id: UUID, refusal: Refusal | None = None, status: int = 200
) -> Response:
    since = first_id_at(now() - timedelta(seconds=1))
    run = runs.look(run_id, caller, Response())
    seen = gather(caller, run.id)
    waiting = experiments.next_experiments(run_id, caller)
    values: dict[str, Any] = {
        **followed(run, since),
        "waiting": waiting,
        "done": [one for one in reversed(run.experiments) if one.results or one.state == "abandoned"],
        "titles": seen.titles,
        "unit": seen.unit,
        "best": [dot for dot in seen.dots if dot.rank is not None][:BEST_SHOWN],
        "teaching": teaching(caller, seen, waiting),
        "trace": trace(seen),
        "refusal": refusal,
        "columns": sorted(results_table.COLUMNS),
    }
    return show(request, caller, "bench.html", values, status)


def _run_of(caller: Caller, result_id: str) -> UUID:
    with caller.read() as session:
        found = Experiments(session, caller.workspace_id)
        return UUID(found.get(found.result(result_id).experiment_id).run_id)
