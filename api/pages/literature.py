"""The literature: papers with filters, one of them in full, collections, and files that are handed in."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request, Response, UploadFile

from api.caller import Caller
from api.pages.rendering import go
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.paging import After
from api.problems import Refused
from api.routes import collections, papers, topics
from api.schemas.literature import CollectionIn
from api.schemas.topics import PaperPlaced
from records.models import Topic
from records.repositories import Collections, Failures, PaperFilter, Papers, Topics
from records.repositories.citing import citing
from records.repositories.topics import HOME, shown_name

router = APIRouter(prefix="/literature", include_in_schema=False, route_class=PageRoute)

A_PAGE = 50
Word = Annotated[str, Query(max_length=200)]
Name = Annotated[str, Form(max_length=200)]
RETRACTIONS = ("retracted", "concern", "corrected")


@router.get("")
def look(
    request: Request,
    caller: Reader,
    title: Word = "",
    year_from: Word = "",
    year_to: Word = "",
    retraction: Word = "",
    collection: Word = "",
    after: After = None,
) -> Response:
    """The papers that the filters leave, the newest first."""
    wanted = {
        "title": title.replace("\x00", ""),
        "year_from": _year(year_from),
        "year_to": _year(year_to),
        "retraction": retraction if retraction in RETRACTIONS else "",
        "collection": collection,
    }
    return _shown(request, caller, {name: value for name, value in wanted.items() if value}, after)


def _shown(
    request: Request, caller: Caller, wanted: dict[str, Any], after: After, said: str = "", status: int = 200
) -> Response:
    chosen = _id(wanted.get("collection", ""))
    wishes = PaperFilter(
        title=wanted.get("title", ""),
        year_from=wanted.get("year_from"),
        year_to=wanted.get("year_to"),
        retraction=wanted.get("retraction", ""),
        collection_id=None if chosen is None else str(chosen),
        latest=True,
    )
    with caller.read() as session:
        kept = Papers(session, caller.workspace_id)
        if wishes.collection_id is not None:
            Collections(session, caller.workspace_id).get(wishes.collection_id)
        found, total = kept.page(A_PAGE + 1, after, wishes), kept.count()
        failures = Failures(session, caller.workspace_id).count()
    older = found[A_PAGE - 1].id if len(found) > A_PAGE else None
    values = {
        "found": found[:A_PAGE],
        "older": older and urlencode({**wanted, "after": older}),
        "total": total,
        "failures": failures,
        "wanted": wanted,
        "collections": collections.collections(caller, 200).items,
        "said": said,
    }
    return show(request, caller, "literature.html", values, status)


def _year(typed: str) -> int | None:
    return int(typed) if typed.isdecimal() and len(typed) <= 4 else None


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise Refused(404, "collection_not_found", "there is no such collection") from None


@router.post("/files")
def hand_in(request: Request, file: UploadFile, caller: Writer, after: BackgroundTasks) -> Response:
    """Have a file read in; the list of jobs tells what came of it."""
    try:
        job = papers.hand_in(file, caller, after, Response())
    except Refused as refused:
        return _shown(request, caller, {}, None, sentence(refused.message), refused.status)
    return go(f"/literature?handed={job.job_id}")


@router.get("/papers/{paper_id}")
def paper(paper_id: UUID, request: Request, caller: Reader) -> Response:
    """One paper: what it says, who told of it, and what rests on it."""
    one = papers.paper(paper_id, caller)
    with caller.read() as session:
        tree = Topics(session, caller.workspace_id)
        rows = {topic.id: topic for topic in tree.tree()}
        lies = [lie for lie in tree.of_papers([one.id]) if lie.topic_id in rows]
        used_by = citing(session, caller.workspace_id, one.id)
        found = Collections(session, caller.workspace_id)
        kept = [(row, one.id in found.paper_ids(row.id)) for row in found.page(200)]
        later = Papers(session, caller.workspace_id).read(one.version_of) if one.version_of else None
    values = {
        "one": one,
        "later": later,
        "home": next((lie for lie in lies if lie.weight == HOME), None),
        "near": [lie for lie in lies if lie.weight != HOME],
        "topics": {topic_id: way(topic, rows) for topic_id, topic in rows.items()},
        "leaves": leaves_of(rows),
        "used_by": used_by,
        "within": [row for row, has in kept if has],
        "without": [row for row, has in kept if not has],
    }
    return show(request, caller, "paper.html", values)


def way(topic: Topic, rows: dict[str, Topic]) -> str:
    """A topic's name behind those that it is a part of."""
    names = [shown_name(topic)]
    while topic.parent_id is not None:
        topic = rows[topic.parent_id]
        names.append(shown_name(topic))
    return " › ".join(reversed(names))


def leaves_of(rows: dict[str, Topic]) -> list[tuple[str, str]]:
    """Id and way of every topic without parts, where papers can be put."""
    parents = {topic.parent_id for topic in rows.values()}
    return [(topic.id, way(topic, rows)) for topic in rows.values() if topic.id not in parents]


@router.post("/papers/{paper_id}/topic")
def put_into_topic(
    paper_id: UUID, caller: Writer, to: Annotated[str, Form()], was: Annotated[str, Form()] = ""
) -> Response:
    """Put the paper where it belongs; 412 where somebody else has moved it meanwhile."""
    topics.move(paper_id, PaperPlaced(topic_id=to), caller, Response(), f'"{was or "none"}"')
    return go(f"/literature/papers/{paper_id}?moved=1#topics")


@router.post("/papers/{paper_id}/collections")
def put_into_collection(
    paper_id: UUID, caller: Writer, into: Annotated[str, Form()] = "", out_of: Annotated[str, Form()] = ""
) -> Response:
    """Put the paper into a collection, or take it out of one."""
    chosen = _id(into or out_of)
    if chosen is None:
        raise Refused(422, "no_collection", "choose a collection first")
    if into:
        collections.put_in(chosen, paper_id, caller)
    else:
        collections.take_out(chosen, paper_id, caller)
    return go(f"/literature/papers/{paper_id}#collections")


@router.post("/collections")
def make_collection(caller: Writer, name: Name = "") -> Response:
    """An empty collection; papers are put into it from their pages, or by feeds."""
    collections.add(_named(name), caller, Response())
    return go("/literature#collections")


@router.post("/collections/{collection_id}")
def change_collection(
    collection_id: UUID, caller: Writer, version: Annotated[int, Form()], name: Name = "", do: Name = "rename"
) -> Response:
    """Rename a collection, or take it apart."""
    if do == "remove":
        collections.remove(collection_id, caller, f'"{version}"')
    else:
        collections.rename(collection_id, _named(name), caller, Response(), f'"{version}"')
    return go("/literature#collections")


def _named(name: str) -> CollectionIn:
    if not name.strip() or len(name) > 120 or "\x00" in name:
        raise Refused(422, "bad_name", "a collection's name has 1 to 120 characters")
    return CollectionIn(name=name)
