"""Reviews as a person works through them: one each, queue by queue, many at once, and every step undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from records.base import new_id, now
from records.errors import Conflict, NotFound
from records.models import Hypothesis, Review, ReviewChange, Run
from records.repositories.common import fetch_by
from records.repositories.reviews import Reviews, Status, Verdict, check_review

Queue = Literal["pending", "draft", "submitted", "discarded"]
QUEUES: tuple[Queue, ...] = ("pending", "draft", "submitted", "discarded")


MACHINE_MADE = "literature"
"""The origin of what a machine composed, which a person has to judge."""
BLANK: Mapping[str, Any] = {"status": "pending", "verdict": None, "reason": "", "ratings": {}}
"""What a review says of which nothing was said."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a review says."""

    status: Status
    verdict: Verdict | None = None
    reason: str = ""
    ratings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What all reviewers together think of a hypothesis; of each of them the newest review counts."""

    accepts: int = 0
    rejects: int = 0
    reviewers: tuple[str, ...] = ()
    """Those who submitted."""

    @property
    def verdict(self) -> str:
        if self.accepts and self.rejects:
            return "disputed"
        return "accepted" if self.accepts else "rejected" if self.rejects else "unreviewed"


class Judging:
    """The reviews of a workspace, seen by one of its people."""

    def __init__(self, session: Session, workspace_id: str, reviewer: str) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._reviewer = reviewer
        self._reviews = Reviews(session, workspace_id)

    def mine(self, hypothesis_id: str) -> Review | None:
        """The newest of one's own."""
        query = self._own().where(Review.hypothesis_id == hypothesis_id).order_by(Review.id.desc())
        return self._session.scalar(query.limit(1))

    def say(
        self, hypothesis_id: str, said: Said, *, version: int | None, action_id: str | None = None
    ) -> Review:
        """Keep one's review of a hypothesis: a first one, or a new version of it.

        ``version``: the one that was seen; none where there was none. Raises Conflict ``changed_meanwhile``
        where there is another by now, BadInput ``bad_review``, NotFound.
        """
        # Held until the transaction ends: of two first reviews in two windows the later one finds the other.
        held = select(Hypothesis.id).where(
            Hypothesis.id == hypothesis_id, Hypothesis.workspace_id == self._workspace_id
        )
        if self._session.scalar(held.with_for_update()) is None:
            message = f"there is no hypothesis {hypothesis_id} in this workspace"
            raise NotFound("hypothesis_not_found", message)
        before = self.mine(hypothesis_id)
        if (before.version if before else None) != version:
            raise Conflict("changed_meanwhile", "you changed this review meanwhile, in another window")
        return self._kept(hypothesis_id, before, said, action_id or new_id())

    def say_of_all(self, hypothesis_ids: Collection[str], said: Said) -> tuple[str, int]:
        """The same of several, over whatever one said of them: the action's id, and how many there were.

        What one rated stays where nothing else is rated. The ids are known to be the workspace's.
        """
        check_review(said.status, said.verdict, said.reason)
        wanted, action_id = list(dict.fromkeys(hypothesis_ids)), new_id()
        known = {
            review.hypothesis_id: review
            for review in sorted(
                fetch_by(self._session, self._own(), Review.hypothesis_id, wanted), key=lambda one: one.id
            )
        }
        formers = {identity: _content(review) for identity, review in known.items()}
        for identity in wanted:
            review = known.get(identity)
            if review is None:
                review = known[identity] = self._blank(identity)
            review.status, review.verdict, review.reason = said.status, said.verdict, said.reason
            review.ratings = dict(said.ratings or review.ratings)
        self._session.flush()
        self._session.add_all(
            self._change(known[identity], formers.get(identity), action_id) for identity in wanted
        )
        self._session.flush()
        return action_id, len(wanted)

    def undo(self, action_id: str) -> list[str]:
        """Take back what one did; ids of the hypotheses that it was done to.

        Raises NotFound ``action_not_found``, Conflict ``changed_meanwhile`` where something was said since.
        """
        query = select(ReviewChange).where(
            ReviewChange.workspace_id == self._workspace_id,
            ReviewChange.action_id == action_id,
            ReviewChange.actor == self._reviewer,
        )
        changes = list(self._session.scalars(query.order_by(ReviewChange.id)))
        if not changes:
            raise NotFound("action_not_found", "there is nothing of yours to undo here")
        mine = self._own()
        reviews = {
            review.id: review
            for review in fetch_by(self._session, mine, Review.id, [one.review_id for one in changes])
        }
        for change in changes:
            review = reviews[change.review_id]
            if change.undone_at is not None or review.version != change.version:
                raise Conflict("changed_meanwhile", "this cannot be undone: the review was changed since")
            was = change.former or BLANK
            review.status, review.verdict, review.reason = was["status"], was["verdict"], was["reason"]
            review.ratings = dict(was["ratings"])
            change.undone_at = now()
        self._session.flush()
        return [reviews[change.review_id].hypothesis_id for change in changes]

    def queues(self, run_ids: Collection[str] | None = None) -> dict[Queue, int]:
        """How many hypotheses of these runs (of all that go on) lie in which of one's queues."""
        counted: Counter[Queue] = Counter(self.standing_of(run_ids).values())
        return {queue: counted[queue] for queue in QUEUES}

    def pending(self) -> int:
        """How many hypotheses of all runs that go on wait for one's review."""
        said = self._own().where(Review.status != "pending").with_only_columns(Review.hypothesis_id)
        query = (
            select(func.count())
            .select_from(Hypothesis)
            .join(Run, Run.id == Hypothesis.run_id)
            .where(Hypothesis.workspace_id == self._workspace_id, Hypothesis.origin == MACHINE_MADE)
            .where(Run.state != "cancelled", Hypothesis.id.not_in(said))
        )
        return self._session.scalar(query) or 0

    def standing_of(self, run_ids: Collection[str] | None = None) -> dict[str, Queue]:
        """Hypothesis id to the queue that it lies in, in the order in which they were proposed, by run.

        What people brought along waits for nobody's review; it lies in a queue once one has said something.
        """
        said = self._own().with_only_columns(Review.hypothesis_id)
        query = (
            select(Hypothesis.id)
            .join(Run, Run.id == Hypothesis.run_id)
            .where(Hypothesis.workspace_id == self._workspace_id)
            .where((Hypothesis.origin == MACHINE_MADE) | Hypothesis.id.in_(said))
        )
        if run_ids is None:
            query = query.where(Run.state != "cancelled")
        else:
            query = query.where(Hypothesis.run_id.in_(run_ids))
        ids = self._session.scalars(query.order_by(Hypothesis.run_id.desc(), Hypothesis.position))
        newest = self._own().order_by(Review.id).with_only_columns(Review.hypothesis_id, Review.status)
        own: dict[str, Queue] = {row.hypothesis_id: row.status for row in self._session.execute(newest)}
        return {identity: own.get(identity, "pending") for identity in ids}

    def opinions(self, run_id: str) -> dict[str, Opinion]:
        """Hypothesis id to what the reviewers think of it, where anybody said anything."""
        query = (
            select(Review)
            .join(Hypothesis, Hypothesis.id == Review.hypothesis_id)
            .where(Hypothesis.run_id == run_id, Review.workspace_id == self._workspace_id)
            .order_by(Review.id)
        )
        newest: dict[str, dict[str, Review]] = {}
        for review in self._session.scalars(query):
            newest.setdefault(review.hypothesis_id, {})[review.reviewer] = review
        return {identity: _opinion(of.values()) for identity, of in newest.items()}

    def opinion(self, hypothesis_id: str) -> Opinion:
        newest = {review.reviewer: review for review in self._reviews.of_hypothesis(hypothesis_id)}
        return _opinion(newest.values())

    def progress(self, run_id: str | None = None) -> list[tuple[str, int]]:
        """Who has submitted reviews of how many hypotheses (of this run), the most first."""
        submitted = func.count(Review.hypothesis_id.distinct())
        query = (
            select(Review.reviewer, submitted)
            .where(Review.workspace_id == self._workspace_id, Review.status == "submitted")
            .group_by(Review.reviewer)
        )
        if run_id is not None:
            query = query.join(Hypothesis, Hypothesis.id == Review.hypothesis_id)
            query = query.where(Hypothesis.run_id == run_id)
        rows = self._session.execute(query.order_by(submitted.desc(), Review.reviewer))
        return [(name, count) for name, count in rows]

    def known(self, hypothesis_ids: Sequence[str], run_id: str) -> list[str]:
        """Those of these ids that are hypotheses of the run."""
        query = select(Hypothesis).where(
            Hypothesis.workspace_id == self._workspace_id, Hypothesis.run_id == run_id
        )
        return [
            row.id for row in fetch_by(self._session, query, Hypothesis.id, dict.fromkeys(hypothesis_ids))
        ]

    def _kept(self, hypothesis_id: str, before: Review | None, said: Said, action_id: str) -> Review:
        told: dict[str, Any] = {"status": said.status, "verdict": said.verdict, "reason": said.reason}
        told["ratings"] = dict(said.ratings or {})
        former = None if before is None else _content(before)
        if before is None:
            review = self._reviews.add(hypothesis_id, self._reviewer, **told)
        else:
            review = self._reviews.change(before, **told)
        self._session.add(self._change(review, former, action_id))
        self._session.flush()
        return review

    def _blank(self, hypothesis_id: str) -> Review:
        review = Review(
            id=new_id(),
            workspace_id=self._workspace_id,
            hypothesis_id=hypothesis_id,
            reviewer=self._reviewer,
            ratings={},
        )
        self._session.add(review)
        return review

    def _change(self, review: Review, former: dict[str, Any] | None, action_id: str) -> ReviewChange:
        return ReviewChange(
            workspace_id=self._workspace_id,
            review_id=review.id,
            action_id=action_id,
            actor=self._reviewer,
            former=former,
            version=review.version,
        )

    def _own(self) -> Select[Review]:
        return select(Review).where(
            Review.workspace_id == self._workspace_id, Review.reviewer == self._reviewer
        )


def _content(review: Review) -> dict[str, Any]:
    return {
        "status": review.status,
        "verdict": review.verdict,
        "reason": review.reason,
        "ratings": dict(review.ratings),
    }


def _opinion(reviews: Iterable[Review]) -> Opinion:
    submitted = [review for review in reviews if review.status == "submitted"]
    return Opinion(
        accepts=sum(review.verdict == "accept" for review in submitted),
        rejects=sum(review.verdict == "reject" for review in submitted),
        reviewers=tuple(sorted(review.reviewer for review in submitted)),
    )
