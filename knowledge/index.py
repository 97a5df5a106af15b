"""The vector index: passages in Chroma, derived from the database and healed from it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.models.Collection import Collection as ChromaCollection
from chromadb.api.types import Where
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from numpy.typing import NDArray

from config import IndexSettings
from knowledge.chroma_server import chroma_server
from records.errors import Failure
from records.models import Passage

BATCH = 2_000
"""Rows a request; the server takes up to 5,461."""


class Index:
    """The passages of one workspace and one embedding model, [0, 1]-normalised vectors under cosine."""

    def __init__(self, collection: ChromaCollection) -> None:
        self._collection = collection

    def sync(self, embeddings: Mapping[str, tuple[str, bytes]]) -> int:
        """Add the passages (id to paper id and float32 vector) that the index has not; how many there were.

        An index that lost rows, or all of them, is whole again afterwards.
        """
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
        most = min(limit, self._collection.count())
        if most == 0 or (paper_ids is not None and not paper_ids):
            return []
        where = None if paper_ids is None else cast(Where, {"paper_id": {"$in": list(paper_ids)}})
        answer = self._collection.query(
            query_embeddings=vector[np.newaxis], n_results=most, where=where, include=["distances"]
        )
        distances = answer["distances"]
        assert distances is not None
        return [(i, 1.0 - d) for i, d in zip(answer["ids"][0], distances[0], strict=True)]


@contextmanager
def open_index(settings: IndexSettings, data_dir: Path, workspace_id: str, model: str) -> Iterator[Index]:
    """The workspace's index for a model, on the settings' server or on one of our own.

    Raises Failure ``index_unreachable`` where the server does not answer.
    """
    if settings.url is not None:
        yield _connect(settings.url, workspace_id, model)
        return
    with chroma_server(data_dir) as url:
        yield _connect(url, workspace_id, model)


def _connect(url: str, workspace_id: str, model: str) -> Index:
    place = urlsplit(url)
    name = f"passages-{hashlib.sha256(f'{workspace_id}/{model}'.encode()).hexdigest()[:32]}"
    try:
        client = chromadb.HttpClient(
            host=place.hostname or "127.0.0.1",
            port=place.port or 8000,
            ssl=place.scheme == "https",
            settings=ChromaSettings(anonymized_telemetry=False),
        )
        collection = client.get_or_create_collection(
            name,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
            metadata={"workspace": workspace_id, "model": model},
        )
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        raise Failure("index_unreachable", f"the index's server at {url} does not answer: {error}") from error
    return Index(collection)


def embeddings_of(passages: Sequence[Passage]) -> dict[str, tuple[str, bytes]]:
    """What ``Index.sync`` wants to know, of passages that have a vector."""
    return {p.id: (p.paper_id, p.embedding) for p in passages if p.embedding is not None}
