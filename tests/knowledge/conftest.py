"""The embedding model and the index's server, once for all tests of this room; and libraries of one test."""

from __future__ import annotations

import fcntl
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from config import EmbeddingSettings, IndexSettings, PdfSettings
from knowledge.chroma_server import chroma_server
from knowledge.embedding import Embedder, load_embedder
from knowledge.index import Index, open_index
from knowledge.library import Library
from knowledge.parsing import parse
from records.database import Database
from records.errors import BadInput
from records.repositories import Workspaces

MakeLibrary = Callable[[Database, str], Library]
OpenIndex = Callable[[str], Index]
UntilGone = Callable[[Path], None]


class RememberingEmbedder:
    """The real model, which computes the vector of each text once, and for one thread at a time."""

    def __init__(self, model: Embedder) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self._model = model
        self._known: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._lock:
            new = list(dict.fromkeys(text for text in texts if text not in self._known))
            if new:
                self._known.update(zip(new, self._model.embed(new), strict=True))
            vectors = [self._known[text] for text in texts]
        return np.array(vectors, dtype=np.float32).reshape(-1, self.dimension)


@pytest.fixture(scope="session")
def model() -> Embedder:
    """The bundled embedding model; loaded once, for it takes seconds."""
    return load_embedder(EmbeddingSettings())


@pytest.fixture(scope="session")
def embedder(model: Embedder) -> Embedder:
    return RememberingEmbedder(model)


@pytest.fixture(scope="session")
def until_gone() -> UntilGone:
    """Waits until neither server nor keeper is left of a data folder; the kernel tells by their lock."""

    def wait(data_dir: Path, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        with (data_dir / "chroma.held").open("a") as held:
            while True:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    assert time.monotonic() < until, f"a server of {data_dir} is still there"
                    time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def index_url(tmp_path_factory: pytest.TempPathFactory, until_gone: UntilGone) -> Iterator[str]:
    """A real Chroma server that the tests share: every workspace has a collection of its own."""
    data_dir = tmp_path_factory.mktemp("index")
    with chroma_server(data_dir) as url:
        yield url
    until_gone(data_dir)


@pytest.fixture
def workspace_index(index_url: str) -> Iterator[OpenIndex]:
    """Opens the index of a workspace, of vectors in three dimensions."""
    with ExitStack() as stack:
        yield lambda workspace_id: stack.enter_context(
            open_index(IndexSettings(url=index_url), Path("unused"), workspace_id, "three-dimensions")
        )


@pytest.fixture
def make_library(index_url: str, embedder: Embedder) -> Iterator[MakeLibrary]:
    """Opens the library of a workspace as another process would: nothing is remembered."""
    with ExitStack() as stack:

        def make(database: Database, workspace_id: str) -> Library:
            settings = IndexSettings(url=index_url)
            index = stack.enter_context(open_index(settings, Path("unused"), workspace_id, embedder.name))
            return Library(database, workspace_id, embedder, lambda: index)

        yield make


@pytest.fixture
def embedded(tmp_path: Path, _sqlite_template: Path) -> Iterator[Database]:
    """A migrated SQLite database of this test alone."""
    path = tmp_path / "touchstone.db"
    shutil.copy(_sqlite_template, path)
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture
def embedded_workspace(embedded: Database) -> str:
    with embedded.write() as session:
        return Workspaces(session).get_or_create("local").id


@pytest.fixture
def refusal() -> Callable[..., BadInput]:
    """Parses a file that must be refused, in words that name it; the error."""

    def refused(path: Path, pdf: PdfSettings | None = None) -> BadInput:
        with pytest.raises(BadInput) as raised:
            parse(path, pdf)
        assert str(path) in raised.value.message
        assert "\n" not in raised.value.message
        return raised.value

    return refused


@pytest.fixture(scope="session")
def allowed() -> Callable[..., AbstractContextManager[None]]:
    """A context in which input may be refused, with one of these codes and no other."""

    @contextmanager
    def allow(*codes: str) -> Iterator[None]:
        refused: BadInput | None = None
        try:
            yield
        except BadInput as error:
            refused = error
        assert refused is None or refused.code in codes

    return allow
