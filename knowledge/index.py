"""The vector index: passages in Chroma, derived from the database and healed from it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection as ChromaCollection
from chromadb.api.types import Where
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from numpy.typing import NDArray

from config import IndexSettings
from knowledge.chroma_server import chroma_server
from records.errors import BadInput, Failure
from records.faults import disk_full, is_full

BATCH = 2_000
"""Rows a request; the server takes up to 5,461."""

MOST_NAMED = 10_000
"""Papers that a request names; the server takes up to 32,766."""


class Index:
    """The passages of one workspace and one embedding model, [0, 1]-normalised vectors under cosine."""

    def __init__(self, collection: ChromaCollection, url: str) -> None:
        self._collection = collection
        self._url = url

    def sync(self, embeddings: Mapping[str, tuple[str, bytes]]) -> int:
        """Add the passages (id to paper id and float32 vector) that the index has not; how many there were.

        An index that lost rows, or all of them, is whole again afterwards.
        """
        with _answering(self._url):
            return self._sync(embeddings)

    def _sync(self, embeddings: Mapping[str, tuple[str, bytes]]) -> int:
        known = self._known(embeddings)
        missing = [passage_id for passage_id in embeddings if passage_id not in known]
        for start in range(0, len(missing), BATCH):
            ids = missing[start : start + BATCH]
            self._collection.upsert(
                ids=ids,
                embeddings=np.stack([np.frombuffer(embeddings[i][1], dtype="<f4") for i in ids]),
                metadatas=[{"paper_id": embeddings[i][0]} for i in ids],
            )
        return len(missing)

    def _known(self, wanted: Collection[str]) -> set[str]:
        if self._collection.count() == 0:
            return set()
        ids = list(wanted)
        found: set[str] = set()
        for start in range(0, len(ids), BATCH):
            found.update(self._collection.get(ids=ids[start : start + BATCH], include=[])["ids"])
        return found

    def nearest(
        self, vector: NDArray[np.float32], limit: int, paper_ids: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Passage ids with their cosine likeness, nearest first, of all papers or of those named."""
        if paper_ids is None:
            return self._nearest(vector, limit, None)
        found: list[tuple[str, float]] = []
        for start in range(0, len(paper_ids), MOST_NAMED):
            named = cast(Where, {"paper_id": {"$in": list(paper_ids[start : start + MOST_NAMED])}})
            found += self._nearest(vector, limit, named)
        return sorted(found, key=lambda one: -one[1])[:limit]

    def _nearest(
        self, vector: NDArray[np.float32], limit: int, where: Where | None
    ) -> list[tuple[str, float]]:
        with _answering(self._url):
            most = min(limit, self._collection.count())
            if most == 0:
                return []
            answer = self._collection.query(
                query_embeddings=vector[np.newaxis], n_results=most, where=where, include=["distances"]
            )
        distances = answer["distances"]
        assert distances is not None
        return [(i, 1.0 - d) for i, d in zip(answer["ids"][0], distances[0], strict=True)]


@contextmanager
def open_index(settings: IndexSettings, data_dir: Path, workspace_id: str, model: str) -> Iterator[Index]:
    """The workspace's index for a model, on the settings' server or on one of our own.

    Raises BadInput ``bad_index_url``; Failure ``index_unreachable`` where the server does not answer, then
    or later.
    """
    server = chroma_server(data_dir) if settings.url is None else nullcontext(settings.url)
    with server as url, _connected(url, workspace_id, model) as index:
        yield index


@contextmanager
def _connected(url: str, workspace_id: str, model: str) -> Iterator[Index]:
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise BadInput(
            "bad_index_url", f"{url} is no index server's URL; it looks like http://127.0.0.1:8000"
        )
    name = f"passages-{hashlib.sha256(f'{workspace_id}/{model}'.encode()).hexdigest()[:32]}"
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
            collection = client.get_or_create_collection(
                name,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine"}},
                metadata={"workspace": workspace_id, "model": model},
            )
        yield Index(collection, url)


@contextmanager
def _answering(url: str) -> Iterator[None]:
    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        if is_full(str(error)):
            raise disk_full("the index") from error
        raise Failure("index_unreachable", f"the index's server at {url} does not answer: {error}") from error
