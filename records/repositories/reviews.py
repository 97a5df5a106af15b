"""What people think of hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from records.errors import BadInput, NotFound
from records.models import Hypothesis, Review

Status = Literal["pending", "draft", "submitted", "discarded"]
Verdict = Literal["accept", "reject"]


class Reviews:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(
        self,
        hypothesis_id: str,
        reviewer: str,
        *,
        status: Status = "submitted",
        verdict: Verdict | None = None,
        reason: str = "",
        ratings: Mapping[str, Any] | None = None,
    ) -> Review:
        """One more review of a hypothesis of this workspace (BadInput ``bad_review``)."""
        mine = select(Hypothesis.id).where(
            Hypothesis.id == hypothesis_id, Hypothesis.workspace_id == self._workspace_id
        )
        if self._session.scalar(mine) is None:
            message = f"there is no hypothesis {hypothesis_id} in this workspace"
            raise NotFound("hypothesis_not_found", message)
        review = Review(workspace_id=self._workspace_id, hypothesis_id=hypothesis_id, reviewer=reviewer)
        self._session.add(review)
        return self.change(review, status=status, verdict=verdict, reason=reason, ratings=ratings or {})

    def change(
        self,
        review: Review,
        *,
        status: Status,
        verdict: Verdict | None,
        reason: str,
        ratings: Mapping[str, Any],
    ) -> Review:
        """Make this what the review says (BadInput ``bad_review`` where it decides nothing)."""
        check_review(status, verdict, reason)
        review.status, review.verdict, review.reason = status, verdict, reason
        review.ratings = dict(ratings)
        self._session.flush()
        return review

    def get(self, review_id: str) -> Review:
        found = self._session.scalar(self._mine().where(Review.id == review_id))
        if found is None:
            raise NotFound("review_not_found", f"there is no review {review_id} in this workspace")
        return found

    def of_hypothesis(self, hypothesis_id: str) -> list[Review]:
        """Oldest first."""
        query = self._mine().where(Review.hypothesis_id == hypothesis_id)
        return list(self._session.scalars(query.order_by(Review.id)))

    def page(self, limit: int, after: str | None = None, status: Status | None = None) -> list[Review]:
        """Up to ``limit`` reviews, newest first, older than ``after``."""
        query = self._mine()
        if after is not None:
            query = query.where(Review.id < after)
        if status is not None:
            query = query.where(Review.status == status)
        return list(self._session.scalars(query.order_by(Review.id.desc()).limit(limit)))

    def _mine(self) -> Select[Review]:
        return select(Review).where(Review.workspace_id == self._workspace_id)


def check_review(status: Status, verdict: Verdict | None, reason: str) -> None:
    """Raise BadInput ``bad_review`` for one that is submitted and decides nothing, or does not say why."""
    if status == "submitted" and verdict is None:
        raise BadInput("bad_review", "a submitted review accepts or rejects; keep it as a draft instead")
    if status == "submitted" and verdict == "reject" and not reason.strip():
        raise BadInput("bad_review", "say in the reason why it is rejected")
