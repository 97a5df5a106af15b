from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.library import Library
from records.database import Database
from records.repositories import Workspaces

MakeLibrary = Callable[[Database, str], Library]
NOTES = {
    "Gelatin networks": "A gelatin network slows convection between the electrodes of a thermocell.",
    "Guanidinium salts": "Guanidinium cations crystallise ferrocyanide, which sharpens its gradient.",
    "Carbon cloth": "Carbon cloth electrodes offer the redox couple a large area.",
    "Courts": "The court was adjourned until the witness could be heard.",
}


def write(folder: Path, notes: dict[str, str]) -> Path:
    path = folder / "notes.jsonl"
    papers = [{"title": title, "abstract": text, "year": 2020} for title, text in notes.items()]
    path.write_text("\n".join(map(json.dumps, papers)))
    return path


@pytest.fixture
def library(
    make_library: MakeLibrary, embedded: Database, embedded_workspace: str, tmp_path: Path
) -> Library:
    made = make_library(embedded, embedded_workspace)
    made.ingest([write(tmp_path, NOTES)])
    return made


def test_passages_are_found_by_meaning_and_by_words(library: Library) -> None:
    hits = library.search("gelatin against convection")
    assert [hit.dense_rank for hit in hits] != [None] * 4
    best = hits[0]
    assert (best.title, best.year, best.text) == ("Gelatin networks", 2020, NOTES["Gelatin networks"])
    assert (best.dense_rank, best.lexical_rank) == (1, 1)
    assert len(hits) == 4
    assert sorted(hit.dense_rank for hit in hits) == [1, 2, 3, 4]
    assert [hit.lexical_rank for hit in hits[1:]] == [None, None, None]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_without_a_shared_word_the_meaning_finds_it(library: Library) -> None:
    best = library.search("the judge and the trial", limit=1)[0]
    assert (best.title, best.dense_rank) == ("Courts", 1)


def test_the_title_is_searched_with_the_passage(library: Library) -> None:
    best = library.search("salts")[0]
    assert (best.title, best.lexical_rank) == ("Guanidinium salts", 1)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_no_more_than_wanted_are_found(library: Library, limit: int) -> None:
    assert len(library.search("electrodes", limit=limit)) == min(limit, 4)


@pytest.mark.parametrize("text", ["", "?!", "\0", "the of", "gel " * 3_000])
def test_any_text_may_be_searched_for(library: Library, text: str) -> None:
    assert len(library.search(text)) == 4


def test_a_search_keeps_to_the_papers_that_are_named(library: Library) -> None:
    gel, salt, _, court = library.paper_ids()
    hits = library.search("gelatin against convection", paper_ids=[salt, court])
    assert {hit.paper_id for hit in hits} == {salt, court}
    assert sorted(hit.dense_rank for hit in hits) == [1, 2]
    assert library.search("gelatin", paper_ids=[gel])[0].lexical_rank == 1
    assert library.search("gelatin", paper_ids=[]) == []
    assert library.search("gelatin", paper_ids=["no-such-paper"]) == []


def test_an_empty_library_finds_nothing(
    make_library: MakeLibrary, embedded: Database, embedded_workspace: str
) -> None:
    assert make_library(embedded, embedded_workspace).search("gelatin") == []


def test_what_was_added_meanwhile_is_found(
    library: Library, make_library: MakeLibrary, embedded: Database, embedded_workspace: str, tmp_path: Path
) -> None:
    assert library.search("perovskite")[0].lexical_rank is None
    another = make_library(embedded, embedded_workspace)
    another.ingest([write(tmp_path, {"Perovskites": "A perovskite absorbs light."})])
    best = library.search("perovskite")[0]
    assert (best.title, best.dense_rank, best.lexical_rank) == ("Perovskites", 1, 1)


def test_what_the_index_knows_and_the_database_does_not_is_left_out(library: Library) -> None:
    stray = {f"stray-{i}": ("gone", vector) for i, vector in enumerate([b"\0\0\x80?" + b"\0" * 1532] * 5)}
    library._index().sync(stray)  # another process, say, that has added papers since we looked
    assert len(library.search("gelatin", limit=4)) == 4
    assert sorted(hit.dense_rank for hit in library.search("gelatin")) == [1, 2, 3, 4]


def test_an_index_that_was_lost_is_made_again_from_the_database(library: Library) -> None:
    before = library.search("gelatin against convection")
    collection = library._index()._collection
    collection.delete(ids=collection.get(include=[])["ids"])
    assert library.search("gelatin against convection") == before


def test_the_papers_of_another_workspace_are_never_found(
    library: Library, make_library: MakeLibrary, embedded: Database, tmp_path: Path
) -> None:
    with embedded.write() as session:
        stranger = Workspaces(session).get_or_create("stranger").id
    theirs = make_library(embedded, stranger)
    assert theirs.search("gelatin") == []
    assert theirs.search("gelatin", paper_ids=library.paper_ids()) == []
    done = theirs.ingest([write(tmp_path, {"Gelatin networks": "A secret recipe for gelatin."})])
    assert done.added == 1
    assert [hit.text for hit in theirs.search("gelatin")] == ["A secret recipe for gelatin."]
    assert len(library.search("gelatin")) == 4
    assert "A secret recipe for gelatin." not in {hit.text for hit in library.search("secret recipe")}
    assert library.search("secret recipe", paper_ids=theirs.paper_ids()) == []
