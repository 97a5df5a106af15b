"""What a form says of a hypothesis, kept as its sender's review over the version that they saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.caller import Caller
from api.problems import Refused
from api.schemas.hypotheses import ReviewIn, ReviewOut, review_out
from records.base import new_id
from records.errors import Conflict
from records.repositories import Judging
from records.repositories.judging import Said

RATINGS = {"novelty": "Novelty", "feasibility": "Feasibility", "expected_effect": "Expected effect"}


def review_in(typed: Mapping[str, str], **changed: Any) -> ReviewIn:
    """The form's fields as a review (ValidationError)."""
    told = {
        "status": typed.get("status", "submitted"),
        "verdict": typed.get("verdict") or None,
        "reason": typed.get("reason", "").strip(),
        "ratings": {name: typed[name] for name in RATINGS if typed.get(name)},
    }
    return ReviewIn.model_validate(told | changed)


def said_of(review: ReviewIn) -> Said:
    return Said(review.status, review.verdict, review.reason, review.ratings)


def seen_version(typed: Mapping[str, str]) -> int | None:
    """Of one's review, when the form was shown; none where there was none."""
    version = typed.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def keep(caller: Caller, hypothesis_id: str, review: ReviewIn, version: int | None) -> str:
    """Keep it, and give the id by which the step is undone; nothing where the same was kept already.

    That is what the second of two clicks finds. Raises Refused 412 ``changed_meanwhile`` with the newer
    version, BadInput ``bad_review``, NotFound.
    """
    action_id = new_id()
    try:
        with caller.write() as session:
            judging = Judging(session, caller.workspace_id, caller.name)
            row = judging.say(hypothesis_id, said_of(review), version=version, action_id=action_id)
            action = "review.added" if version is None else "review.changed"
            caller.audit(session, action, "review", row.id, review.model_dump(mode="json"))
    except Conflict as error:
        current = own_review(caller, hypothesis_id)
        if current is None:
            raise
        if _content(current) == _content(review):
            return ""
        more = {"current": current.model_dump(mode="json")}
        raise Refused(412, error.code, error.message, more=more) from error
    return action_id


def _content(said: ReviewIn | ReviewOut) -> tuple[object, ...]:
    ratings = {name: int(value) for name, value in said.ratings.items()}
    return said.status, said.verdict, said.reason, ratings


def own_review(caller: Caller, hypothesis_id: str) -> ReviewOut | None:
    with caller.read() as session:
        row = Judging(session, caller.workspace_id, caller.name).mine(hypothesis_id)
        return None if row is None else review_out(row)


def fields_of(own: ReviewOut | None) -> dict[str, str]:
    """What the form holds at first: what one said before."""
    if own is None:
        return {}
    ratings = {name: str(value) for name, value in own.ratings.items()}
    return {"verdict": own.verdict or "", "reason": own.reason, **ratings}
