"""The vector index: passages in Chroma, derived from the database and healed from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection as ChromaCollection
from chromadb.api.types import Where
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError
from numpy.typing import NDArray

from config import IndexSettings
from knowledge.chroma_server import chroma_server
from records.errors import BadInput, Failure
from records.faults import disk_full, is_full

BATCH = 2_000
"""Rows a request; the server takes up to 5,461."""

MOST_NAMED = 10_000
"""Papers that a request names; the server takes up to 32,766."""

Vectors = Callable[[Sequence[str]], Mapping[str, bytes]]


class Index:
    """The passages of one workspace and one embedding model, [0, 1]-normalised vectors under cosine."""

    def __init__(self, collection: ChromaCollection, url: str) -> None:
        self._collection = collection
        self._url = url
        self._held = 0
        """Rows that it had when they were last counted."""

    def sync(self, papers: Mapping[str, str], vectors: Vectors) -> int:
        """Add the passages that the index has not; how many there were.

        ``papers`` holds the paper of each passage, ``vectors`` fetches float32 vectors by passage id. An
        index that lost rows, or all of them, is whole again afterwards.
        """
        with _answering(self._url):
            known = self._known(papers)
            missing = [passage_id for passage_id in papers if passage_id not in known]
            added = 0
            for start in range(0, len(missing), BATCH):
                added += self._add(papers, vectors(missing[start : start + BATCH]))
            return added

    def _add(self, papers: Mapping[str, str], batch: Mapping[str, bytes]) -> int:
        if batch:
            self._collection.upsert(
                ids=list(batch),
                embeddings=np.stack([np.frombuffer(vector, dtype="<f4") for vector in batch.values()]),
                metadatas=[{"paper_id": papers[one]} for one in batch],
            )
        return len(batch)

    def _known(self, wanted: Collection[str]) -> set[str]:
        if self._collection.count() == 0:
            return set()
        ids = list(wanted)
        found: set[str] = set()
        for start in range(0, len(ids), BATCH):
            found.update(self._collection.get(ids=ids[start : start + BATCH], include=[])["ids"])
        return found

    def count(self) -> int:
        with _answering(self._url):
            self._held = self._collection.count()
        return self._held

    def prune(self, known: Collection[str]) -> int:
        """Throw out passages that are none of these; how many there were."""
        with _answering(self._url):
            held: list[str] = []
            while page := self._collection.get(limit=BATCH, offset=len(held), include=[])["ids"]:
                held += page
            strays = sorted(set(held).difference(known))
            for start in range(0, len(strays), BATCH):
                self._collection.delete(ids=strays[start : start + BATCH])
            return len(strays)

    def nearest(
        self, vectors: NDArray[np.float32], limit: int, paper_ids: Sequence[str] | None = None
    ) -> list[list[tuple[str, float]]]:
        """For each vector, passages with their cosine likeness, nearest first; of all papers or of some."""
        if paper_ids is None:
            return self._nearest(vectors, limit, None)
        found: list[list[tuple[str, float]]] = [[] for _ in vectors]
        for start in range(0, len(paper_ids), MOST_NAMED):
            named = cast(Where, {"paper_id": {"$in": list(paper_ids[start : start + MOST_NAMED])}})
            for row, more in zip(found, self._nearest(vectors, limit, named), strict=True):
                row += more
        return [sorted(row, key=lambda one: -one[1])[:limit] for row in found]

    def _nearest(
        self, vectors: NDArray[np.float32], limit: int, where: Where | None
    ) -> list[list[tuple[str, float]]]:
        with _answering(self._url):
            most = limit if limit <= self._held else min(limit, self._collection.count())
            if most == 0:
                return [[] for _ in vectors]
            answer = self._collection.query(
                query_embeddings=vectors, n_results=most, where=where, include=["distances"]
            )
        distances = answer["distances"]
        assert distances is not None
        return [
            [(one, 1.0 - far) for one, far in zip(ids, row, strict=True)]
            for ids, row in zip(answer["ids"], distances, strict=True)
        ]


@contextmanager
def open_index(settings: IndexSettings, data_dir: Path, workspace_id: str, model: str) -> Iterator[Index]:
    """The workspace's index for a model, on the settings' server or on one of our own.

    Raises BadInput ``bad_index_url``; Failure ``index_unreachable`` where the server does not answer, then
    or later.
    """
    server = chroma_server(data_dir) if settings.url is None else nullcontext(settings.url)
    with server as url, _connected(url, workspace_id, model) as index:
        yield index


def drop_index(settings: IndexSettings, data_dir: Path, workspace_id: str, model: str) -> None:
    """Throw the workspace's index for a model away, if there is one (fails as ``open_index`` does)."""
    server = chroma_server(data_dir) if settings.url is None else nullcontext(settings.url)
    with server as url, _client(url) as client, _answering(url), suppress(NotFoundError):
        client.delete_collection(_name(workspace_id, model))


@contextmanager
def _connected(url: str, workspace_id: str, model: str) -> Iterator[Index]:
    with _client(url) as client:
        with _answering(url):
            collection = client.get_or_create_collection(
                _name(workspace_id, model),
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine"}},
                metadata={"workspace": workspace_id, "model": model},
            )
        yield Index(collection, url)


@contextmanager
def _client(url: str) -> Iterator[ClientAPI]:
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise BadInput(
            "bad_index_url", f"{url} is no index server's URL; it looks like http://127.0.0.1:8000"
        )
    with ExitStack() as stack:
        with _answering(url):
            client = chromadb.HttpClient(
                host=place.hostname,
                port=place.port or 8000,
                ssl=place.scheme == "https",
                settings=ChromaSettings(
                    anonymized_telemetry=False,
                    # A server waits for idle connections before it ends, and the next user for the server.
                    chroma_http_max_keepalive_connections=0,
                ),
            )
            stack.callback(cast(Client, client).close)
        yield client


def _name(workspace_id: str, model: str) -> str:
    return f"passages-{hashlib.sha256(f'{workspace_id}/{model}'.encode()).hexdigest()[:32]}"


@contextmanager
def _answering(url: str) -> Iterator[None]:
    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        if is_full(str(error)):
            raise disk_full("the index") from error
        raise Failure("index_unreachable", f"the index's server at {url} does not answer: {error}") from error
