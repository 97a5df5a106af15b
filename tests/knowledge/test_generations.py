from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from config import EmbeddingSettings, IndexSettings, Settings
from knowledge import generations, open_library
from knowledge.generations import outdated, rebuild
from knowledge.index import open_index
from knowledge.vectors import of_titles
from records.database import Database
from records.errors import BadInput, Failure
from records.repositories import Generations, Vectors

TITLES = [f"Gel number {number}" for number in range(6)]
Change = Callable[[str], Settings]


class ByLetters:
    """Counts letters, in an order of its own: two of these see a text differently, in no time."""

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        made = np.full((len(texts), self.dimension), 0.1, dtype=np.float32)
        for row, text in enumerate(texts):
            for letter in text.lower():
                made[row, ord(letter) % self.dimension] += 1
        return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, ByLetters]:
    """What the settings may name; a model that is taken out of it is gone from the machine."""
    known = {"bundled": ByLetters("first", 8), "second": ByLetters("second", 11)}

    def load(settings: EmbeddingSettings) -> ByLetters:
        if settings.model not in known:
            raise BadInput("no_embedding_model", f"there is no {settings.model}")
        return known[settings.model]

    monkeypatch.setattr(generations, "load_embedder", load)
    return known


@pytest.fixture
def change(tmp_path: Path, index_url: str) -> Change:
    """Settings that name a model."""

    def to(model: str) -> Settings:
        return Settings(
            data_dir=tmp_path, index=IndexSettings(url=index_url), embedding=EmbeddingSettings(model=model)
        )

    return to


@pytest.fixture
def stocked(
    models: dict[str, ByLetters], change: Change, embedded: Database, embedded_workspace: str, tmp_path: Path
) -> str:
    """A workspace with papers, whose index answers for the first model."""
    file = tmp_path / "notes.jsonl"
    papers = [{"title": title, "abstract": f"{title} slows convection."} for title in TITLES]
    file.write_text("\n".join(map(json.dumps, papers)))
    with open_library(change("bundled"), embedded, embedded_workspace) as library:
        library.ingest([file])
        assert len(library.search("convection")) == len(TITLES)
    return embedded_workspace


def states(database: Database, workspace_id: str) -> dict[str, tuple[str, int, int]]:
    with database.read() as session:
        found = Generations(session, workspace_id).all()
        return {one.model: (one.state, one.dimension, one.passages) for one in found}


def titles(settings: Settings, database: Database, workspace_id: str) -> tuple[str, set[str]]:
    """Which model answers, and what it finds."""
    with open_library(settings, database, workspace_id) as library:
        return library.embedder.name, {hit.title for hit in library.search("convection")}


def test_the_first_index_answers_at_once(embedded: Database, stocked: str, change: Change) -> None:
    assert states(embedded, stocked) == {"first": ("serving", 8, 6)}
    assert not outdated(change("bundled"), embedded, stocked)


def test_until_another_models_index_is_complete_the_old_one_answers(
    embedded: Database, stocked: str, change: Change
) -> None:
    assert outdated(change("second"), embedded, stocked)
    assert titles(change("second"), embedded, stocked) == ("first", set(TITLES))
    done = rebuild(change("second"), embedded, stocked)
    assert (done.model, done.passages, done.added, done.dropped) == ("second", 6, 6, ("first",))
    assert states(embedded, stocked) == {"second": ("serving", 11, 6)}
    assert titles(change("second"), embedded, stocked) == ("second", set(TITLES))
    assert not outdated(change("second"), embedded, stocked)


def test_of_a_model_whose_index_is_gone_nothing_is_left(
    embedded: Database, stocked: str, change: Change
) -> None:
    settings = change("second")
    rebuild(settings, embedded, stocked)
    with embedded.read() as session:
        vectors = Vectors(session, stocked)
        assert vectors.ids("first") == vectors.ids(of_titles("first")) == []
        assert len(vectors.ids("second")) == len(vectors.ids(of_titles("second"))) == 6
    with open_index(settings.index, settings.data_dir, stocked, "first") as index:
        assert index.count() == 0


def test_papers_that_come_while_another_index_is_built_are_in_both(
    embedded: Database, stocked: str, change: Change, tmp_path: Path
) -> None:
    late = tmp_path / "late.jsonl"
    late.write_text(json.dumps({"title": "Late gel", "abstract": "A late gel slows convection."}))
    told: list[tuple[str, set[str]]] = []

    def meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "Embedding titles" and done == total and not told:
            with open_library(change("second"), embedded, stocked) as library:
                library.ingest([late])
            told.append(titles(change("second"), embedded, stocked))

    assert rebuild(change("second"), embedded, stocked, meanwhile).passages == 7
    assert told == [("first", {*TITLES, "Late gel"})]
    assert titles(change("second"), embedded, stocked) == ("second", {*TITLES, "Late gel"})


def test_what_was_stopped_goes_on_where_it_was(
    models: dict[str, ByLetters], embedded: Database, stocked: str, change: Change
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "Embedding titles":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(change("second"), embedded, stocked, stop)
    assert states(embedded, stocked)["first"][0] == "serving"
    assert states(embedded, stocked)["second"] == ("building", 11, 0)
    seen = len(models["second"].seen)
    rebuild(change("second"), embedded, stocked)
    assert sorted(models["second"].seen[seen:]) == TITLES
    assert states(embedded, stocked) == {"second": ("serving", 11, 6)}


def test_who_still_asks_the_old_index_is_told(embedded: Database, stocked: str, change: Change) -> None:
    with open_library(change("bundled"), embedded, stocked) as library:
        library.search("gel")
        rebuild(change("second"), embedded, stocked)
        with pytest.raises(Failure) as raised:
            library.search("gel")
    assert raised.value.code == "index_unreachable"
    assert "second" in raised.value.message


def test_an_index_is_made_anew_from_the_database_without_the_model(
    models: dict[str, ByLetters], embedded: Database, stocked: str, change: Change
) -> None:
    seen = list(models["bundled"].seen)
    assert rebuild(change("bundled"), embedded, stocked).added == 0
    assert rebuild(change("bundled"), embedded, stocked, anew=True).added == 6
    assert models["bundled"].seen == seen
    assert titles(change("bundled"), embedded, stocked) == ("first", set(TITLES))


def test_a_stray_in_the_index_is_taken_out(embedded: Database, stocked: str, change: Change) -> None:
    settings = change("bundled")
    with open_index(settings.index, settings.data_dir, stocked, "first") as index:
        index.sync({"stray": "gone"}, lambda ids: dict.fromkeys(ids, b"\x00\x00\x80?" * 8))
        assert index.count() == 7
        rebuild(settings, embedded, stocked)
        assert index.count() == 6


def test_where_the_former_model_is_gone_the_new_one_takes_its_place_at_once(
    models: dict[str, ByLetters], embedded: Database, stocked: str, change: Change
) -> None:
    del models["bundled"]
    with open_library(change("second"), embedded, stocked) as library:
        library.embed()
        assert library.embedder.name == "second"
        assert {hit.title for hit in library.search("convection")} == set(TITLES)
    assert rebuild(change("second"), embedded, stocked).dropped == ("first",)


def test_without_papers_there_is_nothing_to_build(
    models: dict[str, Any], embedded: Database, embedded_workspace: str, change: Change
) -> None:
    assert rebuild(change("bundled"), embedded, embedded_workspace).passages == 0
    assert states(embedded, embedded_workspace) == {}
    assert not outdated(change("second"), embedded, embedded_workspace)
