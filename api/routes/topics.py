"""Topics: what the papers are about, as a tree that people correct and that keeps what they said."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import JobAccepted
from api.schemas.topics import (
    PaperPlace,
    PaperPlaced,
    TopicNamed,
    TopicOut,
    TopicPaperOut,
    TopicsWanted,
    TopicTree,
    topic_out,
    topic_paper_out,
)
from api.versions import IfMatch, check_version, etag
from records.errors import BadInput
from records.models import Paper
from records.repositories import Collections, Papers, Topics
from records.repositories.topics import HOME
from workers.orders import order_topics

router = APIRouter(prefix="/v1", tags=["literature"], route_class=Idempotent)

OfCollection = Annotated[UUID | None, Query(description="The tree over this collection's papers.")]


@router.get("/topics")
def tree(caller: CanRead, collection_id: OfCollection = None) -> TopicTree:
    """The tree of topics over all papers, or over a collection's."""
    with caller.read() as session:
        rows = Topics(session, caller.workspace_id, _text(collection_id)).tree()
    return TopicTree(topics=[topic_out(row) for row in rows])


@router.post("/topics/build", status_code=status.HTTP_202_ACCEPTED)
def build(said: TopicsWanted, caller: CanWrite, after: BackgroundTasks, response: Response) -> JobAccepted:
    """Have the tree grown anew; what people renamed and moved stays."""
    with caller.write() as session:
        if said.collection_id is not None:
            Collections(session, caller.workspace_id).get(said.collection_id)
        told = {"request_id": caller.request_id, "created_by": caller.name}
        job = order_topics(session, caller.workspace_id, said.collection_id, **told)
        caller.audit(session, "topics.built", "job", job.id, said.model_dump())
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobAccepted(job_id=job.id)


@router.get("/topics/{topic_id}")
def topic(topic_id: UUID, caller: CanRead, response: Response) -> TopicOut:
    """One topic; its ETag is what renaming it needs."""
    with caller.read() as session:
        row = Topics(session, caller.workspace_id).get(str(topic_id))
    response.headers["ETag"] = etag(row.version)
    return topic_out(row)


@router.get("/topics/{topic_id}/papers")
def papers(topic_id: UUID, caller: CanRead, limit: Limit = 50, after: After = None) -> Page[TopicPaperOut]:
    """The papers in a topic and its parts; those at home there first, then those that are near."""
    start = _place(after)
    with caller.read() as session:
        topics = Topics(session, caller.workspace_id)
        rows = topics.lying(topics.below(str(topic_id)))[start : start + limit + 1]
        found = {
            paper.id: paper for paper in Papers(session, caller.workspace_id).all({r.paper_id for r in rows})
        }
    places = {(row.topic_id, row.paper_id): start + offset for offset, row in enumerate(rows, 1)}

    def shown(paper: Paper) -> tuple[str, int | None]:
        return paper.title, paper.year

    return page_of(
        rows,
        limit,
        lambda row: topic_paper_out(row, *shown(found[row.paper_id])),
        lambda row: str(places[row.topic_id, row.paper_id]),
    )


@router.patch("/topics/{topic_id}")
def rename(
    topic_id: UUID, said: TopicNamed, caller: CanWrite, response: Response, if_match: IfMatch = None
) -> TopicOut:
    """Call a topic something, for good; null: by its own terms again."""
    with caller.write() as session:
        topics = Topics(session, caller.workspace_id)
        row = topics.get(str(topic_id))
        check_version(if_match, row.version, topic_out(row))
        row = topics.rename(row.id, said.name)
        caller.audit(session, "topic.renamed", "topic", row.id, said.model_dump())
    response.headers["ETag"] = etag(row.version)
    return topic_out(row)


@router.get("/papers/{paper_id}/topic")
def place(
    paper_id: UUID, caller: CanRead, response: Response, collection_id: OfCollection = None
) -> PaperPlace:
    """The topic that a paper is at home in; the ETag is what moving it needs."""
    with caller.read() as session:
        Papers(session, caller.workspace_id).get(str(paper_id))
        found = _home(Topics(session, caller.workspace_id, _text(collection_id)), str(paper_id))
    response.headers["ETag"] = etag(found.topic_id or "none")
    return found


@router.put("/papers/{paper_id}/topic")
def move(
    paper_id: UUID, said: PaperPlaced, caller: CanWrite, response: Response, if_match: IfMatch = None
) -> PaperPlace:
    """Put a paper into another topic of its tree, for good."""
    with caller.write() as session:
        Papers(session, caller.workspace_id).get(str(paper_id))
        wanted = Topics(session, caller.workspace_id).get(said.topic_id)
        topics = Topics(session, caller.workspace_id, wanted.collection_id)
        before = _home(topics, str(paper_id))
        check_version(if_match, before.topic_id or "none", before)
        topics.move(wanted.id, str(paper_id))
        told = {"paper_id": str(paper_id), "from": before.topic_id}
        caller.audit(session, "topic.paper_moved", "topic", wanted.id, told)
        after = _home(topics, str(paper_id))
    response.headers["ETag"] = etag(after.topic_id or "none")
    return after


def _home(topics: Topics, paper_id: str) -> PaperPlace:
    home = next((row for row in topics.of_papers([paper_id]) if row.weight == HOME), None)
    if home is None:
        return PaperPlace(paper_id=paper_id, topic_id=None, pinned=False)
    return PaperPlace(paper_id=paper_id, topic_id=home.topic_id, pinned=home.pinned)


def _text(given: UUID | None) -> str | None:
    return None if given is None else str(given)


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isdecimal() or len(after) > 9:
        raise BadInput("bad_cursor", "`after` is not a page's `next`; begin without it")
    return int(after)
