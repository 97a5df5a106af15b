"""A run as a file: JSON with everything behind it, a table, or a report with all of it in one archive."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Response, status

from api.caller import CanRead
from api.idempotency import Idempotent
from api.schemas.common import In, JobAccepted
from records.repositories import Files, Runs
from workers.orders import order_export

router = APIRouter(prefix="/v1", tags=["exports"], route_class=Idempotent)


class ExportIn(In):
    format: Literal["json", "csv", "zip"] = "zip"


@router.post("/runs/{run_id}/exports", status_code=status.HTTP_202_ACCEPTED)
def export(
    run_id: UUID, asked: ExportIn, caller: CanRead, after: BackgroundTasks, response: Response
) -> JobAccepted:
    """Have a file made of the run; the job's result names it."""
    with caller.write() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        job = order_export(
            session,
            caller.workspace_id,
            run.id,
            asked.format,
            request_id=caller.request_id,
            created_by=caller.name,
        )
        caller.audit(session, "run.exported", "run", run.id, asked.model_dump())
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobAccepted(job_id=job.id)


@router.get(
    "/files/{file_id}",
    response_class=Response,
    responses={200: {"content": {"*/*": {"schema": {"type": "string"}}}}},
)
def download(file_id: UUID, caller: CanRead) -> Response:
    """A file of the workspace, as an attachment: a browser saves it and runs nothing in it."""
    with caller.read() as session:
        files = Files(session, caller.workspace_id)
        row, content = files.get(str(file_id)), files.content(str(file_id))
    return Response(
        content,
        media_type=row.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{row.name}"',
            "ETag": f'"{row.sha256}"',
        },
    )
