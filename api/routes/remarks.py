"""What people leave on a hypothesis: other words for it, comments, tags."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.schemas.hypotheses import HypothesisOut, hypothesis_out
from api.schemas.remarks import CommentIn, CommentOut, TagsIn, TagsOut, VersionOut, WordingIn
from api.updates import standings_of
from api.versions import IfMatch, check_version, etag
from records.repositories import Hypotheses, Remarks, RunEvents, Runs
from records.repositories.remarks import Wording, wording_of

router = APIRouter(prefix="/v1/hypotheses/{hypothesis_id}", tags=["hypotheses"], route_class=Idempotent)


@router.put("")
def edit(
    hypothesis_id: UUID,
    wording: WordingIn,
    caller: CanWrite,
    response: Response,
    if_match: IfMatch = None,
) -> HypothesisOut:
    """Put it into other words; how it read before is kept. The next ranking goes by the new statement."""
    with caller.write() as session:
        row = Hypotheses(session, caller.workspace_id).get(str(hypothesis_id))
        run = Runs(session, caller.workspace_id).get(row.run_id)
        standing = standings_of(run).get(row.position)
        check_version(if_match, row.version, hypothesis_out(row, standing, []))
        before = row.version
        clauses = wording_of(row).clauses if wording.clauses is None else tuple(wording.clauses)
        told = Wording(wording.title, wording.statement, clauses)
        row = Remarks(session, caller.workspace_id).edit(row, told, caller.name)
        if row.version != before:
            caller.audit(session, "hypothesis.edited", "hypothesis", row.id, {"version": row.version})
            RunEvents(session, caller.workspace_id).add(run.id, "hypothesis", {"hypothesis_id": row.id})
        shown = hypothesis_out(row, standing, [])
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/versions")
def versions(hypothesis_id: UUID, caller: CanRead) -> list[VersionOut]:
    """How it read before it was edited, oldest first."""
    with caller.read() as session:
        rows = Remarks(session, caller.workspace_id).versions(str(hypothesis_id))
    return [VersionOut.model_validate(row) for row in rows]


@router.get("/comments")
def comments(hypothesis_id: UUID, caller: CanRead) -> list[CommentOut]:
    """What people remarked on it, oldest first."""
    with caller.read() as session:
        rows = Remarks(session, caller.workspace_id).comments(str(hypothesis_id))
    return [CommentOut.model_validate(row) for row in rows]


@router.post("/comments", status_code=status.HTTP_201_CREATED)
def comment(hypothesis_id: UUID, said: CommentIn, caller: CanWrite) -> CommentOut:
    """Remark on it."""
    with caller.write() as session:
        row = Remarks(session, caller.workspace_id).comment(str(hypothesis_id), caller.name, said.text)
        caller.audit(session, "comment.added", "hypothesis", str(hypothesis_id))
    return CommentOut.model_validate(row)


@router.get("/tags")
def tags(hypothesis_id: UUID, caller: CanRead) -> TagsOut:
    with caller.read() as session:
        return TagsOut(tags=Remarks(session, caller.workspace_id).tags(str(hypothesis_id)))


@router.put("/tags")
def set_tags(hypothesis_id: UUID, asked: TagsIn, caller: CanWrite) -> TagsOut:
    """Make these its tags: the whole list."""
    with caller.write() as session:
        found = Remarks(session, caller.workspace_id).set_tags(str(hypothesis_id), asked.tags, caller.name)
        caller.audit(session, "hypothesis.tagged", "hypothesis", str(hypothesis_id), {"tags": found})
    return TagsOut(tags=found)
