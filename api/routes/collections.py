"""Collections: papers that somebody put together."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.literature import CollectionIn, CollectionOut, collection_out
from api.versions import IfMatch, check_version, etag
from records.models import Collection
from records.repositories import Collections, Papers

router = APIRouter(prefix="/v1/collections", tags=["literature"], route_class=Idempotent)


@router.get("")
def collections(caller: CanRead, limit: Limit = 50, after: After = None) -> Page[CollectionOut]:
    """The workspace's collections, newest first; their papers are at /v1/papers?collection_id=…"""
    with caller.read() as session:
        found = Collections(session, caller.workspace_id)
        rows, sizes = found.page(limit + 1, after), found.sizes()
    return page_of(rows, limit, lambda row: collection_out(row, sizes.get(row.id, 0)), lambda row: row.id)


@router.post("", status_code=status.HTTP_201_CREATED)
def add(said: CollectionIn, caller: CanWrite, response: Response) -> CollectionOut:
    """An empty collection."""
    with caller.write() as session:
        row = Collections(session, caller.workspace_id).create(said.name)
        caller.audit(session, "collection.added", "collection", row.id, said.model_dump())
    response.headers["Location"] = f"/v1/collections/{row.id}"
    return _told(row, 0, response)


@router.put("/{collection_id}/papers/{paper_id}", status_code=status.HTTP_204_NO_CONTENT)
def put_in(collection_id: UUID, paper_id: UUID, caller: CanWrite) -> None:
    """Put a paper of the workspace into a collection; one that is in it stays."""
    with caller.write() as session:
        found = Collections(session, caller.workspace_id)
        if found.add(str(collection_id), [str(paper_id)]):
            told = {"paper_id": str(paper_id)}
            caller.audit(session, "collection.paper_added", "collection", str(collection_id), told)


@router.delete("/{collection_id}/papers/{paper_id}", status_code=status.HTTP_204_NO_CONTENT)
def take_out(collection_id: UUID, paper_id: UUID, caller: CanWrite) -> None:
    """Take a paper out of a collection; it stays in the workspace."""
    with caller.write() as session:
        found = Collections(session, caller.workspace_id)
        Papers(session, caller.workspace_id).check([str(paper_id)])
        found.remove(str(collection_id), [str(paper_id)])
        told = {"paper_id": str(paper_id)}
        caller.audit(session, "collection.paper_removed", "collection", str(collection_id), told)


@router.get("/{collection_id}")
def collection(collection_id: UUID, caller: CanRead, response: Response) -> CollectionOut:
    """One collection; its ETag is what changing it needs."""
    with caller.read() as session:
        found = Collections(session, caller.workspace_id)
        row = found.get(str(collection_id))
        size = len(found.paper_ids(row.id))
    return _told(row, size, response)


@router.put("/{collection_id}")
def rename(
    collection_id: UUID, said: CollectionIn, caller: CanWrite, response: Response, if_match: IfMatch = None
) -> CollectionOut:
    """Give a collection another name."""
    with caller.write() as session:
        found = Collections(session, caller.workspace_id)
        row = found.get(str(collection_id))
        size = len(found.paper_ids(row.id))
        check_version(if_match, row.version, collection_out(row, size))
        row = found.rename(row.id, said.name)
        caller.audit(session, "collection.renamed", "collection", row.id, said.model_dump())
    return _told(row, size, response)


@router.delete("/{collection_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(collection_id: UUID, caller: CanWrite, if_match: IfMatch = None) -> None:
    """Take a collection apart; its papers stay in the workspace."""
    with caller.write() as session:
        found = Collections(session, caller.workspace_id)
        row = found.get(str(collection_id))
        check_version(if_match, row.version, collection_out(row, len(found.paper_ids(row.id))))
        found.delete(row.id)
        caller.audit(session, "collection.removed", "collection", row.id, {"name": row.name})


def _told(row: Collection, size: int, response: Response) -> CollectionOut:
    response.headers["ETag"] = etag(row.version)
    return collection_out(row, size)
