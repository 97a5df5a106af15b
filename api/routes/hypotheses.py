"""Hypotheses: what they claim and on what evidence, where they stand and why, and what people say of them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.problems import Refused
from api.schemas.hypotheses import (
    Advice,
    Clusters,
    Explanation,
    HypothesisDetail,
    HypothesisOut,
    RankedOut,
    Ranking,
    ReviewIn,
    ReviewOut,
    TraitEffect,
    cluster_out,
    hypothesis_out,
    review_out,
)
from api.updates import standings_of
from api.versions import IfMatch, check_version, etag
from records import repositories
from records.errors import BadInput
from records.repositories import Judging, Reviews, Runs
from records.repositories.judging import Said
from records.repositories.reviews import Status

router = APIRouter(prefix="/v1", tags=["hypotheses"], route_class=Idempotent)


@router.get("/runs/{run_id}/hypotheses")
def hypotheses(run_id: UUID, caller: CanRead, limit: Limit = 50, after: After = None) -> Page[HypothesisOut]:
    """The run's hypotheses with what speaks for them: best first once they are ranked."""
    with caller.read() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        standing = standings_of(run)
        found = repositories.Hypotheses(session, caller.workspace_id)
        order = list(standing) or list(range(found.count(run.id)))
        start = _place(after)
        rows = found.at(run.id, order[start : start + limit + 1])
        members = _members(found.clusters(run.id))
    places = {row.id: start + offset for offset, row in enumerate(rows, 1)}
    return page_of(
        rows,
        limit,
        lambda row: hypothesis_out(row, standing.get(row.position), members.get(row.id, [])),
        lambda row: str(places[row.id]),
    )


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isdecimal() or len(after) > 9:
        raise BadInput("bad_cursor", "`after` is not a page's `next`; begin without it")
    return int(after)


@router.get("/hypotheses/{hypothesis_id}")
def hypothesis(hypothesis_id: UUID, caller: CanRead, response: Response) -> HypothesisDetail:
    """One hypothesis, with the reasons for its place in the ranking; its ETag is what editing it needs."""
    with caller.read() as session:
        found = repositories.Hypotheses(session, caller.workspace_id)
        row = found.get(str(hypothesis_id))
        run = Runs(session, caller.workspace_id).get(row.run_id)
        clusters = found.clusters_of(row.id)
        told = run.outcome.get("explanations", {}).get(str(row.position))
        ids = [identity for identity, _ in found.titles(run.id)] if told else []
    shown = hypothesis_out(row, standings_of(run).get(row.position), clusters)
    response.headers["ETag"] = etag(row.version)
    return HypothesisDetail(**shown.model_dump(), explanation=None if told is None else _explained(told, ids))


def _explained(told: dict[str, Any], ids: list[str]) -> Explanation:
    def named(influences: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"hypothesis_id": ids[int(one["id"])], "effect": one["effect"]} for one in influences]

    return Explanation.model_validate(
        {
            **told,
            "speak_for": named(told["speak_for"]),
            "speak_against": named(told["speak_against"]),
        }
    )


def _members(categories: list[repositories.Category]) -> dict[str, list[str]]:
    """Hypothesis id to the ids of its clusters."""
    found: dict[str, list[str]] = {}
    for category in categories:
        for member in category.members:
            found.setdefault(member, []).append(category.id)
    return found


@router.get("/runs/{run_id}/clusters")
def clusters(run_id: UUID, caller: CanRead) -> Clusters:
    """The functional categories that the run's hypotheses share."""
    with caller.read() as session:
        rows = repositories.Hypotheses(session, caller.workspace_id).clusters(str(run_id))
    return Clusters(clusters=[cluster_out(row) for row in rows])


@router.get("/runs/{run_id}/ranking")
def ranking(run_id: UUID, caller: CanRead) -> Ranking:
    """Where every candidate stands, which traits help, and whether another experiment is worth it."""
    with caller.read() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        titles = repositories.Hypotheses(session, caller.workspace_id).titles(run.id)
    advice = run.outcome.get("advice")
    return Ranking(
        ranking=[
            RankedOut(**{**entry, "hypothesis_id": titles[position][0], "title": titles[position][1]})
            for position, entry in standings_of(run).items()
        ],
        contributions=[TraitEffect.model_validate(one) for one in run.outcome.get("contributions", [])],
        advice=None if advice is None else Advice.model_validate(advice),
    )


@router.get("/hypotheses/{hypothesis_id}/reviews", tags=["reviews"])
def reviews_of(hypothesis_id: UUID, caller: CanRead) -> list[ReviewOut]:
    """What people said of a hypothesis, oldest first."""
    with caller.read() as session:
        repositories.Hypotheses(session, caller.workspace_id).get(str(hypothesis_id))
        rows = Reviews(session, caller.workspace_id).of_hypothesis(str(hypothesis_id))
    return [review_out(row) for row in rows]


@router.post("/hypotheses/{hypothesis_id}/reviews", status_code=status.HTTP_201_CREATED, tags=["reviews"])
def review(hypothesis_id: UUID, said: ReviewIn, caller: CanWrite, response: Response) -> ReviewOut:
    """Review a hypothesis, or begin to: once each, and 409 with what one said before after that."""
    with caller.write() as session:
        judging = Judging(session, caller.workspace_id, caller.name)
        if (mine := judging.mine(str(hypothesis_id))) is not None:
            message = f"you reviewed this already; put what it should say to /v1/reviews/{mine.id}"
            more = {"current": review_out(mine).model_dump(mode="json")}
            raise Refused(409, "reviewed_already", message, more=more)
        told = Said(said.status, said.verdict, said.reason, said.ratings)
        row = judging.say(str(hypothesis_id), told, version=None)
        caller.audit(session, "review.added", "review", row.id, said.model_dump(mode="json"))
    response.headers["ETag"] = etag(row.version)
    response.headers["Location"] = f"/v1/reviews/{row.id}"
    return review_out(row)


@router.get("/reviews", tags=["reviews"])
def reviews(
    caller: CanRead,
    limit: Limit = 50,
    after: After = None,
    status: Annotated[Status | None, Query()] = None,
) -> Page[ReviewOut]:
    """The workspace's reviews, newest first."""
    with caller.read() as session:
        rows = Reviews(session, caller.workspace_id).page(limit + 1, after, status)
    return page_of(rows, limit, review_out, lambda row: row.id)


@router.get("/reviews/{review_id}", tags=["reviews"])
def look_at_review(review_id: UUID, caller: CanRead, response: Response) -> ReviewOut:
    """One review; its ETag is what changing it needs."""
    with caller.read() as session:
        row = Reviews(session, caller.workspace_id).get(str(review_id))
    response.headers["ETag"] = etag(row.version)
    return review_out(row)


@router.put("/reviews/{review_id}", tags=["reviews"])
def change_review(
    review_id: UUID, said: ReviewIn, caller: CanWrite, response: Response, if_match: IfMatch = None
) -> ReviewOut:
    """Change a review of one's own: the whole of it, as it should be."""
    with caller.write() as session:
        reviews = Reviews(session, caller.workspace_id)
        row = reviews.get(str(review_id))
        if row.reviewer != caller.name:
            raise Refused(403, "not_your_review", f"this is what {row.reviewer} says; add a review of yours")
        check_version(if_match, row.version, review_out(row))
        reviews.change(
            row, status=said.status, verdict=said.verdict, reason=said.reason, ratings=said.ratings
        )
        caller.audit(session, "review.changed", "review", row.id, said.model_dump(mode="json"))
    response.headers["ETag"] = etag(row.version)
    return review_out(row)
