"""Topics: what the papers are about, two levels at a time, and what a person corrects in that."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request, Response

from api.caller import Caller
from api.pages.literature import leaves_of, way
from api.pages.rendering import go
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.problems import Refused
from api.routes import topics as routes
from api.schemas.topics import PaperPlaced, TopicNamed, TopicsWanted
from records.errors import TouchstoneError
from records.models import Topic
from records.repositories import Collections, Papers, Topics
from records.repositories.topics import HOME, LONGEST_NAME, count_without_home, shown_name

router = APIRouter(prefix="/literature/topics", include_in_schema=False, route_class=PageRoute)

MOST_PAPERS = 200
Collection = Annotated[UUID | None, Query()]


@router.get("")
def look(request: Request, caller: Reader, collection: Collection = None) -> Response:
    """The topmost topics with their parts."""
    chosen = None if collection is None else str(collection)
    with caller.read() as session:
        rows = Topics(session, caller.workspace_id, chosen).tree()
        found = Collections(session, caller.workspace_id)
        values: dict[str, Any] = {
            "parts": _parts(rows, None),
            "trees": found.page(200),
            "chosen": chosen,
            "papers": Papers(session, caller.workspace_id).count(),
            "waiting": count_without_home(session, caller.workspace_id) if chosen is None else 0,
        }
    return show(request, caller, "topics.html", values)


@router.post("/build")
def build(caller: Writer, after: BackgroundTasks, collection: Annotated[str, Form()] = "") -> Response:
    """Have the tree grown anew."""
    job = routes.build(TopicsWanted(collection_id=collection or None), caller, after, Response())
    where = f"collection={collection}&" if collection else ""
    return go(f"/literature/topics?{where}growing={job.job_id}")


@router.get("/{topic_id}")
def topic(topic_id: UUID, request: Request, caller: Reader) -> Response:
    """One topic: its parts, and the papers in it."""
    return _shown(request, caller, str(topic_id), {})


@router.post("/{topic_id}/name")
def rename(
    topic_id: UUID,
    request: Request,
    caller: Writer,
    version: Annotated[int, Form()],
    name: Annotated[str, Form(max_length=1_000)] = "",
    do: Annotated[str, Form()] = "rename",
) -> Response:
    """Call it something, for good, or by its own terms again; what was typed stays where that fails."""
    told = " ".join(name.split())
    try:
        if do == "rename" and not 0 < len(told) <= LONGEST_NAME:
            raise Refused(422, "bad_name", f"a topic's name has 1 to {LONGEST_NAME} characters")
        said = TopicNamed(name=told if do == "rename" else None)
        routes.rename(topic_id, said, caller, Response(), f'"{version}"')
    except (Refused, TouchstoneError) as error:
        status = error.status if isinstance(error, Refused) else 409
        return _shown(
            request, caller, str(topic_id), {"said": sentence(error.message), "typed": name}, status
        )
    return go(f"/literature/topics/{topic_id}?renamed=1")


@router.post("/{topic_id}/papers")
def move(
    topic_id: UUID,
    request: Request,
    caller: Writer,
    to: Annotated[str, Form()],
    pick: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Put papers that are at home here into another topic; what somebody moved meanwhile stays there."""
    moved, late = 0, 0
    for one in pick or []:
        try:
            routes.move(UUID(one), PaperPlaced(topic_id=to), caller, Response(), f'"{topic_id}"')
            moved += 1
        except Refused as refused:
            if refused.status != 412:
                raise
            late += 1
    if not moved:
        said = "Somebody moved them meanwhile." if late else "Mark the papers that are to be moved first."
        return _shown(request, caller, str(topic_id), {"said": said}, 422)
    return go(f"/literature/topics/{topic_id}?moved={moved}")


def _shown(
    request: Request, caller: Caller, topic_id: str, more: dict[str, Any], status: int = 200
) -> Response:
    with caller.read() as session:
        one = Topics(session, caller.workspace_id).get(topic_id)
        tree = Topics(session, caller.workspace_id, one.collection_id)
        rows = {row.id: row for row in tree.tree()}
        parts = _parts(list(rows.values()), one.id)
        lies = [] if parts else tree.lying([one.id])[:MOST_PAPERS]
        papers = {
            row.id: row for row in Papers(session, caller.workspace_id).all({lie.paper_id for lie in lies})
        }
    values = {
        "one": one,
        "name_shown": shown_name(one),
        "above": _above(one, rows),
        "parts": parts,
        "lies": [(lie, papers[lie.paper_id], lie.weight == HOME) for lie in lies if lie.paper_id in papers],
        "leaves": [] if parts else [leaf for leaf in leaves_of(rows) if leaf[0] != one.id],
        "way": way(one, rows),
        **more,
    }
    return show(request, caller, "topic.html", values, status)


def _above(one: Topic, rows: dict[str, Topic]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while one.parent_id is not None:
        one = rows[one.parent_id]
        found.insert(0, (one.id, shown_name(one)))
    return found


def _parts(rows: list[Topic], parent: str | None) -> list[tuple[Topic, list[Topic]]]:
    """What a topic is parted into, each with its own parts."""
    below: dict[str | None, list[Topic]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    return [(part, below.get(part.id, [])) for part in below.get(parent, [])]
