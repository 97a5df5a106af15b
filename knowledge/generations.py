"""Which embedding model's index answers; another takes its place when it has been built beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from config import EmbeddingSettings, Settings
from knowledge.embedding import Embedder, load_embedder
from knowledge.vectors import embed_missing, of_titles
from records.database import Database
from records.errors import BadInput, Failure
from records.models import IndexGeneration
from records.repositories import Generations, Vectors

Progress = Callable[[str, int, int], None]

ROUNDS = 20
"""Passages may come while an index is built: it is looked again so often whether some are left."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    model: str
    passages: int
    added: int
    dropped: tuple[str, ...]
    """Models whose indexes were thrown away."""


def serving_embedder(settings: Settings, database: Database, workspace_id: str) -> tuple[Embedder, str]:
    """The model whose index answers now, and its setting; the settings' own where there is none yet.

    A model that cannot be loaded any more answers nothing: then the settings' own takes its place at once.
    """
    wanted = load_embedder(settings.embedding)
    with database.read() as session:
        serving = Generations(session, workspace_id).serving()
    if serving is None or serving.model == wanted.name:
        return wanted, settings.embedding.model
    former = former_embedder(settings, serving)
    if former is not None:
        return former, serving.setting
    with database.write() as session:
        generations = Generations(session, workspace_id)
        generations.begin(wanted.name, settings.embedding.model, wanted.dimension)
        generations.switch(wanted.name, 0)
    return wanted, settings.embedding.model


def former_embedder(settings: Settings, serving: IndexGeneration) -> Embedder | None:
    """The model of an index that was built under other settings, if it is still what it was."""
    try:
        former = load_embedder(
            EmbeddingSettings(model=serving.setting, batch_size=settings.embedding.batch_size)
        )
        return former if former.name == serving.model and former.dimension == serving.dimension else None
    except (BadInput, Failure):
        return None


def outdated(settings: Settings, database: Database, workspace_id: str) -> bool:
    """Whether the index that answers was made by another model than the settings name."""
    with database.read() as session:
        serving = Generations(session, workspace_id).serving()
    return serving is not None and serving.model != load_embedder(settings.embedding).name


def rebuild(
    settings: Settings,
    database: Database,
    workspace_id: str,
    progress: Progress | None = None,
    *,
    anew: bool = False,
) -> Rebuilt:
    """Make the workspace's index whole for the settings' model, and let it answer; what came before goes.

    Where the model has changed, the old index answers until the new one is complete. Killed anywhere and
    called again, it goes on. ``anew``: throw away this model's index first, not its vectors.
    """
    from knowledge.index import drop_index, open_index

    embedder = load_embedder(settings.embedding)
    if not _begun(settings, database, workspace_id, embedder):
        return Rebuilt(embedder.name, 0, 0, ())
    if anew:
        drop_index(settings.index, settings.data_dir, workspace_id, embedder.name)
    added = 0
    with open_index(settings.index, settings.data_dir, workspace_id, embedder.name) as index:
        for _ in range(ROUNDS):
            embed_missing(database, workspace_id, embedder, progress)
            with database.read() as session:
                vectors = Vectors(session, workspace_id)
                papers = dict(vectors.ids(embedder.name))
                added += index.sync(papers, partial(vectors.of, embedder.name))
            index.prune(papers)
            retired = _switched(database, workspace_id, embedder, len(papers))
            if retired is not None:
                break
        else:
            raise Failure("index_not_built", "papers come faster than they can be indexed; try again later")
    for model in retired:
        drop_index(settings.index, settings.data_dir, workspace_id, model)
        with database.write() as session:
            vectors = Vectors(session, workspace_id)
            vectors.forget(model)
            vectors.forget(of_titles(model))
            Generations(session, workspace_id).forget(model)
    return Rebuilt(embedder.name, len(papers), added, tuple(retired))


def _begun(settings: Settings, database: Database, workspace_id: str, embedder: Embedder) -> bool:
    """Write down that the index is being built; False where there is nothing to build it of."""
    with database.read() as session:
        known = {one.model for one in Generations(session, workspace_id).all()}
        if not known and not Vectors(session, workspace_id).count():
            return False
    if embedder.name not in known:
        dimension = embedder.dimension  # loads the model, which takes seconds
        with database.write() as session:
            Generations(session, workspace_id).begin(embedder.name, settings.embedding.model, dimension)
    return True


def _switched(database: Database, workspace_id: str, embedder: Embedder, passages: int) -> list[str] | None:
    """Let the index answer if it is complete: whom it replaces; None where passages came meanwhile."""
    with database.write() as session:
        if Vectors(session, workspace_id).waiting(embedder.name):
            return None
        return Generations(session, workspace_id).switch(embedder.name, passages)
