"""Reviewing one hypothesis after the other: queues, the record, the guidelines, and a way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.evidence import evidence_of
from api.pages.forms import NO_VALUES, Typed, by_field
from api.pages.judging import RATINGS, fields_of, keep, own_review, review_in, seen_version
from api.pages.rendering import go, inside
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.problems import Refused
from api.routes import hypotheses
from api.schemas.hypotheses import ReviewIn, ReviewOut
from records.errors import BadInput, NotFound
from records.repositories import Judging, Remarks, Runs
from records.repositories.judging import QUEUES, Queue

router = APIRouter(include_in_schema=False, route_class=PageRoute)

Doing = Literal["accept", "reject", "draft", "discard"]
At = Annotated[UUID | None, Query()]
Done = Annotated[UUID | None, Query()]

WHAT: Mapping[str, str] = {
    "accept": "Accepted",
    "reject": "Rejected",
    "draft": "Kept as a draft",
    "discard": "Set aside",
    "bulk": "Kept",
    "undone": "Undone",
}
REASONS = (
    "It is known already",
    "The evidence does not bear it out",
    "The mechanism cannot work so",
    "It cannot be done in our laboratory",
    "It does not answer the question",
)
"""What a hypothesis is most often rejected for; picked by a key, or written over."""


@router.get("/review")
def of_all(
    request: Request,
    caller: Reader,
    queue: Queue = "pending",
    at: At = None,
    done: Done = None,
    what: str = "",
) -> Response:
    """The queues over all runs that were not cancelled."""
    return _shown(request, caller, None, queue, at, done=done, what=what)


@router.get("/runs/{run_id}/review")
def of_run(
    run_id: UUID,
    request: Request,
    caller: Reader,
    queue: Queue = "pending",
    at: At = None,
    done: Done = None,
    what: str = "",
) -> Response:
    return _shown(request, caller, run_id, queue, at, done=done, what=what)


@router.post("/hypotheses/{hypothesis_id}/judge")
def judge(hypothesis_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    """Keep what is said of it, and go on to the next one of the queue."""
    run_id = UUID(typed["run"]) if typed.get("run") else None
    queue: Queue = "pending" if typed.get("queue") not in QUEUES else typed["queue"]  # type: ignore[assignment]
    following = _following(caller, run_id, queue, str(hypothesis_id))
    again: dict[str, Any] = {"typed": typed, "status": 422}
    try:
        said = _said(typed)
        action_id = keep(caller, str(hypothesis_id), said, seen_version(typed))
    except ValidationError as error:
        return _shown(request, caller, run_id, queue, hypothesis_id, wrong=by_field(error), **again)
    except NotFound:
        raise
    except BadInput as error:
        wrong = {"reason": sentence(error.message)}
        return _shown(request, caller, run_id, queue, hypothesis_id, wrong=wrong, **again)
    except Refused as refused:
        if refused.status != 412:
            raise
        current = ReviewOut.model_validate(refused.more["current"])
        again["status"] = 412
        return _shown(request, caller, run_id, queue, hypothesis_id, current=current, **again)
    at = f"&at={following}" if following else ""
    done = f"&done={action_id}" if action_id else ""
    return go(f"{_place(run_id)}?queue={queue}{done}&what={typed.get('do', '')}{at}")


@router.get("/hypotheses/{hypothesis_id}/judge")
def back(hypothesis_id: UUID, _caller: Reader) -> Response:
    """Where a refused form was sent to, asked for once more."""
    return go(f"/hypotheses/{hypothesis_id}")


@router.post("/undo/{action_id}")
def undo(action_id: UUID, caller: Writer, back: Annotated[str, Form(max_length=500)] = "/review") -> Response:
    """Take back what one said of one hypothesis, or of several at once."""
    with caller.write() as session:
        touched = Judging(session, caller.workspace_id, caller.name).undo(str(action_id))
        detail = {"hypotheses": len(touched)}
        caller.audit(session, "review.undone", "hypothesis", touched[0], detail)
    place = inside(back)
    joint = "&" if "?" in place else "?"
    at = f"&at={touched[0]}" if "/review" in place else ""
    return go(f"{place}{joint}what=undone{at}")


def _said(typed: Mapping[str, str]) -> ReviewIn:
    match typed.get("do", "accept"):
        case "reject":
            return review_in(typed, status="submitted", verdict="reject")
        case "draft":
            return review_in(typed, status="draft", verdict=None)
        case "discard":
            return review_in(typed, status="discarded", verdict=None)
        case _:
            return review_in(typed, status="submitted", verdict="accept")


def _place(run_id: UUID | None) -> str:
    return "/review" if run_id is None else f"/runs/{run_id}/review"


def _lying_in(caller: Caller, run_id: UUID | None, queue: Queue) -> tuple[list[str], dict[Queue, int]]:
    """Ids in this queue of one's own, and how long each queue is."""
    with caller.read() as session:
        runs = None if run_id is None else [Runs(session, caller.workspace_id).get(str(run_id)).id]
        standing = Judging(session, caller.workspace_id, caller.name).standing_of(runs)
    lengths = dict.fromkeys(QUEUES, 0)
    for one in standing.values():
        lengths[one] += 1
    return [identity for identity, one in standing.items() if one == queue], lengths


