"""Files into a library: each paper once, nothing lost, nothing half kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from knowledge.library import Library
from records.database import Database
from records.errors import BadInput
from records.models import Paper
from records.repositories import Papers, Vectors

MakeLibrary = Callable[[Database, str], Library]
GEL = {"title": "Gelatin thermocells", "abstract": "A gel slows convection. It is made of gelatin."}
SALT = {"title": "Guanidinium salts", "abstract": "Guanidinium crystallises ferrocyanide."}
CLOTH = {"title": "Carbon cloth", "abstract": "Carbon cloth offers a large area."}


@pytest.fixture
def library(make_library: MakeLibrary, database: Database, workspace_id: str) -> Library:
    return make_library(database, workspace_id)


@pytest.fixture
def notes(tmp_path: Path) -> Callable[..., Path]:
    """Writes papers into a file of JSON lines."""

    def write(name: str, *papers: dict[str, Any]) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(paper) for paper in papers), encoding="utf-8")
        return path

    return write


@pytest.fixture
def kept(database: Database, workspace_id: str) -> Callable[[], list[Paper]]:
    def papers() -> list[Paper]:
        with database.read() as session:
            return Papers(session, workspace_id).all()

    return papers


def test_papers_are_kept_with_passages_and_vectors(library, notes, database, workspace_id) -> None:
    done = library.ingest([notes("a.jsonl", GEL, SALT)])
    assert (done.added, done.known, done.broken) == (2, 0, ())
    assert list(done.paper_ids) == library.paper_ids()
    with database.read() as session:
        papers = Papers(session, workspace_id)
        assert [(one.title, one.source) for one in papers.all()] == [
            (GEL["title"], "a.jsonl"),
            (SALT["title"], "a.jsonl"),
        ]
        assert [passage.text for passage in papers.passages()] == [GEL["abstract"], SALT["abstract"]]
        vectors = Vectors(session, workspace_id)
        kept = vectors.of("all-MiniLM-L6-v2", [passage.id for passage in papers.passages()])
        assert {len(vector) for vector in kept.values()} == {384 * 4}
        assert vectors.without("all-MiniLM-L6-v2") == []


def test_the_same_file_again_changes_nothing(library, notes, kept) -> None:
    path = notes("a.jsonl", GEL, SALT)
    first, again = library.ingest([path]), library.ingest([path, path])
    assert (again.added, again.known) == (0, 2)
    assert again.paper_ids == first.paper_ids
    assert len(kept()) == 2


def test_across_files_a_paper_is_known_by_doi_or_title_and_completed(library, notes, kept) -> None:
    first = notes("a.jsonl", GEL | {"doi": "10.1000/gel"}, SALT)
    second = notes(
        "b.jsonl",
        {"title": "Gelatin cells (preprint)", "abstract": "Other.", "doi": "doi:10.1000/GEL", "year": 2020},
        CLOTH,
        {"title": "GUANIDINIUM SALTS.", "abstract": "Other.", "authors": ["Doe"], "doi": "10.1000/salt"},
    )
    done = library.ingest([first, second])
    assert (done.added, done.known) == (3, 0)
    gel, salt, cloth = kept()
    assert [gel.id, salt.id, cloth.id] == list(done.paper_ids)
    assert (gel.title, gel.abstract, gel.year) == (GEL["title"], GEL["abstract"], 2020)
    assert (salt.abstract, salt.authors, salt.doi) == (SALT["abstract"], ["Doe"], "10.1000/salt")
    assert (salt.source, cloth.source) == ("a.jsonl", "b.jsonl")


def test_a_later_file_completes_what_is_kept_and_overwrites_nothing(library, notes, kept) -> None:
    library.ingest([notes("a.jsonl", GEL | {"year": 2020})])
    told = {"title": "gelatin THERMOCELLS", "abstract": "Other.", "year": 2021, "venue": "J. Gels"}
    done = library.ingest([notes("b.jsonl", told | {"doi": "10.1000/gel", "url": "https://x.org/"}, CLOTH)])
    assert (done.added, done.known) == (1, 1)
    gel = kept()[0]
    assert (gel.title, gel.abstract, gel.year) == (GEL["title"], GEL["abstract"], 2020)
    assert (gel.venue, gel.doi, gel.url) == ("J. Gels", "10.1000/gel", "https://x.org/")


def test_a_doi_decides_where_title_and_doi_point_to_two_papers(library, notes, kept) -> None:
    library.ingest([notes("a.jsonl", GEL | {"doi": "10.1000/gel"}, SALT)])
    done = library.ingest([notes("b.jsonl", SALT | {"doi": "10.1000/gel"})])
    gel, salt = kept()
    assert done.paper_ids == (gel.id,)
    assert (gel.doi, salt.doi) == ("10.1000/gel", None)


def test_too_small_a_corpus_leaves_everything_as_it_was(library, notes, kept) -> None:
    library.ingest([notes("a.jsonl", GEL)])
    for files, at_least, count in (
        ([notes("b.jsonl", SALT | {"year": 2020}, SALT)], 2, "1 paper;"),
        ([notes("c.jsonl", SALT, CLOTH)], 3, "2 papers;"),
        ([], 1, "0 papers;"),
    ):
        with pytest.raises(BadInput) as raised:
            library.ingest(files, at_least=at_least)
        assert raised.value.code == "corpus_too_small"
        assert count in raised.value.message
    assert [paper.title for paper in kept()] == [GEL["title"]]


def test_of_files_with_a_broken_one_among_them_nothing_is_kept(library, notes, kept, tmp_path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and then nothing")
    with pytest.raises(BadInput) as raised:
        library.ingest([notes("a.jsonl", GEL), broken, notes("b.jsonl", SALT)])
    assert raised.value.code == "bad_pdf"
    assert str(broken) in raised.value.message
    assert kept() == []


def test_broken_entries_are_told_and_the_others_kept(library, notes, kept) -> None:
    done = library.ingest([notes("a.jsonl", GEL, {"title": "No text"}), notes("b.jsonl", {}, SALT)])
    assert [(one.file, one.entry) for one in done.broken] == [("a.jsonl", "line 2"), ("b.jsonl", "line 1")]
    assert len(kept()) == done.added == 2


def test_either_database_takes_what_a_hostile_file_holds(library, notes, kept) -> None:
    hostile = {
        "title": "G\0els\ud800 " + "very " * 500,
        "abstract": "A \0gel\udfff. <script>alert(1)</script> '; DROP TABLE paper; --",
        "doi": "10.1000/" + "x" * 400,
        "authors": ["D\0oe", ["nested"], {"name": "Roe\ud800"}],
        "url": "https://x.org/\0",
    }
    done = library.ingest([notes("n\udcffotes.jsonl", hostile, GEL)])  # nor is the file's name UTF-8
    paper = kept()[0]
    assert done.added == 2
    assert paper.title.startswith("Gels very very")
    assert (paper.doi, paper.authors, paper.source) == (None, ["Doe", "Roe"], "notes.jsonl")


def test_of_many_who_read_in_the_same_papers_at_once_one_adds_each(
    make_library, database, workspace_id, notes, kept
) -> None:
    path = notes("a.jsonl", *({"title": f"Gel {i}", "abstract": f"Gel number {i}."} for i in range(40)))
    libraries = [make_library(database, workspace_id) for _ in range(4)]
    start, done = threading.Barrier(4), []

    def ingest(library: Library) -> None:
        start.wait()
        done.append(library.ingest([path]))

    readers = [threading.Thread(target=ingest, args=(library,)) for library in libraries]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sum(one.added for one in done) == len(kept()) == 40
    assert len({one.paper_ids for one in done}) == 1
    assert len(done) == 4


def test_progress_is_told_from_beginning_to_end(library, notes) -> None:
    told: list[tuple[str, int, int]] = []
    library.ingest([notes("a.jsonl", GEL, SALT)], lambda *step: told.append(step))
    assert told == [
        ("Reading papers", 0, 1),
        ("Reading papers", 1, 1),
        ("Keeping papers", 0, 2),
        ("Keeping papers", 2, 2),
        ("Embedding passages", 0, 2),
        ("Embedding passages", 2, 2),
        ("Embedding titles", 0, 2),
        ("Embedding titles", 2, 2),
    ]
