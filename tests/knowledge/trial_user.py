"""A process that uses a data folder; the tests start several and kill them.

``hold DATA_DIR``: uses the index's server until its input ends. ``ingest DATA_DIR FILE [STAGE DONE]``: reads
a file into the library, looks for each of its vectors, and tells; it is killed when STAGE has got to DONE.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config import IndexSettings
from knowledge.chroma_server import chroma_server
from knowledge.index import open_index
from knowledge.library import Library
from records.database import Database
from records.repositories import Papers, Vectors, Workspaces


class DigestEmbedder:
    """Gives each text a direction of its own, in no time: these tests are not about meaning."""

    name = "digest"
    dimension = 64

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        vectors = np.array([np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def hold(data_dir: Path) -> None:
    with chroma_server(data_dir) as url:
        print(url, flush=True)
        sys.stdin.read()


def ingest(data_dir: Path, file: Path, stage: str = "", done: str = "0") -> None:
    def progress(reached: str, count: int, total: int) -> None:
        if reached == stage and count >= int(done):
            os.kill(os.getpid(), signal.SIGKILL)

    database = Database(f"sqlite:///{data_dir / 'touchstone.db'}")
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id
    embedder = DigestEmbedder()
    with open_index(IndexSettings(), data_dir, workspace_id, embedder.name) as index:
        library = Library(database, workspace_id, embedder, lambda: index)
        ingested = library.ingest([file], progress)
        library.search("gel", limit=1)  # which brings the index up to date
        with database.read() as session:
            passages = Papers(session, workspace_id).passages(ingested.paper_ids)
            kept = Vectors(session, workspace_id).of(embedder.name, [p.id for p in passages])
        vectors = np.stack([np.frombuffer(kept[p.id], dtype="<f4") for p in passages])
        nearest = [row[0][0] for row in index.nearest(vectors, 1)]
        lost = [p.text for p, found in zip(passages, nearest, strict=True) if found != p.id]
    told = {"added": ingested.added, "known": ingested.known, "passages": len(passages), "lost": lost}
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(Path(sys.argv[2]))
    else:
        ingest(Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