def _following(caller: Caller, run_id: UUID | None, queue: Queue, hypothesis_id: str) -> str | None:
    """The one behind it in the queue, or else the first of the others."""
    ids, _ = _lying_in(caller, run_id, queue)
    if hypothesis_id not in ids:
        return ids[0] if ids else None
    place = ids.index(hypothesis_id)
    others = ids[place + 1 :] + ids[:place]
    return others[0] if others else None


def _shown(
    request: Request,
    caller: Caller,
    run_id: UUID | None,
    queue: Queue,
    at: UUID | None,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] = NO_VALUES,
    current: ReviewOut | None = None,
    status: int = 200,
    done: UUID | None = None,
    what: str = "",
) -> Response:
    ids, lengths = _lying_in(caller, run_id, queue)
    shown = str(at) if at is not None else next(iter(ids), None)
    values: dict[str, Any] = {
        "run_id": None if run_id is None else str(run_id),
        "place": _place(run_id),
        "queue": queue,
        "queues": lengths,
        "progress": _progress(caller, run_id),
        "done": done,
        "what": WHAT.get(what, ""),
        "one": None,
    }
    if run_id is not None:
        with caller.read() as session:
            runs = Runs(session, caller.workspace_id)
            values |= {"run": runs.get(str(run_id)), "question": runs.question(str(run_id)).text}
    if shown is not None:
        values |= _record(caller, shown, ids)
        own = current or values["own"]
        values |= {
            "own": own,
            "typed": fields_of(own) if typed is None else typed,
            "wrong": wrong,
            "current": current,
            "ratings": RATINGS,
            "reasons": REASONS,
        }
    return show(request, caller, "review.html", values, status)


def _record(caller: Caller, hypothesis_id: str, ids: list[str]) -> dict[str, Any]:
    """The hypothesis with all that it is judged by, and its neighbours in the queue."""
    one = hypotheses.hypothesis(UUID(hypothesis_id), caller, Response())
    own = own_review(caller, hypothesis_id)
    place = ids.index(hypothesis_id) if hypothesis_id in ids else -1
    others = [
        review
        for review in hypotheses.reviews_of(UUID(hypothesis_id), caller)
        if review.reviewer != caller.name and review.status == "submitted"
    ]
    with caller.read() as session:
        remarks = Remarks(session, caller.workspace_id)
        comments, tags = remarks.comments(hypothesis_id), remarks.tags(hypothesis_id)
    return {
        "one": one,
        "own": own,
        **evidence_of(caller, one),
        "others": others,
        "may_see_others": own is not None and own.status == "submitted",
        "comments": comments,
        "tags": tags,
        "number": place + 1,
        "before": ids[place - 1] if place > 0 else None,
        "behind": ids[place + 1] if 0 <= place < len(ids) - 1 else None,
    }


def _progress(caller: Caller, run_id: UUID | None) -> list[tuple[str, int]]:
    with caller.read() as session:
        judging = Judging(session, caller.workspace_id, caller.name)
        return judging.progress(None if run_id is None else str(run_id))
