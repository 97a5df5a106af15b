"""Many results at once, from a CSV table: all of them, or none and the reasons by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Body, status
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.caller import Caller, CanWrite
from api.decimals import with_points
from api.idempotency import Idempotent
from api.problems import Refused
from api.routes.experiments import record
from api.schemas.experiments import Entered, ResultIn, result_out
from api.updates import order_update
from records.errors import TouchstoneError
from records.models import Result
from records.repositories import Experiments, Runs

router = APIRouter(prefix="/v1", tags=["experiments"], route_class=Idempotent)

COLUMNS = frozenset(
    "experiment_id hypothesis_id status score sem unit cost note measured_at source replicate".split()
)
UNREAD = frozenset({"title"})
"""What a table may hold for whoever fills it in."""
MOST_ROWS = 10_000


@router.post("/runs/{run_id}/results", status_code=status.HTTP_201_CREATED)
def enter_table(
    run_id: UUID,
    caller: CanWrite,
    after: BackgroundTasks,
    table: Annotated[bytes, Body(media_type="text/csv")],
) -> Entered:
    """Enter a CSV table of results: ``experiment_id`` or ``hypothesis_id``, ``score``, and if wanted more.

    Further columns: ``status`` (done or failed; a row without a score failed), ``sem``, ``unit``, ``cost``,
    ``replicate``, ``source``, ``measured_at``, ``note``; ``title`` is for people. A comma stands for the
    decimal point unless it may part thousands (1,234). A hypothesis nobody asked to test gets an experiment.
    """
    rows = list(_rows(table))
    with caller.write() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        entered = _enter(caller, session, run.id, rows)
        answer = Entered(results=[result_out(row) for row in entered])
        order_update(caller, session, run)
    after.add_task(caller.ring)
    return answer


def _rows(table: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells that say something."""
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(422, "not_text", "the table is not UTF-8 text") from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in reader.fieldnames or []]
    if unknown := sorted(set(header) - COLUMNS - UNREAD):
        raise Refused(
            422, "unknown_column", f"there is no column {unknown[0]!r}; use {', '.join(sorted(COLUMNS))}"
        )
    if len(set(header)) < len(header):
        raise Refused(422, "repeated_column", "two columns have the same name")
    if not {"experiment_id", "hypothesis_id"} & set(header):
        raise Refused(422, "missing_column", "the table needs a column experiment_id or hypothesis_id")
    reader.fieldnames = header
    try:
        for count, cells in enumerate(reader):
            if count == MOST_ROWS:
                raise Refused(413, "too_many_rows", f"a table may have {MOST_ROWS:,} rows at most")
            said = {name: value.strip() for name, value in cells.items() if name and value and value.strip()}
            if None in cells:
                raise Refused(422, "ragged_table", f"line {reader.line_num} has more cells than the header")
            if said:
                yield reader.line_num, said
    except csv.Error as error:
        raise Refused(422, "not_csv", f"line {reader.line_num} is no CSV: {error}") from error


def _enter(
    caller: Caller, session: Session, run_id: str, rows: list[tuple[int, dict[str, str]]]
) -> list[Result]:
    entered, errors = [], []
    for line, cells in rows:
        try:
            entered.append(
                record(caller, session, _experiment(caller, session, run_id, cells), _result(cells))
            )
        except ValidationError as error:
            for found in error.errors():
                where = "/".join(str(part) for part in found["loc"]) or "row"
                errors.append({"pointer": f"/{line}/{where}", "detail": found["msg"]})
        except TouchstoneError as error:
            errors.append({"pointer": f"/{line}", "detail": error.message})
    if errors:
        first = errors[0]
        message = f"nothing was entered; line {first['pointer'][1:]}: {first['detail']}"
        raise Refused(422, "bad_rows", message, more={"errors": errors[:1000]})
    if not entered:
        raise Refused(422, "empty_table", "the table has no rows")
    return entered


def _experiment(caller: Caller, session: Session, run_id: str, cells: dict[str, str]) -> str:
    experiments = Experiments(session, caller.workspace_id)
    if "experiment_id" in cells:
        found = experiments.get(cells["experiment_id"])
        if found.run_id != run_id:
            raise Refused(422, "other_run", f"experiment {found.id} belongs to another run")
        return found.id
    if "hypothesis_id" not in cells:
        raise Refused(422, "no_experiment", "the row names neither an experiment nor a hypothesis")
    return experiments.to_enter(run_id, cells["hypothesis_id"], caller.name[:40]).id


def _result(cells: dict[str, str]) -> ResultIn:
    told: dict[str, Any] = {
        k: v for k, v in cells.items() if k not in ("experiment_id", "hypothesis_id", *UNREAD)
    }
    told = with_points(told, ("score", "sem", "cost"))
    told.setdefault("status", "done" if "score" in told else "failed")
    return ResultIn.model_validate(told)
